"""Bodies: requests and answers of the visitor's calls, as types; the OpenAPI description is made from them.

Unknown members are ignored, so that older and newer scripts and servers work together (design rule 12). An unknown
`method` is recorded as `other`: an opt-out is never refused for it. A member that occurs twice is refused: a parser
takes one of the two, and a false would cancel a true (design rule 1).
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from typing import Annotated, Final, Literal, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from consent_service.domain.evidence_time import read_time
from consent_service.domain.facts import ChoiceMade, Incentive
from consent_service.domain.flags import Flag
from consent_service.domain.words import (
    AGE_BANDS,
    LIMIT_WORDS,
    METHODS,
    OPT_WORDS,
    AgeBand,
    Method,
    Stance,
    age_band,
)
from consent_service.errors import BodyTooLarge, InvalidBody
from consent_service.public_contract import LARGEST_BODY
from consent_service.services.records.deadline import Deadline
from consent_service.services.sites import Site
from consent_service.services.visitor.plans import LONGEST_PRIOR_ID

BODY_SECONDS: Final = 10
_MEDIA_TYPES: Final = frozenset({"", "application/json", "text/plain"})

Token = Annotated[str, Meta(max_length=1024)]
Opt = Literal["opt_out", "opt_in"]


class PriorBody(msgspec.Struct, frozen=True):
    """Another consent tool's cookie in the page, and the id by which that tool knew the visitor."""

    cookie: Annotated[str, Meta(min_length=1, max_length=128)]
    id: Annotated[str, Meta(min_length=1, max_length=LONGEST_PRIOR_ID)]


class SignalsBody(msgspec.Struct, frozen=True):
    """`POST /v1/{site}/signals`. `storage` false: this browser can't keep a token.

    `result`: what the choices page put behind `#privacy-choices=`; `state`: what this page made before it sent
    the visitor there. `prior`: what an import is found by; it can only deny.
    """

    gpc: bool | None = None
    visitor: Token | None = None
    id: uuid.UUID | None = None
    storage: bool = True
    result: Token | None = None
    state: Annotated[str, Meta(max_length=128)] = ""
    prior: PriorBody | None = None


class IncentiveBody(msgspec.Struct, frozen=True):
    id: Annotated[str, Meta(max_length=64)]
    do: Literal["join", "leave"]


class ChoicesBody(msgspec.Struct, frozen=True):
    """`POST /v1/{site}/choices`. At least one of the choices must be there. `age`: whole years, or a band.

    `made_at`: RFC 3339, by the visitor's own clock; without an offset it is taken for UTC.
    """

    sale_share: Opt | None = None
    sale: Opt | None = None
    share: Opt | None = None
    sensitive: Literal["limit", "lift"] | None = None
    incentive: IncentiveBody | None = None
    age: Annotated[int, Meta(ge=0, le=150)] | Literal["under_13", "13_15", "16_17", "18_plus"] | None = None
    method: Annotated[str, Meta(max_length=64)] | None = None
    notice: Annotated[str, Meta(max_length=128)] | None = None
    lang: Annotated[str, Meta(max_length=35)] | None = None
    made_at: Annotated[str, Meta(max_length=64, extra_json_schema={"format": "date-time"})] | None = None
    visitor: Token | None = None
    id: uuid.UUID | None = None


class ShowBody(msgspec.Struct, frozen=True):
    """Parts that the page should show."""

    banner: bool
    honored: bool
    conflict: bool


class SignalsAnswer(msgspec.Struct, frozen=True):
    """`visitor` is null while there is no record to name. `may_ask_after` is RFC 3339."""

    flag: Flag
    visitor: str | None
    show: ShowBody
    may_ask_after: str | None


class ReceiptBody(msgspec.Struct, frozen=True):
    """Proof of an entry: `digest` is SHA-256 over its canonical bytes, in hex."""

    id: str
    site: str
    at: str
    digest: str


class ChoicesAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """201: recorded. 202: `confirm_url` is there, and nothing is opted in before its page was confirmed."""

    flag: Flag
    visitor: str
    receipt: ReceiptBody | UnsetType = UNSET
    confirm_url: str | UnsetType = UNSET


_SHARED_IDS: Final = frozenset({uuid.UUID(int=0), uuid.UUID(int=2**128 - 1)})
"""The nil and the max UUID (RFC 9562 sections 5.9 and 5.10): every caller could send them."""

Body = TypeVar("Body", SignalsBody, ChoicesBody)


def body_deadline() -> Deadline:
    """Return a deadline for receiving a body; it raises 408."""
    return Deadline(
        BODY_SECONDS,
        lambda: HTTPException(408, f"the body did not arrive within {BODY_SECONDS} s; send it again"),
    )


def media_type(request: Request) -> str:
    """Return the body's media type without parameters, or ""."""
    value = next((value for name, value in request.scope["headers"] if name == b"content-type"), b"")
    return str(value, "latin-1").partition(";")[0].strip().lower()


async def read_body(request: Request, kind: type[Body], deadline: Deadline) -> Body:
    """Return the request's body as this type.

    Raises InvalidBody (naming the member), BodyTooLarge, or 415. `text/plain` is read as JSON too, because it needs
    no preflight.
    """
    if media_type(request) not in _MEDIA_TYPES:
        raise HTTPException(415, "send application/json (or JSON as text/plain)")
    data = await read_bytes(request, deadline)
    try:
        body = msgspec.json.decode(data, type=kind)
        _refuse_duplicates(data)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise InvalidBody(f"the body must be a JSON object as described in /openapi.json: {error}") from error
    if body.id in _SHARED_IDS:
        raise InvalidBody(f"id: {body.id} is no random UUID; send a new random UUID with each call")
    return body


async def read_bytes(request: Request, deadline: Deadline) -> bytes:
    """Return the whole body. Raises BodyTooLarge, ClientDisconnect, or 408."""
    return await deadline.wait(_received(request))


async def _received(request: Request) -> bytes:
    data = bytearray()
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk: bytes = message.get("body", b"")
        data += chunk
        if len(data) > LARGEST_BODY:
            raise BodyTooLarge(f"the body is too large; send at most {LARGEST_BODY} bytes")
        if not message.get("more_body", False):
            return bytes(data)


_NAMES: Final = tuple(
    f'"{name}"'.encode()
    for name in {
        *SignalsBody.__struct_fields__,
        *ChoicesBody.__struct_fields__,
        *PriorBody.__struct_fields__,
        *IncentiveBody.__struct_fields__,
    }
)


def _refuse_duplicates(data: bytes) -> None:
    """Raise ValueError for an object in which a member occurs twice. `data`: valid JSON.

    Nearly every body passes the first line: none of our names occurs in it twice, and nothing is escaped.
    """
    if b"\\" in data or max(map(data.count, _NAMES)) > 1:
        _members.decode(data.decode())


def _check_unique(members: Sequence[tuple[str, object]]) -> None:
    names = set[str]()
    for name, _ in members:
        if name in names:
            raise ValueError(f"{name!r} occurs twice")
        names.add(name)


# Numbers stay text: only names are compared, and Python refuses to parse very long integers.
_members: Final = json.JSONDecoder(object_pairs_hook=_check_unique, parse_int=str, parse_float=str)


_METHODS_OF_CALLERS: Final = {word: method for word, method in METHODS.items() if method is not Method.IMPORT}
"""Methods of a choice that a caller may name; an import is never a caller's."""


def made_at_of(body: ChoicesBody) -> str | None:
    """Return the choice's time by the visitor's own clock, as an entry holds it. Raises InvalidBody."""
    if body.made_at is None:
        return None
    try:
        return read_time(body.made_at).isoformat()
    except ValueError as error:
        raise InvalidBody("made_at: write the time as in 2026-01-31T10:00:00Z") from error


def choice_of(body: ChoicesBody, site: Site, now: int) -> ChoiceMade:
    """Return the choice in a body. Raises InvalidBody if there is none, or for an unknown programme."""
    choice = ChoiceMade(
        at=now,
        method=_METHODS_OF_CALLERS.get(body.method or "", Method.OTHER),
        sale=_stricter(body.sale_share, body.sale),
        share=_stricter(body.sale_share, body.share),
        sensitive=None if body.sensitive is None else LIMIT_WORDS[body.sensitive],
        age=_age(body.age),
        incentive=_incentive(body.incentive, site),
    )
    if choice.is_empty:
        raise InvalidBody(
            "the body has no choice; send at least one of sale_share, sale, share, sensitive, age, incentive"
        )
    return choice


def _stricter(both: str | None, single: str | None) -> Stance | None:
    """Return the stance of two words on one right: an opt-out wins, because doubt means denied."""
    stances = [OPT_WORDS[word] for word in (both, single) if word is not None]
    return min(stances, default=None)  # the opt-out has the lowest number


def _age(age: int | str | None) -> AgeBand | None:
    if age is None:
        return None
    return age_band(age) if isinstance(age, int) else AGE_BANDS[age]


def _incentive(body: IncentiveBody | None, site: Site) -> Incentive | None:
    if body is None:
        return None
    number = site.incentives.get(body.id)
    if number is None:
        raise InvalidBody(
            f"incentive: this site has no programme {body.id!r}; send a key of sites.{site.key}.incentives"
        )
    return Incentive(number, body.do == "join")
