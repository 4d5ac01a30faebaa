"""Visitor's calls: signals and choices. The flag has a module of its own, `flag.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import UNSET, UnsetType
from starlette.requests import Request
from starlette.responses import Response

from consent_service.domain.facts import ChoiceMade
from consent_service.domain.flags import Flag, flag_of
from consent_service.domain.regimes import Regime
from consent_service.domain.resolution import Resolution
from consent_service.public_contract import rfc3339
from consent_service.services.sites import Site
from consent_service.services.visitor.consent import Chosen, Consent
from consent_service.services.visitor.page_results import PageResults, ReturnedResult
from consent_service.services.visitor.plans import PriorId
from consent_service.web.http import request_headers
from consent_service.web.http.access_control import AccessControl
from consent_service.web.visitor.bodies import (
    ChoicesAnswer,
    ChoicesBody,
    ReceiptBody,
    ShowBody,
    SignalsAnswer,
    SignalsBody,
    body_deadline,
    choice_of,
    made_at_of,
    read_body,
)
from consent_service.web.visitor.site_cookie import CookieRenewal

_NO_STORE: Final = (b"cache-control", b"no-store")
_IS_JSON: Final = (b"content-type", b"application/json")


class VisitorApi:
    """Handlers of signals and choices."""

    def __init__(
        self,
        access: AccessControl,
        consent: Consent,
        page_results: PageResults,
        renewals: Mapping[str, CookieRenewal],
        public_url: str,
    ) -> None:
        self._access = access
        self._consent = consent
        self._page_results = page_results
        self._renewals = renewals
        self._public_url = public_url
        self._body_deadline = body_deadline()

    async def signals(self, request: Request) -> Response:
        """`POST /v1/{site}/signals`: a page view; a signal is recorded on its first sight."""
        site, origin = self._access.writing_site(request, "signals")
        body = await read_body(request, SignalsBody, self._body_deadline)
        call = self._access.call(request, site, script=body.gpc)
        tokens = self._access.tokens(request, site, body.visitor)
        prior = None if body.prior is None else PriorId(body.prior.cookie, body.prior.id)
        returned = None if body.result is None else ReturnedResult(body.result, body.state)
        signalled = await self._page_results.signal(
            call, tokens, returned, keep=body.storage, key=body.id, prior=prior
        )
        after = signalled.may_ask_after
        answer = SignalsAnswer(
            flag=_flag(site, signalled.regime, signalled.resolution, call.now),
            visitor=signalled.visitor,
            show=ShowBody(*signalled.show),
            may_ask_after=None if after is None else rfc3339(after),
        )
        return _Json(answer, 200, self._cookies(request, site, origin, answer, call.now))

    async def choices(self, request: Request) -> Response:
        """`POST /v1/{site}/choices`: 201 recorded, 202 if a second step is needed."""
        site, origin = self._access.writing_site(request, "choices")
        body = await read_body(request, ChoicesBody, self._body_deadline)
        call = self._access.call(request, site, notice=body.notice, lang=body.lang, made_at=made_at_of(body))
        tokens = self._access.tokens(request, site, body.visitor)
        choice = choice_of(body, site, call.now)
        chosen = await self._consent.choose(
            call, tokens, choice, body.id, origin=origin, lang=body.lang or ""
        )
        answer = self._chosen(site, chosen, call.now)
        cookies = self._cookies(request, site, origin, answer, call.now, choice)
        return _Json(answer, 201 if chosen.nonce is None else 202, cookies)

    def _cookies(
        self,
        request: Request,
        site: Site,
        origin: str,
        answer: SignalsAnswer | ChoicesAnswer,
        now: int,
        choice: ChoiceMade | None = None,
    ) -> request_headers.Raw:
        """Return the header that renews the site's cookie, where the site has a first-party way."""
        renewal = self._renewals.get(site.key)
        # The service's own pages may call too; they have cookies of their own.
        if renewal is None or origin not in site.origins:
            return []
        return renewal.after(request, answer.flag, answer.visitor, now, choice)

    def _chosen(self, site: Site, chosen: Chosen, now: int) -> ChoicesAnswer:
        proof: ReceiptBody | UnsetType = UNSET
        if chosen.receipt is not None:
            receipt = chosen.receipt
            proof = ReceiptBody(receipt.id, site.key, rfc3339(receipt.at), receipt.digest)
        url: str | UnsetType = UNSET
        if chosen.nonce is not None:
            url = f"{self._public_url}/s/{site.key}/confirm/{chosen.nonce}"
        flag = _flag(site, chosen.regime, chosen.resolution, now)
        return ChoicesAnswer(flag, chosen.visitor, proof, url)


def _flag(site: Site, regime: Regime, resolution: Resolution, now: int) -> Flag:
    return flag_of(site.terms, site.strings(regime, resolution, now), resolution, rfc3339(now))


class _Json(Response):
    """JSON answer for one visitor, which no cache may keep. Its headers are encoded already."""

    def __init__(
        self, answer: SignalsAnswer | ChoicesAnswer, status: int, cookies: request_headers.Raw
    ) -> None:
        # Starlette's constructor is not called: it would encode the headers again for each answer.
        self.status_code = status
        self.background = None
        self.body = msgspec.json.encode(answer)
        length = (b"content-length", str(len(self.body)).encode())
        self.raw_headers = [_NO_STORE, length, _IS_JSON, *cookies]
