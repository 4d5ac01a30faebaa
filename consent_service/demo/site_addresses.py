"""Addresses of the demo's three sites. Cookies ignore ports, so each site has a host of its own.

Names below `localhost` lead to this machine without any set-up (RFC 6761 section 6.3).
"""

from __future__ import annotations

from typing import Final, NamedTuple

LOOPBACK: Final = "127.0.0.1"
SITE: Final = "acme"
SHOP_HOST: Final = "shop.localhost"
ADNET_HOST: Final = "adnet.localhost"
SERVICE_HOST: Final = "privacy.localhost"


class Addresses(NamedTuple):
    """The two ports, and what they make: origins without a slash at the end."""

    port: int
    shop_port: int

    @property
    def service(self) -> str:
        """The service, as browsers reach it."""
        return f"http://{SERVICE_HOST}:{self.port}"

    @property
    def service_by_number(self) -> str:
        """The service, for programs that don't resolve names below localhost."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def shop(self) -> str:
        """The shop."""
        return f"http://{SHOP_HOST}:{self.shop_port}"

    @property
    def shop_by_number(self) -> str:
        """The shop's other origin."""
        return f"http://{LOOPBACK}:{self.shop_port}"

    @property
    def adnet(self) -> str:
        """The ad partner: a third site, on the shop's port."""
        return f"http://{ADNET_HOST}:{self.shop_port}"
