"""The visitor's calls: signals and choices (the flag has its own room, `flag.py`)."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import UNSET, UnsetType
from starlette.requests import Request
from starlette.responses import Response

from consent_service.domain.flags import Flag, flag_of
from consent_service.domain.regimes import Regime
from consent_service.domain.resolution import Resolution
from consent_service.services.sites import Site
from consent_service.services.visitor.consent import Chosen, Consent
from consent_service.services.visitor.page_results import PageResults, ReturnedResult
from consent_service.services.visitor.plans import PriorId
from consent_service.web.http import request_headers
from consent_service.web.http.access_control import AccessControl
from consent_service.web.http.timestamps import rfc3339
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
from consent_service.web.visitor.cookie_renewal import CookieRenewal

_NEVER_KEPT: Final = (b"cache-control", b"no-store")
_IS_JSON: Final = (b"content-type", b"application/json")


class VisitorApi:
    """Parses, calls one use case, replies."""

    def __init__(
        self,
        calls: AccessControl,
        consent: Consent,
        returning: PageResults,
        renewal: CookieRenewal,
        public_url: str,
    ) -> None:
        self._access = calls
        self._consent = consent
        self._returning = returning
        self._renewal = renewal
        self._public_url = public_url
        self._patience = body_deadline()

    async def signals(self, request: Request) -> Response:
        """`POST /v1/{site}/signals`: a page view; a signal is recorded on its first sight."""
        site, origin = self._access.writer(request, "signals")
        body = await read_body(request, SignalsBody, self._patience)
        caller = self._access.caller(request, site, script=body.gpc, visitor=body.visitor, request_id=body.id)
        if body.prior is not None:
            caller = caller._replace(prior=PriorId(body.prior.cookie, body.prior.id))
        returned = None if body.result is None else ReturnedResult(body.result, body.state)
        told = await self._returning.signal(caller, returned, keep=body.storage)
        after = told.may_ask_after
        answer = SignalsAnswer(
            flag=_flag(site, told.regime, told.resolution, caller.now),
            visitor=told.visitor,
            show=ShowBody(*told.show),
            may_ask_after=None if after is None else rfc3339(after),
        )
        cookies = self._renewal.after(request, site, origin, answer.flag, answer.visitor, caller.now)
        return _Json(answer, 200, cookies)

    async def choices(self, request: Request) -> Response:
        """`POST /v1/{site}/choices`: 201 recorded, 202 when a second step is needed."""
        site, origin = self._access.writer(request, "choices")
        body = await read_body(request, ChoicesBody, self._patience)
        caller = self._access.caller(
            request,
            site,
            visitor=body.visitor,
            request_id=body.id,
            notice=body.notice,
            lang=body.lang,
            made_at=made_at_of(body),
        )
        asked = choice_of(body, site, caller.now)
        chosen = await self._consent.choose(caller, asked, origin=origin, lang=body.lang or "")
        answer = self._chosen(site, chosen, caller.now)
        cookies = self._renewal.after(request, site, origin, answer.flag, answer.visitor, caller.now, asked)
        return _Json(answer, 201 if chosen.nonce is None else 202, cookies)

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
    """An answer that depends on who asks: nobody may keep it. Its headers need no encoding any more."""

    def __init__(self, answer: SignalsAnswer | ChoicesAnswer, status: int, more: request_headers.Raw) -> None:
        self.status_code = status
        self.background = None
        self.body = msgspec.json.encode(answer)
        length = (b"content-length", str(len(self.body)).encode())
        self.raw_headers = [_NEVER_KEPT, length, _IS_JSON, *more]
