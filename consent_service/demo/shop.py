"""The shop: a small page that embeds the service as any site would. The partner shares its port, under
another host.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Host, Mount, Route
from starlette.staticfiles import StaticFiles

from consent_service import resources
from consent_service.demo.adnet import Adnet
from consent_service.demo.site_addresses import ADNET_HOST, LOOPBACK, SHOP_HOST, SITE, Addresses
from consent_service.embed.script import BuiltScript

_POLICY: Final = (
    "default-src 'none'; base-uri 'none'; form-action {service}; img-src 'self' data:; style-src 'self'; "
    "script-src 'self' {stub} {service} {adnet}; connect-src {service} {adnet}; frame-src {service} {adnet}"
)


def demo_app(addresses: Addresses, script: BuiltScript) -> Starlette:
    """Both sites of the shop's port. `script` is what the service serves for the shop."""
    files = resources.templates_folder() / "demo"
    shop = Shop(addresses, script, files).make_app()
    return Starlette(
        routes=[
            Host(ADNET_HOST, Adnet(files).make_app()),
            Host(SHOP_HOST, shop),
            Host(LOOPBACK, shop),
        ]
    )


class Shop:
    """The shop's pages."""

    def __init__(self, addresses: Addresses, script: BuiltScript, files: Path) -> None:
        self._addresses = addresses
        self._script = script
        self._files = files
        environment = Environment(
            loader=FileSystemLoader(files),
            autoescape=select_autoescape(default=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._page = environment.get_template("shop.html")

    def make_app(self) -> Starlette:
        """Return the application of the shop."""
        return Starlette(
            routes=[
                Route("/", self.serve_front),
                Mount("/assets", StaticFiles(directory=self._files / "assets")),
            ]
        )

    async def serve_front(self, request: Request) -> Response:
        """Answer `GET /`. With `?hostile` a third party's hostile script runs, and no policy stops it."""
        hostile = "hostile" in request.query_params
        html = self._page.render(
            site=SITE,
            stub=self._script.inline,
            service=self._addresses.service,
            adnet=self._addresses.adnet,
            hostile=hostile,
        )
        headers = {"cache-control": "no-cache"} | (
            {} if hostile else {"content-security-policy": self._content_policy()}
        )
        return HTMLResponse(html, headers=headers)

    def _content_policy(self) -> str:
        return _POLICY.format(
            stub=self._script.inline_hash, service=self._addresses.service, adnet=self._addresses.adnet
        )
