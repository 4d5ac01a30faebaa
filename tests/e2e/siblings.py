"""A site over https beside a sibling subdomain that somebody else owns, behind one real nginx."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from tests.support.configuration import NO_LIMITS, consent_toml, write_config
from tests.support.nginx import SITE_HOST, Front, Recipe, nginx, recipe, self_signed, snippet
from tests.support.ports import free_ports
from tests.support.service import serving

SERVICE_HOST: Final = "privacy.localhost"
EVIL_HOST: Final = f"evil.{SITE_HOST}"
HOST_COOKIE, PLAIN_COOKIE = "__Host-pc_acme", "pc_acme"
MIRROR: Final = "pc_acme_d"

Mode = Literal["script", "first-party"]

_PAGE: Final = """\
<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Shop</title><link rel="icon" href="data:,">
{embedded}</head><body><h1>Shop</h1></body></html>
"""
_EVIL: Final = """
server {{
    listen 127.0.0.1:{port} ssl;
    server_name {host};
    ssl_certificate {certificate};
    ssl_certificate_key {key};
    root {folder}/evil;
}}
"""


@dataclass(frozen=True)
class Site:
    """The running site. `/` embeds stub and script, `/stub.html` the stub alone."""

    front: Front
    service_port: int

    @property
    def url(self) -> str:
        return self.front.site

    @property
    def stub(self) -> str:
        return f"{self.front.site}/stub.html"

    @property
    def evil(self) -> str:
        return self.front.of(EVIL_HOST)

    def server_flag(self, token: str) -> dict[str, Any]:
        """The flag that the service gives to anybody who asks for this visitor."""
        url = f"http://127.0.0.1:{self.service_port}/v1/acme/flag?visitor={token}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            said: dict[str, Any] = json.load(answer)
        return said


@contextmanager
def beside_a_sibling(folder: Path, mode: Mode = "script", regime: str = "us-ca") -> Iterator[Site]:
    """The site, its service and its neighbour."""
    port, service_port = free_ports(2)
    front = self_signed(folder, port)
    service = front.of(SERVICE_HOST)
    way = f'first_party = "{front.site}/privacy"' if mode == "first-party" else ""
    facts = consent_toml(
        folder,
        service_port,
        name="Acme Shop",
        public_url=service,
        origins=[front.site],
        regime=regime,
        more=f'trusted_proxies = ["127.0.0.1"]\n{NO_LIMITS}',
        site=way,
    )
    write_config(folder, facts)
    _write_pages(folder)
    evil = _EVIL.format(
        port=port, host=EVIL_HOST, certificate=front.certificate, key=front.key, folder=folder
    )
    printed = recipe(front, f"http://127.0.0.1:{service_port}")
    with (
        serving(folder, facts, service_port),
        nginx(front, Recipe(printed.service + evil, printed.way)),
    ):
        yield Site(front, service_port)


def _write_pages(folder: Path) -> None:
    stub, script = snippet(folder).split("\n\n")[1].splitlines()
    for name, embedded in {"index": f"{stub}\n{script}", "stub": stub}.items():
        (folder / "site").mkdir(exist_ok=True)
        (folder / "site" / f"{name}.html").write_text(_PAGE.format(embedded=embedded))
    (folder / "evil").mkdir()
    (folder / "evil" / "index.html").write_text("<!doctype html><title>Evil</title>")
