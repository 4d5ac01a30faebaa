"""Confirm: the second step of an opt-in, on the service's own page.

`GET` shows what would be opted in. Where the page's script runs, it wakes one button; where it doesn't, the page asks
yes or no, and a second page asks again. `POST` from that very page does it. Each form has a token of its own, so that
no step can be left out or hurried. The embedding page's scripts can do none of it: they can't read the page, frame it
or hold its window, and a post from their origin is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from consent_service.errors import ConfirmationInvalid, FetchedAhead, NotPressed, OriginNotAllowed
from consent_service.identity.form_tokens import MIN_AGE, FormStep, Shown, form_token, open_form_token
from consent_service.identity.keys import KeyRing
from consent_service.services.sites import Site
from consent_service.services.visitor.confirmations import PendingChoice
from consent_service.services.visitor.consent import Consent
from consent_service.web.http.access_control import AccessControl
from consent_service.web.http.isolation import fetched_ahead
from consent_service.web.pages.choices_page import PARAMETER
from consent_service.web.pages.forms import read_form
from consent_service.web.pages.languages import language_of
from consent_service.web.pages.templates import Pages

_CONFIRMED: Final = "confirmed"
"""A result of the choices page that says nothing: whoever brings it back asks how things stand."""
_MARGIN: Final = 200
"""Milliseconds for which the script waits longer than it must: two clocks don't run alike."""


class ConfirmPages:
    """The pages of the second step, their posts, and what they say when the nonce is dead."""

    def __init__(
        self,
        calls: AccessControl,
        consent: Consent,
        pages: Pages,
        ring: KeyRing,
        public_url: str,
        clock: Callable[[], float],
    ) -> None:
        self._access = calls
        self._consent = consent
        self._pages = pages
        self._ring = ring
        self._public_url = public_url
        self._clock = clock

    async def show(self, request: Request) -> Response:
        """`GET /s/{site}/confirm/{nonce}`."""
        site = self._access.site(request)
        if fetched_ahead(request.headers):
            raise FetchedAhead("this page is for somebody who looks at it; ask for it when it is to be shown")
        return await self._ask(request, site)

    async def confirm(self, request: Request) -> Response:
        """`POST /s/{site}/confirm/{nonce}`, from our own page alone."""
        site = self._access.own_page(request, "confirm")
        try:
            self._access.pressed(request)
        except NotPressed as refused:
            return self._pages.refused(site, language_of(request, site), refused, site.home)
        form = await read_form(request)
        shown = self._shown(request, form.get("form_token", ""))
        if shown.expired:
            return self._dead(request, site)
        if shown.hurried:
            ask = self._ask_again if shown.step is FormStep.AGAIN else self._ask
            return await ask(request, site, "page_confirm_hurried")
        if shown.step is FormStep.ASK:
            return await self._answered(request, site, form.get("answer", ""))
        return await self._confirmed(request, site)

    async def _ask(self, request: Request, site: Site, note: str = "") -> Response:
        """The first page. `note`: the key of what to say of the form that was just sent."""
        scripted, ask = (self._form_token(request, step) for step in (FormStep.SCRIPTED, FormStep.ASK))
        form = {"note": note, "token": ask, "scripted": scripted, "after": MIN_AGE + _MARGIN}
        return await self._waiting(request, site, "confirm.html", form)

    async def _ask_again(self, request: Request, site: Site, note: str = "") -> Response:
        """The second page, where the first one's script did not run."""
        form = {"note": note, "token": self._form_token(request, FormStep.AGAIN)}
        return await self._waiting(request, site, "confirm_again.html", form)

    async def _answered(self, request: Request, site: Site, answer: str) -> Response:
        if answer == "yes":
            return await self._ask_again(request, site)
        if answer == "no":
            return await self._waiting(request, site, "confirm_kept.html", {})
        return await self._ask(request, site, "page_confirm_unanswered")

    async def _confirmed(self, request: Request, site: Site) -> Response:
        nonce = request.path_params["nonce"]
        try:
            opened, resolution = await self._consent.confirm(self._access.caller(request, site), nonce)
        except ConfirmationInvalid:
            return self._dead(request, site)
        denied = [right for right in opened.rights if resolution.ruling(right).denied]
        return self._pages.render(
            "confirmed.html",
            site,
            language_of(request, site, opened.lang),
            asked=asked_words(opened),
            in_force=not denied,
            overtaken="page_overtaken"
            if resolution.sale.denied and resolution.share.denied
            else "page_unallowed",
            own=self._own(opened),
            back=self._back(site, opened, done=True),
        )

    async def _waiting(self, request: Request, site: Site, name: str, form: Mapping[str, object]) -> Response:
        """A page about what waits for the second step, or the one that says that nothing does any more."""
        caller = self._access.caller(request, site)
        try:
            opened, signals = await self._consent.opened(caller, request.path_params["nonce"])
        except ConfirmationInvalid:
            return self._dead(request, site)
        return self._pages.render(
            name,
            site,
            language_of(request, site, opened.lang),
            asked=asked_words(opened),
            signal=bool(signals),
            own=self._own(opened),
            back=self._back(site, opened),
            form=form,
        )

    def _form_token(self, request: Request, step: FormStep) -> str:
        return form_token(self._ring, request.path_params["nonce"], step, self._now())

    def _shown(self, request: Request, token: str) -> Shown:
        shown = open_form_token(self._ring, request.path_params["nonce"], token, self._now())
        if shown is None:
            raise OriginNotAllowed("this form works only on the service's own page; open it again")
        return shown

    def _now(self) -> int:
        return int(self._clock() * 1000)

    def _back(self, site: Site, opened: PendingChoice, *, done: bool = False) -> str:
        """Return the page that asked: one of the site, or the service's own choices page.

        `done`: the site's script is told by the fragment to ask the service, whatever its cookie says.
        """
        if self._own(opened):
            return f"{self._public_url}/s/{site.key}/privacy-choices?lang={opened.lang}"
        return f"{opened.origin}/#{PARAMETER}={_CONFIRMED}" if done else opened.origin

    def _own(self, opened: PendingChoice) -> bool:
        """Return whether it was asked on the service's own choices page, of which the site knows nothing yet."""
        return opened.origin == self._access.own_origin

    def _dead(self, request: Request, site: Site) -> Response:
        return self._pages.render(
            "confirm_invalid.html", site, language_of(request, site), status=410, back=site.home
        )


def asked_words(opened: PendingChoice) -> list[str]:
    """Return what would be allowed, as keys of words that a sentence takes after "let the site"."""
    keys = [f"page_confirm_{right}" for right in opened.rights]
    if any(one.choice.age is not None for one in opened.records):
        keys.append("page_confirm_age")
    if any(one.choice.incentive is not None for one in opened.records):
        keys.append("page_confirm_incentive")
    return keys
