"""Choices page: the same choices as in the widget, without a script.

`GET` shows the present choices and changes nothing, except that it records a signal. The page's forms post to the
same address and are answered with a redirect back to it. A site sends its visitor here with the visitor token in a
form's body, and gets them back with a signed result in a fragment. So neither is ever in a path, a query or a log.
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
from consent_service.identity.page_result_tokens import digest_of_state
from consent_service.identity.visit_tokens import Visit, VisitTokens
from consent_service.services.records.standings import Tokens
from consent_service.services.sites import Site
from consent_service.services.visitor.browser_records import (
    BrowserChoice,
    BrowserRecords,
    TokenSource,
    unreadable,
)
from consent_service.services.visitor.page_results import PageResults
from consent_service.services.visitor.plans import Call
from consent_service.web.http.access_control import AccessControl
from consent_service.web.http.outage_log import OutageLog
from consent_service.web.http.problems import STORE_RETRY_AFTER
from consent_service.web.pages.choices_view import WayBack, view_of
from consent_service.web.pages.forms import read_form, return_address
from consent_service.web.pages.languages import language_of
from consent_service.web.pages.page_cookies import PageCookies
from consent_service.web.pages.templates import Templates

PARAMETER: Final = "privacy-choices"
"""Name of the result in the fragment of the site's address."""

_LONGEST_TOKEN: Final = 512
_LONGEST_TAG: Final = 35
_EMPTY_VISIT: Final = "-"
"""Value of the visit cookie with nothing to remember: it shows that the browser keeps cookies."""

_OUT, _IN = Stance.OPTED_OUT, Stance.OPTED_IN
_ACTIONS: Final[dict[str, dict[Right, Stance]]] = {
    "opt_out": {Right.SALE: _OUT, Right.SHARE: _OUT},
    "allow": {Right.SALE: _IN, Right.SHARE: _IN},
    "limit": {Right.SENSITIVE: _OUT},
    "lift": {Right.SENSITIVE: _IN},
}


class PageRequest(NamedTuple):
    """One request for the page. `own`: the token in the page's own cookie; `cookies`: the browser keeps cookies."""

    request: Request
    site: Site
    visit: Visit
    own: str | None
    lang: str
    cookies: bool

    @property
    def owned(self) -> list[str]:
        """The tokens of this page's own: the site does not know them."""
        minted = self.visit.token if self.visit.minted else None
        return [token for token in (minted, self.own) if token]

    @property
    def way(self) -> WayBack:
        """The visitor's way here and back. A token minted in a browser without cookies is gone with the page."""
        return WayBack(self.visit.handed, self.cookies or not self.visit.minted)


class ChoicesPage:
    """Handlers of the page and of its forms."""

    def __init__(
        self,
        access: AccessControl,
        browser_records: BrowserRecords,
        page_results: PageResults,
        templates: Templates,
        visits: VisitTokens,
        public_url: str,
        outages: OutageLog,
        clock: Callable[[], float],
    ) -> None:
        self._access = access
        self._browser_records = browser_records
        self._page_results = page_results
        self._templates = templates
        self._visits = visits
        self._public_url = public_url
        self._outages = outages
        self._clock = clock
        self._cookies = PageCookies(public_url.startswith("https:"))

    async def show(self, request: Request) -> Response:
        """`GET /s/{site}/privacy-choices`."""
        site = self._access.named_site(request)
        return await self._page(self._page_request(request, site, self._cookies.visit(request, site.key)))

    async def open(self, request: Request) -> Response:
        """`POST /s/{site}/privacy-choices/open`: a page of the site hands its visitor over.

        A form from any other origin is ignored, and the page is shown as to everybody: else any site could make its
        visitors choose for somebody else's record.
        """
        site = self._access.named_site(request)
        response = self._redirect(self._page_url(site))
        try:
            self._access.writing_site(request, "page")
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
        """`POST /s/{site}/privacy-choices`, from this page alone."""
        site = self._access.form_site(request, "page")
        form = await read_form(request)
        visit = self._unsigned(site, form.get("form_token", ""))
        if visit is None:
            raise OriginNotAllowed("this form works only on the service's own page; open it again")
        choice = _choice_of(form.get("do", ""), int(self._clock()))
        page_request = self._page_request(request, site, form["form_token"])
        if Stance.OPTED_IN in (choice.sale, choice.share, choice.sensitive):  # opting out needs nothing more
            try:
                self._access.check_pressed(request)
            except NotPressed as refused:
                return self._templates.refused(site, page_request.lang, refused, self._page_url(site))
        tokens = self._tokens(page_request)
        try:
            outcome = await self._browser_records.choose(
                self._call(page_request),
                tokens,
                choice,
                form=visit.id,
                origin=self._access.own_origin,
                lang=page_request.lang,
            )
        except ParentalConsentRequired:
            return await self._done(
                page_request._replace(visit=replace(visit, did="parent", receipt="")), None
            )
        except StoreError as error:
            self._outages.note(error)
            return await self._page(page_request, failed="page_not_recorded")
        return await self._chosen(page_request, tokens, outcome, form["do"])

    async def back(self, request: Request) -> Response:
        """`GET /s/{site}/privacy-choices/back`: redirect to the site, with a result that is valid from now on.

        The result is given to this page's own link alone, so that no script elsewhere gets results by fetching the
        address.
        """
        site = self._access.named_site(request)
        page_request = self._page_request(request, site, self._cookies.visit(request, site.key))
        address = page_request.visit.back or f"{site.home}/"
        if request.headers.get("sec-fetch-site", "same-origin") == "same-origin":
            result = await self._result(page_request)
            address += f"{'&' if '#' in address else '#'}{PARAMETER}={result}" if result else ""
        return self._redirect(address)

    async def _result(self, page_request: PageRequest) -> str | None:
        try:
            return await self._page_results.result(
                self._call(page_request), self._tokens(page_request), page_request.visit.state
            )
        except StoreError as error:
            self._outages.note(error)
            return None  # the site's script asks the service by itself

    async def _chosen(
        self, page_request: PageRequest, tokens: Tokens, outcome: BrowserChoice, did: str
    ) -> Response:
        """Remember the visitor and the choice; redirect to the page or to the second step."""
        own, visit = page_request.own, page_request.visit
        if page_request.cookies and list(tokens.named[:1]) in ([], [own]):
            own = outcome.visitor
        else:
            visit = replace(visit, token=outcome.visitor, minted=visit.minted or outcome.minted)
        # What waits for the second step has no receipt yet that the page could show as the choice's own.
        receipt = outcome.receipt.id if outcome.receipt and not outcome.nonce else ""
        page_request = page_request._replace(own=own, visit=replace(visit, did=did, receipt=receipt))
        return await self._done(page_request, outcome.nonce)

    async def _done(self, page_request: PageRequest, nonce: str | None) -> Response:
        """Return a redirect, so that a reload posts nothing again; without cookies, the page itself."""
        site = page_request.site
        if nonce is not None:
            response = self._redirect(
                f"{self._public_url}/s/{site.key}/confirm/{nonce}?lang={page_request.lang}"
            )
        elif page_request.cookies:
            response = self._redirect(f"{self._page_url(site)}?lang={page_request.lang}")
        else:
            return await self._page(page_request)
        self._keep(response, page_request)
        return response

    async def _page(self, page_request: PageRequest, failed: str = "") -> Response:
        """Return the page with the present choices. `failed`: key of a sentence on what could not be done."""
        site, call, tokens = page_request.site, self._call(page_request), self._tokens(page_request)
        try:
            status = await self._browser_records.status(call, tokens, page_request.owned)
        except StoreError as error:
            self._outages.note(error)
            status = unreadable(call, tokens, page_request.owned)
            failed = failed or ("page_store" if status.source is TokenSource.SITE else "page_own_store")
        if status.visitor and tokens.named[0] == page_request.own:
            page_request = page_request._replace(own=status.visitor)
        response = self._templates.render(
            "choices.html",
            site,
            page_request.lang,
            status=503 if failed else 200,
            view=view_of(status, site, page_request.visit.did, page_request.way),
            failed=failed,
            receipt=page_request.visit.receipt,
            form_token=self._visits.sign(site.key, self._fresh(page_request.visit)),
            back=f"{self._page_url(site)}/back",
        )
        response.headers["vary"] = "Cookie, Sec-GPC, Accept-Language"
        if failed:
            response.headers["retry-after"] = str(STORE_RETRY_AFTER)
        self._keep(response, page_request)
        return response

    def _page_request(self, request: Request, site: Site, signed: str | None) -> PageRequest:
        visit = self._unsigned(site, signed or "") or self._fresh(Visit(b"", 0))
        return PageRequest(
            request,
            site,
            visit,
            self._cookies.own(request, site.key),
            language_of(request, site, visit.lang),
            cookies=self._cookies.visit(request, site.key) is not None,
        )

    def _call(self, page_request: PageRequest) -> Call:
        return self._access.call(page_request.request, page_request.site, lang=page_request.lang)

    def _tokens(self, page_request: PageRequest) -> Tokens:
        """Return the token handed over first, then the site's cookie if it is sent here, then the page's own."""
        tokens = self._access.tokens(
            page_request.request, page_request.site, page_request.visit.token or None
        )
        own = [page_request.own] if page_request.own else []
        return tokens._replace(named=list(dict.fromkeys([*tokens.named, *own])))

    def _keep(self, response: Response, page_request: PageRequest) -> None:
        key, visit = page_request.site.key, page_request.visit
        if page_request.own:
            self._cookies.keep_own(response, key, page_request.own)
        to_remember = visit.token or visit.handed or visit.did
        self._cookies.keep_visit(
            response, key, self._visits.sign(key, visit) if to_remember else _EMPTY_VISIT
        )

    def _fresh(self, visit: Visit) -> Visit:
        """Return the same visit for one more form."""
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


def _choice_of(action: str, now: int) -> ChoiceMade:
    """Return the choice of a form's button. Raises InvalidBody if there is no such button."""
    stances = _ACTIONS.get(action)
    if stances is None:
        raise InvalidBody(f"do: {action[:40]!r} is no button of this page; send one of {', '.join(_ACTIONS)}")
    return ChoiceMade.of(stances, now, Method.PAGE)
