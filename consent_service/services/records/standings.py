"""Standings, read: from a presented visitor token to the record it names, or to "can't be honoured".

Never somebody else and never the default: a token that is forged, foreign, expired, under a retired key,
without a record, newer than its record or from a lost state is `REJECTED` (design rule 2).
An erased record has left what goes on denying in its place (design rule 8).
Verified tokens and decoded records are kept in bounded memory; the record cache is coherent with the store or off.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, reduce
from typing import Final, NamedTuple

from consent_service.domain.records import standing_in
from consent_service.domain.regimes import Regime
from consent_service.domain.resolution import Resolution, resolve, stricter
from consent_service.domain.signals import Sources
from consent_service.domain.standing import Standing, StandingUnreadable
from consent_service.domain.words import REJECTED, RejectedToken
from consent_service.errors import IdentityError
from consent_service.identity.keys import KeyRing
from consent_service.identity.visitor_ids import record_id
from consent_service.identity.visitor_tokens import VisitorClaims, VisitorTokens
from consent_service.services.records.deadline import COMMIT_TIMEOUT, READ_TIMEOUT, read_deadline
from consent_service.store.cache import CoherentCache, Missing
from consent_service.store.contract import Document, Key, Store
from consent_service.store.keys import standing_key

_REMEMBERED_TOKENS: Final = 50_000
_REMEMBERED_FOR: Final = 3600
"""Seconds after which a verified token is verified again, so that a key's retirement is noticed."""


class Record:
    """A decoded standing with its version.

    `gpc`: the sources of signals on record. `answers`: what was made of this record before, kept with it and
    dropped with it; the key is the reader's.
    """

    __slots__ = ("answers", "gpc", "latest_at", "standing", "version")

    def __init__(self, standing: Standing | RejectedToken, version: int) -> None:
        known = standing if isinstance(standing, Standing) else Standing()
        self.standing = standing
        self.version = version
        self.latest_at = known.latest_at
        self.gpc = int(known.gpc)
        self.answers: dict[int, object] = {}


class RecordDecoder:
    """Decodes documents, remembering what the same bytes of the same version came to: bounded, never stale."""

    def __init__(self, entries: int = 20_000) -> None:
        self._decoded = lru_cache(maxsize=entries)(_decode)

    @property
    def remembered(self) -> int:
        return self._decoded.cache_info().currsize

    def decode(self, document: Document) -> Record:
        """A record that can't be read denies, it does not vanish."""
        return self._decoded(document.value, document.version)


class Visitor(NamedTuple):
    """A recognised visitor."""

    id: bytes
    record: Record


class _Verified(NamedTuple):
    """Verified token: its claims, the key of the visitor's record, and whether that state was lost."""

    claims: VisitorClaims
    key: Key
    lost: bool


class Standings:
    """Recognises visitors and resolves their flags."""

    def __init__(
        self, ring: KeyRing, tokens: VisitorTokens, cache: CoherentCache[Record], store: Store
    ) -> None:
        self._ring = ring
        self._tokens = tokens
        self._cache = cache
        self._store = store
        self._briefly = read_deadline(READ_TIMEOUT)
        self._patiently = read_deadline(COMMIT_TIMEOUT)
        self._verified: dict[tuple[str, str], _Verified] = {}
        self._verified_since = 0

    @property
    def remembered_tokens(self) -> int:
        return len(self._verified)

    def key(self, site: str, visitor_id: bytes) -> Key:
        """Return the key of this visitor's record."""
        return record_key(self._ring, site, visitor_id, self._store.shards)

    def at_hand(self, site: str, token: str, now: int) -> Record | None:
        """The record of the visitor whom this token names, if memory alone can say so; never a doubtful one."""
        verified = self._verified.get((site, token))
        if verified is None or verified.lost or now - self._verified_since > _REMEMBERED_FOR:
            return None
        record = self._cache.peek(verified.key)
        if isinstance(record, Missing) or record is None:
            return None
        return record if _honours(record, verified.claims) else None

    async def recognise(
        self, site: str, token: str, now: int, *, briefly: bool = False
    ) -> Visitor | RejectedToken:
        """The visitor whom this token names. Raises StoreError when the store can't say in time, which is
        READ_TIMEOUT for who can wait but `briefly`."""
        try:
            verified = self._verify(site, token, now)
        except IdentityError:
            return REJECTED
        if verified.lost:  # the record forgot what this token knows, however far it has come since
            return REJECTED
        record = self._cache.peek(verified.key)
        if isinstance(record, Missing) or record is None or verified.claims.version > record.version:
            # Memory knows nothing, or less than the token: another process has just written. Ask the store.
            patience = self._briefly if briefly else self._patiently
            record = await patience.wait(self._cache.fetch(verified.key))
        if record is None or not _honours(record, verified.claims):
            return REJECTED
        return Visitor(verified.claims.visitor_id, record)

    async def record(self, site: str, visitor_id: bytes) -> Record | None:
        """The record as the store has it now."""
        return await self._patiently.wait(self._cache.fetch(self.key(site, visitor_id)))

    def forget(self, key: Key) -> None:
        """Drop a record that this process has just changed."""
        self._cache.invalidate([key])

    def _verify(self, site: str, token: str, now: int) -> _Verified:
        if now - self._verified_since > _REMEMBERED_FOR or len(self._verified) >= _REMEMBERED_TOKENS:
            self._verified.clear()
            self._verified_since = now
        verified = self._verified.get((site, token))
        if verified is None:
            claims = self._tokens.unsign(site, token, now)
            key = self.key(site, claims.visitor_id)
            lost = self._store.lost(key.shard, claims.version)
            verified = self._verified[site, token] = _Verified(claims, key, lost)
        return verified


def record_key(ring: KeyRing, site: str, visitor_id: bytes, shards: int) -> Key:
    """Return the key of a visitor's record. The store never sees the id itself."""
    return standing_key(site, record_id(ring, site, visitor_id), shards)


def strictest(
    regime: Regime, signals: Sources, found: Sequence[Visitor | RejectedToken | None], now: int
) -> Resolution:
    """For each right the stricter of the rulings on everybody whom a request's tokens name (at least one).

    None stands for nobody: the regime's default.
    """
    rulings = (resolve(regime, signals, _standing(visitor), None, now) for visitor in found)
    return reduce(stricter, rulings)


def _decode(value: bytes, version: int) -> Record:
    try:
        return Record(standing_in(value), version)
    except StandingUnreadable:
        return Record(REJECTED, version)


def _honours(record: Record, claims: VisitorClaims) -> bool:
    """Return True if the record is as new as the token, can be read, and needs no consumer's record beside it."""
    return claims.version <= record.version and record.standing is not REJECTED and claims.consumer is None


def _standing(visitor: Visitor | RejectedToken | None) -> Standing | RejectedToken | None:
    return visitor.record.standing if isinstance(visitor, Visitor) else visitor
