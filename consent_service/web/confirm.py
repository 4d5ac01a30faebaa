"""Confirm: the second step of an opt-in, on the service's own page.

`GET` shows what would be opted in and one button; `POST` from that very page does it. The embedding page's
scripts can do neither: they can't read the page, and a post from their origin is refused.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from consent_service.errors import ConfirmationInvalid, OriginNotAllowed
from consent_service.identity.keys import KeyRing
from consent_service.identity.nonces import form_token, form_token_holds
from consent_service.services.confirming import Opened
from consent_service.services.consent import Consent
from consent_service.services.sites import Site
from consent_service.web.calls import Calls
from consent_service.web.forms import read_form
from consent_service.web.languages import language_of
from consent_service.web.templates import Pages


class ConfirmPages:
    """The page, its post, and what it says when the nonce is dead."""

    def __init__(self, calls: Calls, consent: Consent, pages: Pages, ring: KeyRing, public_url: str) -> None:
        self._calls = calls
        self._consent = consent
        self._pages = pages
        self._ring = ring
        self._public_url = public_url

    async def show(self, request: Request) -> Response:
        """`GET /s/{site}/confirm/{nonce}`."""
        site = self._calls.site(request)
        nonce = request.path_params["nonce"]
        try:
            opened, signals = await self._consent.opened(self._calls.caller(request, site), nonce)
        except ConfirmationInvalid:
            return self._dead(request, site)
        return self._pages.render(
            "confirm.html",
            site,
            language_of(request, site, opened.lang),
            framed_by=site.origins,
            asked=asked_words(opened),
            signal=bool(signals),
            form_token=form_token(self._ring, nonce),
            back=self._back(site, opened),
        )

    async def confirm(self, request: Request) -> Response:
        """`POST /s/{site}/confirm/{nonce}`, from our own page alone."""
        site = self._calls.own_page(request, "confirm")
        nonce = request.path_params["nonce"]
        form = await read_form(request)
        if not form_token_holds(self._ring, nonce, form.get("form_token", "")):
            raise OriginNotAllowed("this form works only on the service's own page; open it again")
        try:
            opened, resolution = await self._consent.confirm(self._calls.caller(request, site), nonce)
        except ConfirmationInvalid:
            return self._dead(request, site)
        denied = [right for right in opened.rights if resolution.ruling(right).denied]
        return self._pages.render(
            "confirmed.html",
            site,
            language_of(request, site, opened.lang),
            framed_by=site.origins,
            asked=asked_words(opened),
            in_force=not denied,
            origin=opened.origin,
            back=self._back(site, opened),
        )

    def _back(self, site: Site, opened: Opened) -> str:
        """Where it was asked: a page of the site, or the service's own choices page."""
        if opened.origin == self._calls.own_origin:
            return f"{self._public_url}/s/{site.key}/privacy-choices?lang={opened.lang}"
        return opened.origin

    def _dead(self, request: Request, site: Site) -> Response:
        return self._pages.render(
            "confirm_invalid.html",
            site,
            language_of(request, site),
            status=410,
            framed_by=site.origins,
            back=site.home,
        )


def asked_words(opened: Opened) -> list[str]:
    """What would be allowed, as keys of words that a sentence takes after "let the site"."""
    keys = [f"page_confirm_{right}" for right in opened.rights]
    if any(one.choice.age is not None for one in opened.records):
        keys.append("page_confirm_age")
    if any(one.choice.incentive is not None for one in opened.records):
        keys.append("page_confirm_incentive")
    return keys
