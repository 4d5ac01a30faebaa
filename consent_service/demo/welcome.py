"""Welcome: the console's text once all three sites answer."""

from __future__ import annotations

from rich.markup import escape

from consent_service.demo.demo_folder import DemoFolder
from consent_service.demo.site_addresses import SITE, Addresses

_TEXT = """
[bold]The shop[/]        {shop}
                [dim]also {shop_by_number}[/]
[bold]The ad partner[/]  {adnet}/log
                [dim]what it was asked, newest last[/]
[bold]The service[/]     {service}
                [dim]also {service_by_number}[/]

[bold]Opt out[/]         Open the shop: adnet's tag runs. Press "Do not sell or
                share" and reload: adnet is not asked again.
[bold]Allow again[/]     "Your Privacy Choices" at the shop's foot; it takes a second
                step on the service's own page.
[bold]A signal[/]        curl -H 'Sec-GPC: 1' {service_by_number}/v1/{site}/flag
[bold]No signal[/]       curl {service_by_number}/v1/{site}/flag
[bold]An attack[/]       {shop}/?hostile
                [dim]a third party's script tries all it can to opt you in[/]

[bold]Data[/]            {data}
[bold]End[/]             Ctrl-C
"""


def welcome_text(addresses: Addresses, folder: DemoFolder) -> str:
    """Return the three addresses, what to try, and the place of the data, in Rich's markup."""
    return _TEXT.format(
        site=SITE,
        shop=addresses.shop,
        shop_by_number=addresses.shop_by_number,
        adnet=addresses.adnet,
        service=addresses.service,
        service_by_number=addresses.service_by_number,
        data=escape(str(folder.path)),
    )
