"""Staging: bare pages that embed the script under any configuration, language and policy.

The pages and the script are handed to the browser here; whatever the script then asks, the demo's service answers.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import Final

from playwright.async_api import Page, Route

from consent_service.config import parse_config
from consent_service.demo.site_addresses import SITE
from consent_service.embed.script import BuiltScript
from consent_service.embed.site_script import script_of
from tests.e2e.visiting import Until, Visitor, part, waited
from tests.support.demo import Demo

_PAGE: Final = """<!doctype html>
<html lang="{lang}" dir="{direction}">
<head><meta charset="utf-8"><title>Stage</title><meta name="viewport" content="width=device-width">
<script nonce="n0nce">{stub}</script>
<script nonce="n0nce" async src="{service}/w/acme.js"></script>
<style nonce="n0nce">
:root{{color-scheme:light dark;background:Canvas}}
body{{font:1rem/1.6 Georgia,serif;margin:2rem auto;max-width:44rem;padding:0 1rem}}
{style}</style></head>
<body>{body}</body></html>"""
# What a strict site sends: nothing inline without the nonce.
_POLICY: Final = (
    "default-src 'none'; base-uri 'none'; script-src 'nonce-n0nce' 'strict-dynamic'; style-src 'nonce-n0nce'; "
    "connect-src {service}"
)
# No text becomes script: also none of Playwright's, whose `wait_for_function` fails under it.
_TRUSTED: Final = "; require-trusted-types-for 'script'; trusted-types privacy-choices"
BODY: Final = """<main><h1>A page of a shop</h1>
<p>Lamps for long evenings, made by hand and sent the same day. <a href="/first">The first link</a> leads on.</p>
<p>What the lamp sees, it keeps to itself. A brass foot, a paper shade, and two meters of cloth-covered cord.</p>
<button id="before">A button of the page</button></main>
<footer><p>Delivery and returns. <a href="/last" id="last">The last link</a></p></footer>"""


@dataclass(frozen=True)
class Stage:
    """One page to be opened. `facts` stand in the site's table. `later`: what the script loads by itself is there."""

    lang: str = "en"
    direction: str = "ltr"
    facts: str = ""
    body: str = BODY
    style: str = ""
    trusted_types: bool = False
    later: bool = True

    def script(self, demo: Demo) -> BuiltScript:
        """Script and stub as the service would build them."""
        text = demo.folder.configuration.read_text()
        table = f"[sites.{SITE}]"
        assert table in text
        return script_of(
            parse_config(text.replace(table, f"{table}\n{self.facts}", 1), {}), SITE, int(time.time())
        )

    async def open(self, visitor: Visitor, until: Until = "ready") -> Page:
        """Open it in a new tab, on the shop's origin."""
        script, addresses = self.script(visitor.demo), visitor.demo.addresses
        html = _PAGE.format(
            lang=self.lang,
            direction=self.direction,
            stub=script.inline,
            service=addresses.service,
            body=self.body,
            style=self.style,
        )
        policy = _POLICY.format(service=addresses.service) + (_TRUSTED if self.trusted_types else "")
        cors = {"access-control-allow-origin": "*"}
        page = await visitor.context.new_page()
        await page.route(
            f"{addresses.shop}/stage",
            lambda route: route.fulfill(
                body=html, headers={"content-security-policy": policy}, content_type="text/html"
            ),
        )
        files = {"acme.js": script.body}
        if self.later:
            files |= {f"acme.{digest}.js": body for digest, body in script.files.items()}
        for name, body in files.items():
            answer = partial(Route.fulfill, body=body, headers=cors, content_type="text/javascript")
            await page.route(f"**/w/{name}", answer)
        await page.goto(f"{addresses.shop}/stage", wait_until="domcontentloaded")
        await waited(page, until)
        return page


async def settings_of(page: Page) -> None:
    """Open the settings as the page would."""
    await page.evaluate("() => privacyChoices.open()")
    await part(page, "dialog").wait_for()


async def opted_in(visitor: Visitor, stage: Stage) -> None:
    """Let this visitor have allowed sale and sharing, and only then have got a signal."""
    page = await stage.open(visitor)
    await part(page, "keep").click()
    await page.wait_for_function("() => privacyChoices.flag().basis === 'opted_in'")
    await page.close()
    await visitor.has_signal()
