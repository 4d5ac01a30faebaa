"""Browser records: one choice for every record that one browser's tokens name.

A browser may present the token that a site handed over, the site's cookie and a cookie of the service's own origin,
and they may name different visitors. The stricter answers hold, and a choice is recorded for each of them.
"""

from __future__ import annotations

import enum
import hashlib
import uuid
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from consent_service.domain.facts import ChoiceMade
from consent_service.domain.resolution import Resolution, unavailable_resolution
from consent_service.domain.words import REJECTED, Stance
from consent_service.services.records.idempotency import Receipt
from consent_service.services.records.standings import Identities, Identity, Standings, Tokens, Visitor
from consent_service.services.visitor.confirmations import Confirmations
from consent_service.services.visitor.consent import Consent
from consent_service.services.visitor.plans import Call, digest_of


class TokenSource(enum.Enum):
    """Source of the page's tokens: the page says no more than that source can know."""

    NOBODY = "nobody"
    PAGE = "page"
    """Choices made on the service's own page alone. The site knows nothing of them yet."""
    SITE = "site"
    """A token that the site handed over, or its cookie."""


class BrowserStatus(NamedTuple):
    """Answers for a browser. `visitor`: a fresh token of its first record; `records`: the number of its records.

    `signal`: this very call brought one. `own_record_gone`: a token of the page's own names no record any more.
    """

    resolution: Resolution
    visitor: str | None
    records: int
    source: TokenSource
    signal: bool
    own_record_gone: bool


class BrowserChoice(NamedTuple):
    """Result of a choice for a browser. `visitor`: a fresh token of its first record.

    `minted`: this choice made that record. `nonce`: for the second step of all records, if one is needed.
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

    async def status(self, call: Call, tokens: Tokens, own: Collection[str] = ()) -> BrowserStatus:
        """Return the stricter answers of all records. A signal is recorded on each; no visitor is minted.

        `own`: the tokens of the page's own. The site presents none of them, so one that names no record puts no
        answer of the site in doubt.
        """
        identities = await self._standings.identify(call.site.key, tokens, call.now)
        visitors = _visitors(identities.named)
        for visitor in visitors:
            identities = identities.updated(await self._consent.record_signal(call, visitor))
        presented = [
            (token, identity)
            for token, identity in zip(tokens.named, identities.named, strict=True)
            if token not in own or identity is not REJECTED
        ]
        named = tuple(identity for _, identity in presented)
        answer = await self._consent.signal(call, Identities(named, identities.beside), keep=False)
        return BrowserStatus(
            answer.resolution,
            answer.visitor,
            len(visitors),
            _source([*(token for token, _ in presented), *tokens.beside], own),
            signal=bool(call.signals),
            own_record_gone=len(presented) < len(tokens.named),
        )

    async def choose(
        self, call: Call, tokens: Tokens, choice: ChoiceMade, *, form: bytes, origin: str, lang: str
    ) -> BrowserChoice:
        """Record the choice for each record; without one, or with a rejected first token, for a new one.

        What restricts is also recorded for the visitors of tokens that never name the record. `form`: id of the form
        that was sent; sent twice on the same standings, it is one choice. Raises as `Consent.choose` does.
        """
        identities = await self._standings.identify(call.site.key, tokens, call.now)
        allows = Stance.OPTED_IN in (choice.sale, choice.share, choice.sensitive)
        visitors = _visitors(identities.named if allows else identities.named + identities.beside)
        key = _idempotency_key(form, choice, visitors)
        first = identities.first
        subjects = [first, *(visitor for visitor in visitors if visitor is not first)]
        chosen = [
            await self._consent.choose_as(
                call,
                Identities(() if subject is None else (subject,), identities.beside),
                choice,
                key,
                origin=origin,
                lang=lang,
            )
            for subject in subjects
        ]
        nonces = [answer.nonce for answer in chosen if answer.nonce is not None]
        nonce = self._confirmations.join(call.site.key, nonces, call.now) if nonces else None
        return BrowserChoice(chosen[0].visitor, not isinstance(first, Visitor), chosen[0].receipt, nonce)


def unreadable(call: Call, tokens: Tokens, own: Collection[str] = ()) -> BrowserStatus:
    """Return the answers for a browser while the store can't be read: everything is in doubt."""
    source = _source([*tokens.named, *tokens.beside], own)
    return BrowserStatus(
        unavailable_resolution(call.signals), None, 0, source, bool(call.signals), own_record_gone=False
    )


def _visitors(identities: Iterable[Identity]) -> list[Visitor]:
    """Return the recognised visitors, each once, in order."""
    visitors: dict[bytes, Visitor] = {}
    for identity in identities:
        if isinstance(identity, Visitor):
            visitors.setdefault(identity.id, identity)
    return list(visitors.values())


def _source(tokens: Sequence[str], own: Collection[str]) -> TokenSource:
    if any(token not in own for token in tokens):
        return TokenSource.SITE
    return TokenSource.PAGE if tokens else TokenSource.NOBODY


def _idempotency_key(form: bytes, choice: ChoiceMade, visitors: Sequence[Visitor]) -> uuid.UUID:
    """Return a key of this form and the standings that it met: sent again after a change, it is a new choice."""
    versions = [visitor.id + visitor.record.version.to_bytes(8) for visitor in visitors]
    return uuid.UUID(bytes=hashlib.sha256(b"".join([form, digest_of(choice), *versions])).digest()[:16])
