"""Confirm: the second step of an opt-in, on the service's own page.

`GET` shows what would be opted in and one button; `POST` from that very page does it. The embedding page's
scripts can do neither: they can't read the page, and a post from their origin is refused.
"""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from consent_service.domain.words import Right
from consent_service.errors import ConfirmationInvalid, OriginNotAllowed
from consent_service.identity.keys import KeyRing
from consent_service.identity.nonces import form_token, form_token_holds
from consent_service.services.confirming import Opened
from consent_service.services.consent import Consent
from consent_service.services.sites import Site
from consent_service.web.calls import Calls
from consent_service.web.templates import Pages

_RIGHT_WORDS: Final = {
    Right.SALE: "sell your personal information",
    Right.SHARE: "share your personal information for advertising based on what you do on other sites",
    Right.SENSITIVE: "use your sensitive personal information beyond what the service needs",
}


class ConfirmPages:
    """The page, its post, and what it says when the nonce is dead."""

    def __init__(self, calls: Calls, consent: Consent, pages: Pages, ring: KeyRing) -> None:
        self._calls = calls
        self._consent = consent
        self._pages = pages
        self._ring = ring

    async def show(self, request: Request) -> Response:
        """`GET /s/{site}/confirm/{nonce}`."""
        site = self._calls.site(request)
        nonce = request.path_params["nonce"]
        try:
            opened, signals = await self._consent.opened(self._calls.caller(request, site), nonce)
        except ConfirmationInvalid as error:
            return self._dead(site, error)
        return self._pages.render(
            "confirm.html",
            framed_by=site.origins,
            site=site,
            lang="en",
            asked=asked_words(opened),
            signal=bool(signals),
            form_token=form_token(self._ring, nonce),
            back=opened.origin,
        )

    async def confirm(self, request: Request) -> Response:
        """`POST /s/{site}/confirm/{nonce}`, from our own page alone."""
        site = self._calls.own_page(request, "confirm")
        nonce = request.path_params["nonce"]
        async with request.form(max_files=0, max_fields=8) as form:
            if not form_token_holds(self._ring, nonce, str(form.get("form_token", ""))):
                raise OriginNotAllowed("this form works only on the service's own page; open it again")
        try:
            opened, resolution = await self._consent.confirm(self._calls.caller(request, site), nonce)
        except ConfirmationInvalid as error:
            return self._dead(site, error)
        denied = [right for right in opened.rights if resolution.ruling(right).denied]
        return self._pages.render(
            "confirmed.html",
            framed_by=site.origins,
            site=site,
            lang="en",
            asked=asked_words(opened),
            in_force=not denied,
            back=opened.origin,
        )

    def _dead(self, site: Site, error: ConfirmationInvalid) -> Response:
        return self._pages.render(
            "confirm_invalid.html",
            status=410,
            framed_by=site.origins,
            site=site,
            lang="en",
            reason=str(error),
        )


def asked_words(opened: Opened) -> list[str]:
    """What would be allowed, in words that a sentence takes after "let the site"."""
    words = [_RIGHT_WORDS[right] for right in opened.rights]
    if opened.choice.age is not None:
        words.append("treat you as being of the age you gave")
    if opened.choice.incentive is not None:
        words.append("include you in the incentive programme you chose")
    return words
