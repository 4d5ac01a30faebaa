"""Confirm page: the second step of an opt-in, on the service's own origin.

`GET` shows what would be opted in. If the page's script runs, it enables one button; if not, the page asks yes or no,
and a second page asks again. A `POST` from that page confirms. Each form has a token of its own, so that no step can
be left out or hurried. Scripts of the embedding page can't take this step: they can't read the page, frame it or hold
its window, and a post from their origin is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from consent_service.errors import ConfirmationInvalid, FetchedAhead, NotPressed, OriginNotAllowed
from consent_service.identity.form_tokens import MIN_AGE, FormStep, ShownForm, form_token, open_form_token
from consent_service.identity.key_ring import KeyRing
from consent_service.services.sites import Site
from consent_service.services.visitor.confirmations import PendingChoice
from consent_service.services.visitor.second_step import SecondStep
from consent_service.web.http.access_control import AccessControl
from consent_service.web.http.isolation import fetched_ahead
from consent_service.web.pages.choices_page import PARAMETER
from consent_service.web.pages.forms import read_form
from consent_service.web.pages.languages import language_of
from consent_service.web.pages.templates import Templates

_CONFIRMED: Final = "confirmed"
"""Result without a visitor: the site's script that gets it asks the service for the flag."""
_MARGIN: Final = 200
"""Milliseconds that the script waits beyond the minimum, because two clocks don't run alike."""


class ConfirmPages:
    """Handlers of the pages of the second step and of their forms."""

    def __init__(
        self,
        access: AccessControl,
        second_step: SecondStep,
        templates: Templates,
        ring: KeyRing,
        public_url: str,
        clock: Callable[[], float],
    ) -> None:
        self._access = access
        self._second_step = second_step
        self._templates = templates
        self._ring = ring
        self._public_url = public_url
        self._clock = clock

    async def show(self, request: Request) -> Response:
        """`GET /s/{site}/confirm/{nonce}`."""
        site = self._access.named_site(request)
        if fetched_ahead(request.headers):
            raise FetchedAhead(
                "this page is not served to a prefetch; ask for it when the visitor is to see it"
            )
        return await self._ask(request, site)

    async def confirm(self, request: Request) -> Response:
        """`POST /s/{site}/confirm/{nonce}`, from our own page alone."""
        site = self._access.form_site(request, "confirm")
        try:
            self._access.check_pressed(request)
        except NotPressed as refused:
            return self._templates.refused(site, language_of(request, site), refused, site.home)
        form = await read_form(request)
        shown = self._shown(request, form.get("form_token", ""))
        if shown.is_expired:
            return self._dead(request, site)
        if shown.is_hurried:
            ask = self._ask_again if shown.step is FormStep.AGAIN else self._ask
            return await ask(request, site, "page_confirm_hurried")
        if shown.step is FormStep.ASK:
            return await self._answered(request, site, form.get("answer", ""))
        return await self._confirmed(request, site)

    async def _ask(self, request: Request, site: Site, note: str = "") -> Response:
        """Return the first page. `note`: key of a sentence about the form that was just sent."""
        scripted, ask = (self._form_token(request, step) for step in (FormStep.SCRIPTED, FormStep.ASK))
        form = {"note": note, "token": ask, "scripted": scripted, "after": MIN_AGE + _MARGIN}
        return await self._waiting(request, site, "confirm.html", form)

    async def _ask_again(self, request: Request, site: Site, note: str = "") -> Response:
        """Return the second page, for browsers in which the first page's script did not run."""
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
            pending, resolution = await self._second_step.confirm(
                self._access.call(request, site), self._access.tokens(request, site), nonce
            )
        except ConfirmationInvalid:
            return self._dead(request, site)
        denied = [right for right in pending.rights if resolution.ruling(right).denied]
        return self._templates.render(
            "confirmed.html",
            site,
            language_of(request, site, pending.lang),
            asked=pending_words(pending),
            in_force=not denied,
            overtaken="page_overtaken"
            if resolution.sale.denied and resolution.share.denied
            else "page_unallowed",
            own=self._own(pending),
            back=self._back(site, pending, done=True),
        )

    async def _waiting(self, request: Request, site: Site, name: str, form: Mapping[str, object]) -> Response:
        """Return the named page about the pending choice, or the page that says that there is none any more."""
        call = self._access.call(request, site)
        try:
            pending, signals = await self._second_step.pending(call, request.path_params["nonce"])
        except ConfirmationInvalid:
            return self._dead(request, site)
        return self._templates.render(
            name,
            site,
            language_of(request, site, pending.lang),
            asked=pending_words(pending),
            signal=bool(signals),
            own=self._own(pending),
            back=self._back(site, pending),
            form=form,
        )

    def _form_token(self, request: Request, step: FormStep) -> str:
        return form_token(self._ring, request.path_params["nonce"], step, self._now())

    def _shown(self, request: Request, token: str) -> ShownForm:
        shown = open_form_token(self._ring, request.path_params["nonce"], token, self._now())
        if shown is None:
            raise OriginNotAllowed("this form works only on the service's own page; open it again")
        return shown

    def _now(self) -> int:
        return int(self._clock() * 1000)

    def _back(self, site: Site, pending: PendingChoice, *, done: bool = False) -> str:
        """Return the address of the page that asked: one of the site, or the service's own choices page.

        `done`: the fragment makes the site's script ask the service, even if its cookie is fresh.
        """
        if self._own(pending):
            return f"{self._public_url}/s/{site.key}/privacy-choices?lang={pending.lang}"
        return f"{pending.origin}/#{PARAMETER}={_CONFIRMED}" if done else pending.origin

    def _own(self, pending: PendingChoice) -> bool:
        """Return True if the choice was made on the service's own choices page: the site knows nothing of it yet."""
        return pending.origin == self._access.own_origin

    def _dead(self, request: Request, site: Site) -> Response:
        return self._templates.render(
            "confirm_invalid.html", site, language_of(request, site), status=410, back=site.home
        )


def pending_words(pending: PendingChoice) -> list[str]:
    """Return what would be allowed, as keys of texts that complete the sentence "let the site …"."""
    keys = [f"page_confirm_{right}" for right in pending.rights]
    if any(record.choice.age is not None for record in pending.records):
        keys.append("page_confirm_age")
    if any(record.choice.incentive is not None for record in pending.records):
        keys.append("page_confirm_incentive")
    return keys
