"""The command `snippet`: what a site pastes into its pages, and what its web server and policies need."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from consent_service.cli.options import DEFAULT_CONFIG, ConfigFile, load_config

Site = Annotated[str, typer.Argument(help="Key of the site in the configuration.")]
SelfHost = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Write the script to FILE, for the site to serve it itself."),
]
Csp = Annotated[bool, typer.Option(help="Print what a Content-Security-Policy must allow.")]
Gtm = Annotated[bool, typer.Option(help="Print a template to import into Google Tag Manager.")]
Nginx = Annotated[
    bool, typer.Option(help="Print configuration for nginx, with first-party mode if the site has it.")
]
Upstream = Annotated[
    str | None,
    typer.Option(
        help="With --nginx: URL at which nginx finds the service (default: from service.host and .port)."
    ),
]
Listen = Annotated[
    str | None,
    typer.Option(help="With --nginx: port on which nginx listens (default: from service.public_url)."),
]
Certificate = Annotated[
    str | None,
    typer.Option(help="With --nginx: file of the certificate (default: below /etc/letsencrypt/live)."),
]
CertificateKey = Annotated[
    str | None,
    typer.Option(help="With --nginx: file of the certificate's key (default: below /etc/letsencrypt/live)."),
]


def snippet(
    site: Site,
    config: ConfigFile = DEFAULT_CONFIG,
    self_host: SelfHost = None,
    csp: Csp = False,
    gtm: Gtm = False,
    nginx: Nginx = False,
    upstream: Upstream = None,
    listen: Listen = None,
    certificate: Certificate = None,
    certificate_key: CertificateKey = None,
) -> None:
    """Print the lines to paste into a site's pages: stub, script tag with integrity, and the hash for its policy."""
    from consent_service import resources
    from consent_service.embed import nginx as recipe
    from consent_service.embed.site_script import snippet_of
    from consent_service.embed.snippet import render_policy, render_self_hosted, render_snippet

    if sum((self_host is not None, csp, gtm, nginx)) > 1:
        raise typer.BadParameter("give only one of --self-host, --csp, --gtm and --nginx")
    loaded = load_config(config)
    embed = snippet_of(loaded, site)
    if nginx:
        address = upstream or recipe.upstream_of(loaded.service.host, loaded.service.port)
        server = recipe.Server(address, listen, certificate, certificate_key)
        text = recipe.render_nginx(site, loaded.service.public_url, embed.way, server)
    elif self_host is not None:
        self_host.write_bytes(embed.script.body)
        text = render_self_hosted(embed, str(self_host), str(config))
    elif gtm:
        text = resources.tag_manager_template().read_text(encoding="utf-8")
    else:
        text = render_policy(embed) if csp else render_snippet(embed)
    typer.echo(text, nl=False)
