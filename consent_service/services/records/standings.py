"""Reading of standings: from a visitor token to the record that it names, or to `REJECTED`.

A token that is forged, foreign, expired, under a retired key, without a record, newer than its record or from a lost
state is rejected: it never names somebody else, and never falls back to the default (design rule 2). In place of an
erased record lies one that goes on denying (design rule 8). Verified tokens and decoded records are remembered, up to
a bound; the record cache is coherent with the store or off.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, reduce
from typing import Final, NamedTuple

from consent_service.domain.regimes import Regime
from consent_service.domain.resolution import Resolution, resolve, stricter_resolution
from consent_service.domain.signals import Sources
from consent_service.domain.standing import Standing, StandingUnreadable, standing_in
from consent_service.domain.words import REJECTED, RejectedToken
from consent_service.errors import IdentityError
from consent_service.identity.key_ring import KeyRing
from consent_service.identity.visitor_tokens import VisitorClaims, VisitorTokens, record_id
from consent_service.services.records.deadline import COMMIT_TIMEOUT, READ_TIMEOUT, read_deadline
from consent_service.store.cache import CoherentCache, Missing
from consent_service.store.contract import Document, Key, Store
from consent_service.store.names import standing_key

_REMEMBERED_TOKENS: Final = 50_000
_REMEMBERED_FOR: Final = 3600
"""Seconds after which a verified token is verified again, so that a key's retirement is noticed."""


class Record:
    """A decoded standing with its version.

    `gpc`: the sources of signals on record. `answers`: answers made from this record, by their reader's key; they
    go when the record goes.
    """

    __slots__ = ("answers", "gpc", "latest_at", "standing", "version")

    def __init__(self, standing: Standing | RejectedToken, version: int) -> None:
        readable = standing if isinstance(standing, Standing) else Standing()
        self.standing = standing
        self.version = version
        self.latest_at = readable.latest_at
        self.gpc = int(readable.gpc)
        self.answers: dict[int, object] = {}


class RecordDecoder:
    """Decodes documents and remembers the results by bytes and version: bounded, never stale."""

    def __init__(self, entries: int = 20_000) -> None:
        self._decoded = lru_cache(maxsize=entries)(_decode)

    @property
    def remembered(self) -> int:
        """Number of records remembered."""
        return self._decoded.cache_info().currsize

    def decode(self, document: Document) -> Record:
        """Return the record in a document. One that can't be read denies; it is not treated as missing."""
        return self._decoded(document.value, document.version)


class Visitor(NamedTuple):
    """A recognised visitor."""

    id: bytes
    record: Record


Identity = Visitor | RejectedToken
"""Result of recognising one token."""


class Tokens(NamedTuple):
    """Visitor tokens that a call presents. The first of `named` names the record; all others only deny."""

    named: Sequence[str]
    beside: Sequence[str] = ()


class Identities(NamedTuple):
    """The tokens of a call, each recognised once: the two fields match those of `Tokens`."""

    named: tuple[Identity, ...]
    beside: tuple[Identity, ...] = ()

    @property
    def first(self) -> Identity | None:
        """The identity that names the record; None if the call presents none that may."""
        return self.named[0] if self.named else None

    @property
    def others(self) -> tuple[Identity, ...]:
        """The identities that only make answers stricter."""
        return self.named[1:] + self.beside

    def updated(self, visitor: Visitor) -> Identities:
        """Return the same identities with this visitor's newer record."""
        return Identities(_with(visitor, self.named), _with(visitor, self.beside))


class _Verified(NamedTuple):
    """Verified token: its claims, the key of the visitor's record, and True if the claimed state was lost."""

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
        self._flag_deadline = read_deadline(READ_TIMEOUT)
        self._write_deadline = read_deadline(COMMIT_TIMEOUT)
        self._verified: dict[tuple[str, str], _Verified] = {}
        self._verified_since = 0

    @property
    def remembered_tokens(self) -> int:
        """Number of verified tokens remembered."""
        return len(self._verified)

    def key(self, site: str, visitor_id: bytes) -> Key:
        """Return the key of this visitor's record."""
        return record_key(self._ring, site, visitor_id, self._store.shards)

    def cached(self, site: str, token: str, now: int) -> Record | None:
        """Return the cached record for a token, or None if the store must be asked. No I/O."""
        verified = self._verified.get((site, token))
        if verified is None or verified.lost or now - self._verified_since > _REMEMBERED_FOR:
            return None
        record = self._cache.peek(verified.key)
        if isinstance(record, Missing) or record is None:
            return None
        return record if _honours(record, verified.claims) else None

    async def identify(self, site: str, tokens: Tokens, now: int) -> Identities:
        """Recognise each token of a call. Raises StoreError if the store does not answer within COMMIT_TIMEOUT."""
        return Identities(
            tuple([await self.recognise(site, token, now) for token in tokens.named]),
            tuple([await self.recognise(site, token, now) for token in tokens.beside]),
        )

    async def recognise(self, site: str, token: str, now: int, *, briefly: bool = False) -> Identity:
        """Return the visitor whom this token names, or REJECTED.

        Raises StoreError if the store does not answer in time: within READ_TIMEOUT if `briefly`, else within
        COMMIT_TIMEOUT.
        """
        try:
            verified = self._verify(site, token, now)
        except IdentityError:
            return REJECTED
        return await self._recognised(verified, briefly=briefly)

    async def recognise_claims(self, site: str, claims: VisitorClaims) -> Identity:
        """Return the visitor of claims that another signed text carried, or REJECTED. Raises StoreError."""
        return await self._recognised(self._verified_claims(site, claims))

    async def _recognised(self, verified: _Verified, *, briefly: bool = False) -> Identity:
        if verified.lost:  # the record forgot what this token knows, however far it has come since
            return REJECTED
        record = self._cache.peek(verified.key)
        if isinstance(record, Missing) or record is None or verified.claims.version > record.version:
            # Memory knows nothing, or less than the token: another process has just written. Ask the store.
            deadline = self._flag_deadline if briefly else self._write_deadline
            record = await deadline.wait(self._cache.fetch(verified.key))
        if record is None or not _honours(record, verified.claims):
            return REJECTED
        return Visitor(verified.claims.visitor_id, record)

    async def record(self, site: str, visitor_id: bytes) -> Record | None:
        """Return the record of this visitor, or None. Raises StoreError."""
        return await self._write_deadline.wait(self._cache.fetch(self.key(site, visitor_id)))

    def forget(self, key: Key) -> None:
        """Drop a record that this process has just changed."""
        self._cache.invalidate([key])

    def _verify(self, site: str, token: str, now: int) -> _Verified:
        if now - self._verified_since > _REMEMBERED_FOR or len(self._verified) >= _REMEMBERED_TOKENS:
            self._verified.clear()  # all at once: to keep an order of use would cost every flag
            self._verified_since = now
        verified = self._verified.get((site, token))
        if verified is None:
            claims = self._tokens.unsign(site, token, now)
            verified = self._verified[site, token] = self._verified_claims(site, claims)
        return verified

    def _verified_claims(self, site: str, claims: VisitorClaims) -> _Verified:
        key = self.key(site, claims.visitor_id)
        return _Verified(claims, key, self._store.is_lost(key.shard, claims.version))


def record_key(ring: KeyRing, site: str, visitor_id: bytes, shards: int) -> Key:
    """Return the key of a visitor's record. The store never sees the id itself."""
    return standing_key(site, record_id(ring, site, visitor_id), shards)


def strictest(
    regime: Regime, signals: Sources, identities: Sequence[Identity | None], now: int
) -> Resolution:
    """Return for each right the stricter of the rulings on these identities (at least one).

    None stands for nobody: the regime's default.
    """
    rulings = (resolve(regime, signals, _standing(identity), None, now) for identity in identities)
    return reduce(stricter_resolution, rulings)


def _decode(value: bytes, version: int) -> Record:
    try:
        return Record(standing_in(value), version)
    except StandingUnreadable:
        return Record(REJECTED, version)


def _honours(record: Record, claims: VisitorClaims) -> bool:
    """Return True if the record is as new as the token, can be read, and needs no consumer's record beside it."""
    return claims.version <= record.version and record.standing is not REJECTED and claims.consumer is None


def _standing(identity: Identity | None) -> Standing | RejectedToken | None:
    return identity.record.standing if isinstance(identity, Visitor) else identity


def _with(visitor: Visitor, identities: tuple[Identity, ...]) -> tuple[Identity, ...]:
    return tuple(
        visitor if isinstance(identity, Visitor) and identity.id == visitor.id else identity
        for identity in identities
    )
