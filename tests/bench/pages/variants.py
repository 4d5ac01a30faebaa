"""The variants: one page with nothing, with ours, and with each of two peers, set up as their own words say.

A variant says what stands in the head, how its tag is marked, how one asks for its answer and which element is its
banner. The peers are served from the site itself, their scripts deferred and side by side: the quickest of the
ways that they describe. Knows no server and no browser.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

FILES: Final = Path(__file__).parent / "files"
PEERS: Final = Path(__file__).parent / "peers"
MODULES: Final = PEERS / "node_modules"
_NOTHING: Final = "undefined"
_TEMPLATES: Final = Environment(loader=FileSystemLoader(FILES), undefined=StrictUndefined)


@dataclass(frozen=True)
class Variant:
    """HTML that is put into the page, and the JavaScript that finds its answer and its banner."""

    name: str
    head: str = ""
    tag: str = '<script async src="/files/tag.js"></script>'
    ask: str = _NOTHING
    banner: str = _NOTHING
    parts: tuple[bytes, ...] = ()
    """All scripts and style sheets that it brings, with its configuration."""

    def page(self) -> str:
        """The page."""
        probe = _TEMPLATES.get_template("probe.js").render(ask=self.ask, banner=self.banner)
        return _TEMPLATES.get_template("page.html").render(probe=probe, head=self.head, tag=self.tag)


BARE: Final = Variant("the page alone")


def ours(stub: str, script: bytes, service: str) -> Variant:
    """The snippet as it is printed, with the service on a site of its own."""
    return Variant(
        "consent-service",
        f'<script>{stub}</script>\n<script async src="{service}/w/acme.js"></script>',
        '<script type="text/plain" data-right="sale share" src="/files/tag.js"></script>',
        'privacyChoices.flag().sale === "allowed"',
        'document.querySelector("#privacy-choices").shadowRoot.querySelector("#privacy-choices-banner")',
        (stub.encode(), script),
    )


def peers() -> list[Variant]:
    """Both peers, as npm has them."""
    vanilla, klaro = MODULES / "vanilla-cookieconsent" / "dist", MODULES / "klaro" / "dist"
    return [
        Variant(
            "vanilla-cookieconsent",
            '<link rel="stylesheet" href="/vanilla-cookieconsent/dist/cookieconsent.css">\n'
            '<script defer src="/vanilla-cookieconsent/dist/cookieconsent.umd.js"></script>\n'
            '<script defer src="/files/vanilla-cookieconsent.js"></script>',
            '<script type="text/plain" data-category="ads" src="/files/tag.js"></script>',
            'CookieConsent.acceptedCategory("ads")',
            'document.querySelector("#cc-main .cm")',
            _read(
                vanilla / "cookieconsent.css",
                vanilla / "cookieconsent.umd.js",
                FILES / "vanilla-cookieconsent.js",
            ),
        ),
        Variant(
            "klaro",
            '<script defer src="/files/klaro.js"></script>\n'
            '<script defer data-config="klaroConfig" src="/klaro/dist/klaro.js"></script>',
            '<script type="text/plain" data-type="text/javascript" data-name="adnet" data-src="/files/tag.js">'
            "</script>",
            'klaro.getManager().getConsent("adnet")',
            'document.querySelector("#klaro .cookie-notice")',
            _read(klaro / "klaro.js", FILES / "klaro.js"),
        ),
    ]


def install_peers() -> None:
    """Bring both, as locked.

    The lock leaves out what klaro needs only to be built from source, more than a hundred packages; what it ships
    built is all that a site serves.
    """
    subprocess.run(["npm", "--prefix", str(PEERS), "ci", "--no-audit", "--no-fund"], check=True)


def _read(*files: Path) -> tuple[bytes, ...]:
    return tuple(file.read_bytes() for file in files)
