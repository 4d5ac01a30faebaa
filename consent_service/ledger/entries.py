"""Entries: every kind of recorded fact as canonical bytes, and back.

Canonical: UTF-8 JSON, members sorted by name, no white space, absent members left out, times as whole Unix
seconds. The same fact is the same bytes, so a digest of an entry is a proof of it. An entry names whom it is about
by the number in their record (`domain.standing`), not by the id in their cookie. It carries what the fold needs
(`fact_of`) and what an auditor asks (how, which notice, which kind of device); never an address, never a raw
User-Agent (design rule 7).

A receipt's id is `ENTRY.SHARD.SEQUENCE`: the entry's own random id, which only the visitor knows, and the commit that
recorded it. It needs no index, and finds its entry also after the log was trimmed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Annotated, Final, NamedTuple, TypedDict, get_args

import msgspec

from consent_service.domain.facts import (
    Carried,
    ChoiceMade,
    DoubtRaised,
    Erased,
    Fact,
    Incentive,
    SignalSeen,
    Suppressed,
    fold_facts,
)
from consent_service.domain.signals import Sources
from consent_service.domain.standing import Standing, pack, unpack
from consent_service.domain.words import AGE_BANDS, LIMIT_WORDS, METHODS, OPT_WORDS, Step
from consent_service.errors import LedgerError
from consent_service.ledger import canonical
from consent_service.ledger.canonical import Unreadable

VERSION: Final = 2
DEVICES: Final = frozenset({"desktop", "mobile", "tablet", "bot", "other"})
"""Classes of devices."""


class Device(msgspec.Struct, frozen=True, omit_defaults=True):
    """Kind of browser: class (one of `DEVICES`) and family."""

    kind: str
    browser: str

    @property
    def is_bot(self) -> bool:
        """True for a known bot: its signals are answered and not recorded."""
        return self.kind == "bot"


class Joined(msgspec.Struct, frozen=True):
    """Number of an incentive programme on the site, and True if it was joined, False if it was left."""

    number: Annotated[int, msgspec.Meta(ge=0, le=7)]
    do: str


class _About(TypedDict):
    """Members that every entry is made with."""

    id: str
    site: str
    subject: str
    at: int
    v: int
    device: Device | None


class _Entry(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="kind", kw_only=True):
    """Members of every entry.

    `id`: name of the entry. `subject`: number of the visitor or consumer, in hex. `at`: Unix seconds.
    """

    id: str
    site: str
    subject: str
    at: int
    v: int
    device: Device | None = None


class SignalEntry(_Entry, frozen=True, tag="signal"):
    """An opt-out preference signal on its first sight; `sources` as in `domain.signals`."""

    sources: list[str]


class DoubtEntry(_Entry, frozen=True, tag="doubt"):
    """A record begun after an identity was presented that could not be honoured."""


class ChoiceEntry(_Entry, frozen=True, tag="choice"):
    """A choice. `made_at` is the visitor's own clock: evidence that orders nothing."""

    method: str
    sale: str | None = None
    share: str | None = None
    sensitive: str | None = None
    age: str | None = None
    incentive: Joined | None = None
    # An enum, not a text: msgspec leaves out a default that is the same object, and a text read from bytes never is.
    step: Step = Step.ONLY
    notice: str | None = None
    lang: str | None = None
    made_at: str | None = None


class CarriedEntry(_Entry, frozen=True, tag="carried"):
    """A standing carried forward because entries that it rests on were dropped.

    `standing`: the whole record in hex, as `domain.standing.pack` writes it. `sale`, `share` and `sensitive`
    repeat its decisions for readers.
    """

    standing: str
    sale: str | None = None
    share: str | None = None
    sensitive: str | None = None


class SuppressedEntry(_Entry, frozen=True, tag="suppressed"):
    """A record begun by an erased visitor, and the rights denied in it until it is confirmed."""

    sale: str
    share: str
    sensitive: str | None = None


class ErasedEntry(_Entry, frozen=True, tag="erased"):
    """Erasure of the record with this number. Nobody can tell any more whose record it was."""


Entry = SignalEntry | DoubtEntry | ChoiceEntry | CarriedEntry | SuppressedEntry | ErasedEntry


KINDS: Final = frozenset(str(kind.__struct_config__.tag) for kind in get_args(Entry))
"""The kinds of entries: what stands under `kind`."""


class Evidence(msgspec.Struct, frozen=True):
    """Circumstances of a fact. None of them changes the effect of the fact."""

    device: Device | None = None
    notice: str | None = None
    lang: str | None = None
    made_at: str | None = None


class EntryUnreadable(LedgerError):
    """Bytes that are not an entry of a version that this code can read."""


def entry_of(fact: Fact, *, entry_id: str, site: str, subject: bytes, evidence: Evidence) -> Entry:
    """Return the entry that records this fact."""
    about = _About(
        id=entry_id, site=site, subject=subject.hex(), at=fact.at, v=VERSION, device=evidence.device
    )
    if isinstance(fact, SignalSeen):
        return SignalEntry(**about, sources=fact.sources.source_words)
    if isinstance(fact, DoubtRaised):
        return DoubtEntry(**about)
    if isinstance(fact, Carried):
        return CarriedEntry(**about, standing=pack(fact.standing).hex(), **_decision_words(fact.standing))
    if isinstance(fact, Suppressed):
        limit = "limit" if fact.sensitive else None
        return SuppressedEntry(**about, sale="opt_out", share="opt_out", sensitive=limit)
    if isinstance(fact, Erased):
        return ErasedEntry(**about)
    return ChoiceEntry(
        **about,
        method=fact.method.word,
        sale=None if fact.sale is None else _OPT_NAMES[fact.sale],
        share=None if fact.share is None else _OPT_NAMES[fact.share],
        sensitive=None if fact.sensitive is None else _LIMIT_NAMES[fact.sensitive],
        age=None if fact.age is None else fact.age.word,
        incentive=_joined_of(fact.incentive),
        step=fact.step,
        notice=evidence.notice,
        lang=evidence.lang,
        made_at=evidence.made_at,
    )


def encode(entry: Entry) -> bytes:
    """Return the canonical bytes of the entry."""
    return _encoder.encode(entry)


def decode(data: bytes) -> Entry:
    """Return the entry of its canonical bytes: the inverse of `encode`, and of nothing else.

    Raises `EntryUnreadable`, NotCanonical, FormatNewer.
    """
    canonical.refuse_newer(data, VERSION)
    try:
        entry: Entry = canonical.read(data, _decoder, _encoder)
    except Unreadable as error:
        raise EntryUnreadable(
            f"unreadable ledger entry of {len(data)} bytes; this service reads version {VERSION}: {error}"
        ) from error
    return entry


def digest_of(data: bytes) -> str:
    """Return the SHA-256 of an entry's canonical bytes, in hex."""
    return hashlib.sha256(data).hexdigest()


def fact_of(entry: Entry) -> Fact:
    """Return the fact that an entry records. Raises `EntryUnreadable` for a word that this version does not know."""
    try:
        if isinstance(entry, SignalEntry):
            return SignalSeen(entry.at, _sources_of(entry.sources))
        if isinstance(entry, DoubtEntry):
            return DoubtRaised(entry.at)
        if isinstance(entry, CarriedEntry):
            return Carried(entry.at, unpack(bytes.fromhex(entry.standing)))
        if isinstance(entry, SuppressedEntry):
            return Suppressed(entry.at, entry.sensitive is not None)
        if isinstance(entry, ErasedEntry):
            return Erased(entry.at)
        return ChoiceMade(
            at=entry.at,
            method=METHODS[entry.method],
            sale=None if entry.sale is None else OPT_WORDS[entry.sale],
            share=None if entry.share is None else OPT_WORDS[entry.share],
            sensitive=None if entry.sensitive is None else LIMIT_WORDS[entry.sensitive],
            age=None if entry.age is None else AGE_BANDS[entry.age],
            incentive=None
            if entry.incentive is None
            else Incentive(entry.incentive.number, entry.incentive.do == "join"),
            step=entry.step,
        )
    except (KeyError, ValueError) as error:
        raise EntryUnreadable(f"entry {entry.id} holds {error}, which this version does not know") from error


def standing_of(payloads: Iterable[bytes]) -> Standing:
    """Return the standing that results from one visitor's entries, in order (design rule 6)."""
    return fold_facts(fact_of(decode(payload)) for payload in payloads)


# --- receipts -------------------------------------------------------------------------------------

_RECEIPT_ID: Final = re.compile(
    r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.([0-9]{2,4})\.([1-9][0-9]{0,15})"
)


class ReceiptTarget(NamedTuple):
    """The entry that a receipt's id names: a position in a shard's log."""

    entry: str
    shard: str
    sequence: int


def receipt_id(entry_id: str, shard: str, sequence: int) -> str:
    """Return the id of the receipt for a committed entry."""
    return f"{entry_id}.{shard.rpartition('.')[2]}.{sequence}"


def parse_receipt_id(site: str, receipt: str) -> ReceiptTarget | None:
    """Return the entry that a receipt's id names: the inverse of `receipt_id`. None if the id is malformed."""
    match = _RECEIPT_ID.fullmatch(receipt)
    return None if match is None else ReceiptTarget(match[1], f"{site}.{match[2]}", int(match[3]))


# --- words ----------------------------------------------------------------------------------------

_OPT_NAMES: Final = {stance: word for word, stance in OPT_WORDS.items()}
_LIMIT_NAMES: Final = {stance: word for word, stance in LIMIT_WORDS.items()}

_encoder: Final = msgspec.json.Encoder(order="sorted")
_decoder: Final = msgspec.json.Decoder(Entry)


def _decision_words(standing: Standing) -> dict[str, str | None]:
    return {
        "sale": _OPT_NAMES.get(standing.sale.stance),
        "share": _OPT_NAMES.get(standing.share.stance),
        "sensitive": _LIMIT_NAMES.get(standing.sensitive.stance),
    }


def _sources_of(words: Iterable[str]) -> Sources:
    sources = Sources.NONE
    for word in words:
        sources |= Sources[word.upper()]
    return sources


def _joined_of(incentive: Incentive | None) -> Joined | None:
    if incentive is None:
        return None
    return Joined(incentive.number, "join" if incentive.joined else "leave")
