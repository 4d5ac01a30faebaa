"""Standings, read: from a presented visitor token to the record it names, or to "can't be honoured".

Never somebody else and never the default: a token that is forged, foreign, expired, under a retired key,
without a record or newer than its record is `UNHONOURED` (design rule 2). Verified tokens and decoded records
are kept in bounded memory; the record cache is coherent with the store or off.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final, NamedTuple

from consent_service.domain.regimes import Regime
from consent_service.domain.resolution import Resolution, resolve, stricter, unavailable
from consent_service.domain.signals import Sources
from consent_service.domain.standing import Standing, StandingUnreadable, unpack
from consent_service.domain.words import UNHONOURED, Unhonoured
from consent_service.errors import IdentityError, StoreError, StoreTimeout
from consent_service.identity.visitor_tokens import VisitorClaims, VisitorTokens
from consent_service.services.sites import Site
from consent_service.store.cache import CoherentCache, Missing
from consent_service.store.contract import Document, Key
from consent_service.store.keys import standing_key

READ_TIMEOUT: Final = 0.25
"""Seconds. Behind it the answer is "denied, unavailable": the flag is asked before every ad."""

_REMEMBERED_TOKENS: Final = 50_000
_REMEMBERED_FOR: Final = 3600
"""Seconds after which a verified token is verified again, so that a key's retirement is noticed."""


class Record:
    """A decoded standing with its version, and the rulings already made on it."""

    __slots__ = ("_resolutions", "latest_at", "standing", "version")

    def __init__(self, standing: Standing | Unhonoured, version: int) -> None:
        self.standing = standing
        self.version = version
        self.latest_at = standing.latest_at if isinstance(standing, Standing) else 0
        self._resolutions: dict[tuple[str, int], Resolution] = {}

    def resolution(self, regime: Regime, signals: Sources, now: int) -> Resolution:
        """The ruling, looked up when it was made before: it only depends on `now` by the clock check."""
        if now < self.latest_at:
            return resolve(regime, signals, self.standing, None, now)
        key = (regime.code, int(signals))
        known = self._resolutions.get(key)
        if known is None:
            known = self._resolutions[key] = resolve(regime, signals, self.standing, None, now)
        return known


def decode_record(document: Document) -> Record:
    """A record that can't be read denies, it does not vanish."""
    try:
        return Record(unpack(document.value), document.version)
    except StandingUnreadable:
        return Record(UNHONOURED, document.version)


class Visitor(NamedTuple):
    """A recognised visitor."""

    id: bytes
    record: Record


class Standings:
    """Recognises visitors and resolves their flags."""

    def __init__(self, tokens: VisitorTokens, cache: CoherentCache[Record], shards: int) -> None:
        self._tokens = tokens
        self._cache = cache
        self._shards = shards
        self._verified: dict[tuple[str, str], VisitorClaims] = {}
        self._verified_since = 0

    @property
    def remembered_tokens(self) -> int:
        return len(self._verified)

    def key(self, site: str, visitor_id: bytes) -> Key:
        return standing_key(site, visitor_id, self._shards)

    async def recognise(self, site: str, token: str, now: int) -> Visitor | Unhonoured:
        """The visitor whom this token names. Raises StoreError when the store can't say."""
        try:
            claims = self._claims(site, token, now)
        except IdentityError:
            return UNHONOURED
        key = self.key(site, claims.visitor_id)
        record = self._cache.peek(key)
        if isinstance(record, Missing):
            record = await self._fetch(key)
        if record is None or claims.version > record.version:
            return UNHONOURED
        if claims.consumer is not None or record.standing is UNHONOURED:
            return UNHONOURED  # a link whose consumer record can't be read is in doubt
        return Visitor(claims.visitor_id, record)

    async def resolve(
        self, site: Site, regime: Regime, tokens: Sequence[str], signals: Sources, now: int
    ) -> tuple[Resolution, Visitor | None]:
        """The ruling for whoever these tokens name, and the visitor of the first.

        Two tokens of different visitors: the first names the record and the stricter answers. The store out of
        reach: denied, `unavailable`.
        """
        if not tokens:
            return resolve(regime, signals, None, None, now), None
        try:
            found = [await self.recognise(site.key, token, now) for token in tokens]
        except StoreError:
            return unavailable(signals), None
        rulings = [_resolution(regime, signals, visitor, now) for visitor in found]
        ruling = rulings[0]
        for other in rulings[1:]:
            ruling = stricter(ruling, other)
        return ruling, found[0] if isinstance(found[0], Visitor) else None

    async def version(self, site: str, visitor_id: bytes) -> int:
        """The record's version now; 0 = no record."""
        record = await self._fetch(self.key(site, visitor_id))
        return record.version if record else 0

    def forget(self, key: Key) -> None:
        """Drop a record that this process has just changed."""
        self._cache.invalidate([key])

    def _claims(self, site: str, token: str, now: int) -> VisitorClaims:
        if now - self._verified_since > _REMEMBERED_FOR or len(self._verified) >= _REMEMBERED_TOKENS:
            self._verified.clear()
            self._verified_since = now
        claims = self._verified.get((site, token))
        if claims is None:
            claims = self._tokens.unsign(site, token, now)
            self._verified[site, token] = claims
        return claims

    async def _fetch(self, key: Key) -> Record | None:
        try:
            async with asyncio.timeout(READ_TIMEOUT):
                return await self._cache.fetch(key)
        except TimeoutError as error:
            raise StoreTimeout(f"no answer from the store within {READ_TIMEOUT} s") from error


def _resolution(regime: Regime, signals: Sources, visitor: Visitor | Unhonoured, now: int) -> Resolution:
    if isinstance(visitor, Unhonoured):
        return unavailable(signals)
    return visitor.record.resolution(regime, signals, now)
