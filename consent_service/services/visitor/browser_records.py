"""BrowserRecords: one choice for every record that one browser's tokens name.

A browser may present the token that a site handed over, the site's cookie and a cookie of the service's own origin,
and they may name different visitors. The stricter answers hold, and a choice made is recorded for each of them.
"""

from __future__ import annotations

import enum
import hashlib
import uuid
from collections.abc import Collection, Sequence
from typing import NamedTuple

from consent_service.domain.facts import ChoiceMade
from consent_service.domain.resolution import Resolution, unavailable
from consent_service.domain.words import Stance
from consent_service.services.records.idempotency import Receipt
from consent_service.services.records.standings import Standings, Visitor
from consent_service.services.visitor.confirmations import Confirmations
from consent_service.services.visitor.consent import Chosen, Consent
from consent_service.services.visitor.plans import Caller, digest_of


class Source(enum.Enum):
    """The source of the page's knowledge of a visitor: the page says no more than that source can know."""

    NOBODY = "nobody"
    PAGE = "page"
    """Choices made on the service's own page alone. The site knows nothing of them yet."""
    SITE = "site"
    """A token that the site handed over, or its cookie."""


class Status(NamedTuple):
    """The standing of a browser. `visitor`: a fresh token of its first record; `records`: how many it has.

    `signal`: this very call brought one. `lost`: a token of the page's own names no record any more.
    """

    resolution: Resolution
    visitor: str | None
    records: int
    source: Source
    signal: bool
    lost: bool


class Outcome(NamedTuple):
    """Outcome of a choice. `visitor`: a fresh token of the first record, minted where there was none.

    `minted`: it was. `nonce`: when a second step is needed, one for all records.
    """

    visitor: str
    minted: bool
    receipt: Receipt | None
    nonce: str | None


class BrowserRecords:
    """Use cases of the choices page, over all records of a browser."""

    def __init__(self, consent: Consent, standings: Standings, confirmations: Confirmations) -> None:
        self._consent = consent
        self._standings = standings
        self._confirmations = confirmations

    async def status(self, caller: Caller, own: Collection[str] = ()) -> Status:
        """Return the stricter answers of all records; a signal is recorded on each, and nobody is minted.

        `own`: the tokens of the page's own. The site presents none of them, so one that names no record puts no
        answer of the site in doubt.
        """
        known = await self._known(caller, caller.tokens)
        for token in known:
            await self._consent.signal(caller._replace(tokens=[token]), keep=False)
        lost = [
            token for token in caller.tokens if token in own and not await self._recognised(caller, token)
        ]
        tokens = [token for token in caller.tokens if token not in lost]
        told = await self._consent.signal(caller._replace(tokens=tokens), keep=False)
        source = _source([*tokens, *caller.beside], own)
        return Status(told.resolution, told.visitor, len(known), source, bool(caller.signals), bool(lost))

    async def choose(
        self, caller: Caller, asked: ChoiceMade, *, form: bytes, origin: str, lang: str
    ) -> Outcome:
        """Record the choice for each record; with none, or a first token that can't be honoured, for a new one.

        Records whose tokens name nobody are told what restricts, and nothing else. `form` is the id of the form that
        asks: sent twice on what stands, it is one choice. Raises as `Consent.choose` does.
        """
        allows = Stance.OPTED_IN in (asked.sale, asked.share, asked.sensitive)
        known = await self._known(caller, caller.tokens if allows else [*caller.tokens, *caller.beside])
        request = _request_id(form, asked, known)
        first = list(caller.tokens[:1])
        subjects = [first, *([token] for token in known if [token] != first)]
        chosen: list[Chosen] = []
        for tokens in subjects:
            one = caller._replace(tokens=tokens, request_id=request)
            chosen.append(await self._consent.choose(one, asked, origin=origin, lang=lang))
        nonces = [one.nonce for one in chosen if one.nonce is not None]
        nonce = self._confirmations.join(caller.site.key, nonces, caller.now) if nonces else None
        minted = not any(token in known for token in first)
        return Outcome(chosen[0].visitor, minted, chosen[0].receipt, nonce)

    async def _known(self, caller: Caller, tokens: Sequence[str]) -> dict[str, Visitor]:
        """For each visitor whom these tokens name one token, in order."""
        known: dict[str, Visitor] = {}
        for token in tokens:
            found = await self._standings.recognise(caller.site.key, token, caller.now)
            if isinstance(found, Visitor) and all(found.id != other.id for other in known.values()):
                known[token] = found
        return known

    async def _recognised(self, caller: Caller, token: str) -> bool:
        found = await self._standings.recognise(caller.site.key, token, caller.now)
        return isinstance(found, Visitor)


def unreadable(caller: Caller, own: Collection[str] = ()) -> Status:
    """Return how a browser stands while the store can't be read: everything is in doubt."""
    source = _source([*caller.tokens, *caller.beside], own)
    return Status(unavailable(caller.signals), None, 0, source, bool(caller.signals), lost=False)


def _source(tokens: Sequence[str], own: Collection[str]) -> Source:
    if any(token not in own for token in tokens):
        return Source.SITE
    return Source.PAGE if tokens else Source.NOBODY


def _request_id(form: bytes, asked: ChoiceMade, known: dict[str, Visitor]) -> uuid.UUID:
    """An id of this form and of what stood when it came: pressed again after a change it is a new choice."""
    stood = [visitor.id + visitor.record.version.to_bytes(8) for visitor in known.values()]
    return uuid.UUID(bytes=hashlib.sha256(b"".join([form, digest_of(asked), *stood])).digest()[:16])
