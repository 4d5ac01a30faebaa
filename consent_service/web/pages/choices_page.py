"""The choices page: the same choices as in the widget, without a script.

`GET` shows how things stand and changes nothing but to record a signal; its forms post to the same address and are
answered with a redirect back to it. A site sends its visitor here with the visitor token in a form's body, and
takes them back with a signed result in a fragment: neither ever stands in a path or a query, so in no log.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Final, NamedTuple

from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from consent_service.domain.facts import ChoiceMade
from consent_service.domain.words import Method, Right, Stance
from consent_service.errors import (
    IdentityError,
    InvalidBody,
    NotPressed,
    OriginNotAllowed,
    ParentalConsentRequired,
    StoreError,
)
from consent_service.identity.results import digest_of_state
from consent_service.identity.visits import Visit, Visits
from consent_service.services.sites import Site
from consent_service.services.visitor.browser_records import BrowserRecords, Outcome, Source, unreadable
from consent_service.services.visitor.page_results import PageResults
from consent_service.services.visitor.plans import Caller
from consent_service.web.http.access_control import AccessControl
from consent_service.web.http.outage_log import OutageLog
from consent_service.web.http.problems import STORE_RETRY_AFTER
from consent_service.web.pages.choices_view import Way, view_of
from consent_service.web.pages.forms import read_form, return_address
from consent_service.web.pages.languages import language_of
from consent_service.web.pages.page_cookies import PageCookies
from consent_service.web.pages.templates import Pages

PARAMETER: Final = "privacy-choices"
"""Name of the result in the fragment of the site's address."""

_LONGEST_TOKEN: Final = 512
_LONGEST_TAG: Final = 35
_NOTHING_KEPT: Final = "-"
"""The visit cookie when there is nothing to remember: it shows that the browser keeps cookies."""

_OUT, _IN = Stance.OPTED_OUT, Stance.OPTED_IN
_ACTS: Final[dict[str, dict[Right, Stance]]] = {
    "opt_out": {Right.SALE: _OUT, Right.SHARE: _OUT},
    "allow": {Right.SALE: _IN, Right.SHARE: _IN},
    "limit": {Right.SENSITIVE: _OUT},
    "lift": {Right.SENSITIVE: _IN},
}


class Arrived(NamedTuple):
    """One request for the page. `own`: the token in the page's own cookie; `cookies`: whether any are kept."""

    request: Request
    site: Site
    visit: Visit
    own: str | None
    lang: str
    cookies: bool

    @property
    def owned(self) -> list[str]:
        """The tokens of this page's own, which the site knows not."""
        minted = self.visit.token if self.visit.minted else None
        return [token for token in (minted, self.own) if token]

    @property
    def way(self) -> Way:
        """The visitor's way here and back. A token minted where no cookie is kept is gone with the page."""
        return Way(self.visit.handed, self.cookies or not self.visit.minted)


class ChoicesPage:
    """Parses, calls one use case, replies."""

    def __init__(
        self,
        calls: AccessControl,
        everybody: BrowserRecords,
        returning: PageResults,
        pages: Pages,
        visits: Visits,
        public_url: str,
        outages: OutageLog,
        clock: Callable[[], float],
    ) -> None:
        self._access = calls
        self._everybody = everybody
        self._returning = returning
        self._pages = pages
        self._visits = visits
        self._public_url = public_url
        self._outages = outages
        self._clock = clock
        self._cookies = PageCookies(public_url.startswith("https:"))

    async def show(self, request: Request) -> Response:
        """`GET /s/{site}/privacy-choices`."""
        site = self._access.site(request)
        return await self._page(self._arrived(request, site, self._cookies.visit(request, site.key)))

    async def open(self, request: Request) -> Response:
        """`POST /s/{site}/privacy-choices/open`: a page of the site hands its visitor over.

        From anywhere else nothing is taken, and the page is shown as it is to everybody: else any site could make
        its visitors choose for somebody else's record.
        """
        site = self._access.site(request)
        response = self._redirect(self._page_url(site))
        try:
            self._access.writer(request, "page")
        except OriginNotAllowed:
            return response
        form = await read_form(request)
        visit = self._fresh(
            Visit(
                b"",
                0,
                token=form.get("visitor", "")[:_LONGEST_TOKEN],
                state=digest_of_state(form.get("state", "")),
                back=return_address(form.get("back", ""), site.origins),
                lang=form.get("lang", "")[:_LONGEST_TAG],
                handed=True,
            )
        )
        self._cookies.keep_visit(response, site.key, self._visits.sign(site.key, visit))
        return response

    async def choose(self, request: Request) -> Response:
        """`POST /s/{site}/privacy-choices`, from this very page alone."""
        site = self._access.own_page(request, "page")
        form = await read_form(request)
        visit = self._unsigned(site, form.get("form_token", ""))
        if visit is None:
            raise OriginNotAllowed("this form works only on the service's own page; open it again")
        asked = _asked(form.get("do", ""), int(self._clock()))
        arrived = self._arrived(request, site, form["form_token"])
        if Stance.OPTED_IN in (asked.sale, asked.share, asked.sensitive):  # opting out needs nothing more
            try:
                self._access.pressed(request)
            except NotPressed as refused:
                return self._pages.refused(site, arrived.lang, refused, self._page_url(site))
        caller = self._caller(arrived)
        try:
            outcome = await self._everybody.choose(
                caller, asked, form=visit.id, origin=self._access.own_origin, lang=arrived.lang
            )
        except ParentalConsentRequired:
            return await self._done(arrived._replace(visit=replace(visit, did="parent", receipt="")), None)
        except StoreError as error:
            self._outages.note(error)
            return await self._page(arrived, failed="page_not_recorded")
        return await self._chosen(arrived, caller, outcome, form["do"])

    async def back(self, request: Request) -> Response:
        """`GET /s/{site}/privacy-choices/back`: to the site, with a result that is good from now on.

        Only from this page's own link, so that no script elsewhere fetches results by opening the address.
        """
        site = self._access.site(request)
        arrived = self._arrived(request, site, self._cookies.visit(request, site.key))
        address = arrived.visit.back or f"{site.home}/"
        if request.headers.get("sec-fetch-site", "same-origin") == "same-origin":
            result = await self._result(arrived)
            address += f"{'&' if '#' in address else '#'}{PARAMETER}={result}" if result else ""
        return self._redirect(address)

    async def _result(self, arrived: Arrived) -> str | None:
        try:
            return await self._returning.result(self._caller(arrived), arrived.visit.state)
        except StoreError as error:
            self._outages.note(error)
            return None  # the site asks by itself what stands

    async def _chosen(self, arrived: Arrived, caller: Caller, outcome: Outcome, did: str) -> Response:
        """Remember who it was and what was done, and go on to the page or to the second step."""
        own, visit = arrived.own, arrived.visit
        if arrived.cookies and caller.tokens[:1] in ([], [own]):
            own = outcome.visitor
        else:
            visit = replace(visit, token=outcome.visitor, minted=visit.minted or outcome.minted)
        # What waits for the second step has no receipt yet that the page could show as the choice's own.
        receipt = outcome.receipt.id if outcome.receipt and not outcome.nonce else ""
        arrived = arrived._replace(own=own, visit=replace(visit, did=did, receipt=receipt))
        return await self._done(arrived, outcome.nonce)

    async def _done(self, arrived: Arrived, nonce: str | None) -> Response:
        """A redirect, so that nothing is posted again on reload; where no cookie is kept, the page itself."""
        site = arrived.site
        if nonce is not None:
            response = self._redirect(f"{self._public_url}/s/{site.key}/confirm/{nonce}?lang={arrived.lang}")
        elif arrived.cookies:
            response = self._redirect(f"{self._page_url(site)}?lang={arrived.lang}")
        else:
            return await self._page(arrived)
        self._keep(response, arrived)
        return response

    async def _page(self, arrived: Arrived, failed: str = "") -> Response:
        """Return the page for the present standing. `failed`: the key of a sentence on what could not be done."""
        site, caller = arrived.site, self._caller(arrived)
        try:
            status = await self._everybody.status(caller, arrived.owned)
        except StoreError as error:
            self._outages.note(error)
            status = unreadable(caller, arrived.owned)
            failed = failed or ("page_store" if status.source is Source.SITE else "page_own_store")
        if status.visitor and caller.tokens[0] == arrived.own:
            arrived = arrived._replace(own=status.visitor)
        response = self._pages.render(
            "choices.html",
            site,
            arrived.lang,
            status=503 if failed else 200,
            view=view_of(status, site, arrived.visit.did, arrived.way),
            failed=failed,
            receipt=arrived.visit.receipt,
            form_token=self._visits.sign(site.key, self._fresh(arrived.visit)),
            back=f"{self._page_url(site)}/back",
        )
        response.headers["vary"] = "Cookie, Sec-GPC, Accept-Language"
        if failed:
            response.headers["retry-after"] = str(STORE_RETRY_AFTER)
        self._keep(response, arrived)
        return response

    def _arrived(self, request: Request, site: Site, signed: str | None) -> Arrived:
        visit = self._unsigned(site, signed or "") or self._fresh(Visit(b"", 0))
        return Arrived(
            request,
            site,
            visit,
            self._cookies.own(request, site.key),
            language_of(request, site, visit.lang),
            cookies=self._cookies.visit(request, site.key) is not None,
        )

    def _caller(self, arrived: Arrived) -> Caller:
        """The token handed over first, then the site's cookie, where it is sent here, then the page's own."""
        caller = self._access.caller(
            arrived.request, arrived.site, visitor=arrived.visit.token or None, lang=arrived.lang
        )
        return caller._replace(tokens=list(dict.fromkeys([*caller.tokens, *filter(None, [arrived.own])])))

    def _keep(self, response: Response, arrived: Arrived) -> None:
        key, visit = arrived.site.key, arrived.visit
        if arrived.own:
            self._cookies.keep_own(response, key, arrived.own)
        something = visit.token or visit.handed or visit.did
        self._cookies.keep_visit(response, key, self._visits.sign(key, visit) if something else _NOTHING_KEPT)

    def _fresh(self, visit: Visit) -> Visit:
        """The same visit for one more form."""
        return replace(visit, id=secrets.token_bytes(16), issued_at=int(self._clock()))

    def _unsigned(self, site: Site, text: str) -> Visit | None:
        try:
            return self._visits.unsign(site.key, text, int(self._clock()))
        except IdentityError:
            return None

    def _page_url(self, site: Site) -> str:
        return f"{self._public_url}/s/{site.key}/privacy-choices"

    def _redirect(self, address: str) -> Response:
        headers = {"cache-control": "no-store", "referrer-policy": "no-referrer", "vary": "Cookie"}
        return RedirectResponse(address, 303, headers)


def _asked(act: str, now: int) -> ChoiceMade:
    """Return the choice of a form's button. Raises InvalidBody when there is no such button."""
    stances = _ACTS.get(act)
    if stances is None:
        raise InvalidBody(f"do: one of {', '.join(_ACTS)}")
    return ChoiceMade(
        at=now,
        method=Method.PAGE,
        sale=stances.get(Right.SALE),
        share=stances.get(Right.SHARE),
        sensitive=stances.get(Right.SENSITIVE),
    )
