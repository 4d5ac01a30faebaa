"""Problems: the one place where an error becomes an HTTP answer (RFC 9457).

`type` is stable: clients may branch on it. The detail says what was wrong and what to do; it never holds a secret, a
token or a message of the store's driver.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from consent_service import errors
from consent_service.web.http.outage_log import OutageLog

MEDIA_TYPE: Final = "application/problem+json"
TYPE_PREFIX: Final = "urn:consent-service:problem:"
STORE_RETRY_AFTER: Final = 2
"""Seconds to wait before a write that the store could not take is sent again."""


class Problem(msgspec.Struct, frozen=True):
    """The body of every error."""

    type: str
    title: str
    status: int
    detail: str


class Kind(NamedTuple):
    """Kind of problem. `slug`: the last part of its `type`."""

    status: int
    slug: str
    title: str


KINDS: Final[dict[type[Exception], Kind]] = {
    errors.InvalidBody: Kind(400, "invalid-body", "The body is not what was expected"),
    errors.BodyTooLarge: Kind(413, "body-too-large", "The body is too large"),
    errors.UnknownSite: Kind(404, "unknown-site", "There is no such site"),
    errors.UnknownReceipt: Kind(404, "unknown-receipt", "There is no such receipt"),
    errors.OriginNotAllowed: Kind(403, "origin-not-allowed", "This origin may not call this"),
    errors.FetchedAhead: Kind(403, "fetched-ahead", "This page is not fetched ahead"),
    errors.IdempotencyKeyReused: Kind(409, "request-id-reused", "The id was used for something else"),
    errors.ConfirmationInvalid: Kind(410, "confirmation-invalid", "The confirmation is no longer valid"),
    errors.ParentalConsentRequired: Kind(403, "parental-consent-required", "Only a parent can consent"),
    errors.TooManyRequests: Kind(429, "too-many-requests", "Too many requests"),
    errors.Conflict: Kind(503, "store-busy", "The store is busy"),
    errors.StoreBusy: Kind(503, "store-busy", "The store is busy"),
    errors.StoreTimeout: Kind(503, "store-timeout", "The store did not answer in time"),
    errors.StoreError: Kind(503, "store-unavailable", "The store can't be reached"),
    errors.LedgerError: Kind(503, "archive-unavailable", "The archive can't answer"),
}
"""The most exact class wins. A class that is missing here is a defect and answers 500."""

_STORE_DETAIL: Final = (
    "nothing is acknowledged that was not stored; send the same call again with the same id"
)

_ARCHIVE_DETAIL: Final = "what was sealed can't be read now; ask again later"

_BY_STATUS: Final = {
    404: Kind(404, "not-found", "There is nothing here"),
    405: Kind(405, "method-not-allowed", "This method is not allowed here"),
    408: Kind(408, "body-timeout", "The body did not come in time"),
    415: Kind(415, "unsupported-media-type", "The body's type is not supported"),
}
MISDIRECTED: Final = Kind(421, "misdirected", "This is served under another name")
HOST_MISSING: Final = Kind(400, "host-missing", "The request does not name its host")
HEAD_TOO_LARGE: Final = Kind(431, "head-too-large", "The head of the request is too large")
_GONE: Final = Kind(400, "body-cut-off", "The body was cut off")
_INTERNAL: Final = Kind(500, "internal", "Something went wrong here")
_UNAVAILABLE: Final = 503


def response(kind: Kind, detail: str, headers: dict[str, str] | None = None) -> Response:
    """Return one problem as an answer that no cache may keep."""
    body = Problem(TYPE_PREFIX + kind.slug, kind.title, kind.status, detail)
    return Response(
        msgspec.json.encode(body),
        kind.status,
        {"cache-control": "no-store", **(headers or {})},
        media_type=MEDIA_TYPE,
    )


def kind_of(error: errors.ConsentError) -> Kind:
    """Return the row of the error's class or of its nearest parent. Raises KeyError if there is none."""
    return next(KINDS[kind] for kind in type(error).__mro__ if kind in KINDS)


class ConsentErrors:
    """Handler of `ConsentError`s. The reason of a 503 goes to `outages`, for the operator, not to the caller."""

    def __init__(self, outages: OutageLog) -> None:
        self._outages = outages

    async def __call__(self, request: Request, error: Exception) -> Response:
        """Return the answer to an error, as Starlette's exception handlers do."""
        assert isinstance(error, errors.ConsentError)
        kind = kind_of(error)
        if kind.status == _UNAVAILABLE:
            self._outages.note(error)
        if isinstance(error, errors.StoreError):
            return response(kind, _STORE_DETAIL, {"retry-after": str(STORE_RETRY_AFTER)})
        if isinstance(error, errors.LedgerError):
            return response(kind, _ARCHIVE_DETAIL)
        if isinstance(error, errors.TooManyRequests):
            return response(kind, str(error), {"retry-after": str(error.retry_after)})
        return response(kind, str(error))


async def on_http_exception(request: Request, error: Exception) -> Response:
    """Return the answer to Starlette's own errors: 404, 405 and the like."""
    assert isinstance(error, HTTPException)
    kind = _BY_STATUS.get(error.status_code, Kind(error.status_code, "refused", "The request was refused"))
    return response(kind, error.detail, dict(error.headers or {}))


async def on_disconnect(request: Request, error: Exception) -> Response:
    """Return the answer to a body that ended too early: mostly the caller is gone and does not read it."""
    return response(_GONE, "the body was cut off, or its chunks are malformed; send the whole body again")


async def on_unexpected(request: Request, error: Exception) -> Response:
    """Return the answer to a defect of ours."""
    return response(_INTERNAL, "this is a defect of the service; nothing was acknowledged")
