"""Drafts: one commit to one visitor's standing, made of the plans of all callers that wait for it.

A plan is a function of the standing on record. Plans are applied one after the other. A call whose idempotency key
has a mark already gets its first outcome and receipt again; its choice is not recorded twice. Touches no store.
"""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import msgspec

from consent_service.domain.facts import ChoiceMade, Fact, apply_fact
from consent_service.domain.standing import (
    Standing,
    StandingUnreadable,
    VisitorRecord,
    pack_record,
    unpack_record,
)
from consent_service.domain.suppression import NOBODY, first_fact_of
from consent_service.errors import StoreCorrupt
from consent_service.ledger.entries import Evidence, digest_of, encode, entry_of, receipt_id
from consent_service.services.records.idempotency import (
    MARK_SECONDS,
    CallOutcome,
    IdempotencyKey,
    Mark,
    Receipt,
    refusal,
)
from consent_service.services.visitor.confirmations import pack_choice, unpack_choice
from consent_service.store.contract import Append, Change, Document, Key, Put
from consent_service.store.names import LEDGER, request_name

_UNSEEN: Final = -1
"""Version of a record that is not committed yet: no nonce has seen it."""


_ID_BYTES: Final = 16
_DRAWN_TOGETHER: Final = 256


class RandomIds:
    """Source of random 128-bit ids for records, entries and visitors; each is given out once.

    Many are drawn from the system at once: drawing releases the interpreter's lock, which the thread of a busy store
    is slow to give back.
    """

    def __init__(self) -> None:
        self._drawn = b""
        self._at = 0

    def next(self) -> uuid.UUID:
        """Return a new version 4 UUID."""
        return uuid.UUID(bytes=self.draw(), version=4)

    def draw(self) -> bytes:
        """Return 16 random bytes."""
        if self._at >= len(self._drawn):
            self._drawn = os.urandom(_DRAWN_TOGETHER * _ID_BYTES)
            self._at = 0
        at, self._at = self._at, self._at + _ID_BYTES
        return self._drawn[at : at + _ID_BYTES]


class Planned(NamedTuple):
    """Result of a plan: facts to record, the part that waits for the second step, and the refusal to raise.

    The refusal is raised once the facts are recorded.
    """

    facts: Sequence[Fact] = ()
    to_confirm: ChoiceMade | None = None
    refusal: CallOutcome | None = None


Plan = Callable[[Standing | None, int], Planned]
"""Function of the standing (None = no record) and its version. Raises the caller's fault."""


class Work(NamedTuple):
    """One caller's change to one visitor's standing.

    `key`: None = the call is not repeatable. `minted`: this call made the visitor's id, so most likely there is no
    record yet.
    """

    site: str
    visitor_id: bytes
    plan: Plan
    now: int
    evidence: Evidence
    key: IdempotencyKey | None = None
    minted: bool = False

    @property
    def digest(self) -> bytes:
        """Digest of the choice in a repeatable call; b"" for any other."""
        return b"" if self.key is None else self.key.digest


class Written(NamedTuple):
    """Result of the work: record, version, the receipt of its last entry, and the plan's outcome.

    `overtaken`: a later change to the same visitor is committed already, so no second step may confirm what is left
    to confirm.
    """

    standing: Standing | None
    version: int
    receipt: Receipt | None
    planned: Planned
    overtaken: bool = False


class Waiting(NamedTuple):
    """Work that waits for its commit. `done` is resolved with its result."""

    work: Work
    done: asyncio.Future[Written]


class _Done(NamedTuple):
    """Result of one call in a draft. `entries_then`: number of entries in the draft behind it.

    For a repeated call: `recorded` is the version of the commit that its receipt proves (0 = this commit), and
    `overtaken` comes from its mark.
    """

    waiting: Waiting
    planned: Planned
    receipt: Receipt | None
    entries_then: int
    recorded: int = 0
    overtaken: bool = False


def mark_name(key: Key, work: Work) -> bytes | None:
    """Return the name of the mark of the call's idempotency key, beside the record; None if it has no key."""
    return None if work.key is None else request_name(key.name, work.key.id)


class Draft:
    """One commit being put together."""

    def __init__(self, key: Key, document: Document | None, ids: RandomIds) -> None:
        record = None if document is None else _record(document)
        self.key = key
        self._ids = ids
        self._erased = record is not None and record.subject == NOBODY
        self.version = document.version if document else 0
        self.subject = ids.draw() if record is None or self._erased else record.subject
        self.standing = None if record is None else record.standing
        self.expect = {key.name: self.version}  # 0 = there must be none
        self.repeats = False
        """True if a call gets its receipt again, which says once more that the choice is durable."""
        self._marked: dict[bytes, _Done] = {}
        self.entries: list[Append] = []
        self.done: list[_Done] = []

    def add(self, waiting: Waiting, mark: Document | None) -> None:
        """Run one plan on the standing so far. With a mark, the call is a repetition of the marked one."""
        work = waiting.work
        name = mark_name(self.key, work)
        # Behind another change in this draft, the record is none that any nonce has seen.
        planned = work.plan(self.standing, _UNSEEN if self.entries else self.version)
        first = None if name is None else self._first_call(name, waiting, mark, planned)
        if first is not None:
            self.repeats = True
            self.done.append(first)
            # Its choice was recorded then. A signal or a doubt that only this call brings was not (design rule 1).
            self._record(work, [fact for fact in planned.facts if not isinstance(fact, ChoiceMade)])
            return
        receipt = self._record(work, planned.facts)
        done = _Done(waiting, planned, receipt, len(self.entries))
        self.done.append(done)
        if receipt is not None and name is not None:
            self._marked[name] = done
            self.expect[name] = 0  # a mark by now: another process has done this call, so plan again

    def _first_call(
        self, name: bytes, waiting: Waiting, mark: Document | None, planned: Planned
    ) -> _Done | None:
        """Return the result of the first call with this key, or None. A refusal if that call made another choice."""
        drafted = self._marked.get(name)
        if drafted is not None:
            digest, first = drafted.waiting.work.digest, drafted._replace(waiting=waiting)
        elif mark is not None:
            stored = msgspec.msgpack.decode(mark.value, type=Mark)
            then, entries_then = _planned_then(stored, planned, waiting.work.now), len(self.entries)
            digest = stored.digest
            first = _Done(waiting, then, stored.receipt, entries_then, mark.version, stored.overtaken)
        else:
            return None
        if digest != waiting.work.digest:
            return _Done(waiting, Planned(refusal=CallOutcome.KEY_REUSED), None, len(self.entries))
        return first

    def _record(self, work: Work, facts: Sequence[Fact]) -> Receipt | None:
        receipt = None
        for fact in [*self._beginning(work), *facts] if facts else ():
            self.standing = apply_fact(self.standing or Standing(), fact)
            entry = entry_of(
                fact,
                entry_id=str(self._ids.next()),
                site=work.site,
                subject=self.subject,
                evidence=work.evidence,
            )
            payload = encode(entry)
            self.entries.append(Append(LEDGER, payload))
            receipt = Receipt(entry.id, entry.at, digest_of(payload))
        return receipt

    def _beginning(self, work: Work) -> list[Fact]:
        """Return the first facts of a record in place of an erased one: its denials, under a new number (rule 8)."""
        if not self._erased or self.standing is None:
            return []
        suppression, self.standing, self._erased = self.standing, None, False
        return [first_fact_of(suppression, work.now)]

    def change(self) -> Change:
        """Return the commit: the record, its entries, and the marks of its calls. There must be entries."""
        assert self.standing is not None  # entries make a standing
        record = Put(self.key.name, pack_record(VisitorRecord(self.subject, self.standing)))
        marks = [
            Put(name, msgspec.msgpack.encode(self._mark(done)), done.waiting.work.now + MARK_SECONDS)
            for name, done in self._marked.items()
        ]
        return Change(self.key.shard, expect=self.expect, put=[record, *marks], append=self.entries)

    def settle(self, version: int) -> None:
        """Resolve every waiting call with the committed record, or with its refusal."""
        for done in self.done:
            waiting, planned, receipt = done.waiting, done.planned, done.receipt
            if waiting.done.done():
                continue
            if planned.refusal is not None:  # raised only now: what the call brought besides is on record
                waiting.done.set_exception(refusal(planned.refusal))
                continue
            if receipt is not None:
                place = receipt_id(receipt.id, self.key.shard, done.recorded or version)
                receipt = Receipt(place, receipt.at, receipt.digest)
            # Repeated, it may also have been overtaken by later commits.
            overtaken = self._overtaken(done) or done.recorded not in (0, version)
            waiting.done.set_result(Written(self.standing, version, receipt, planned, overtaken))

    def _overtaken(self, done: _Done) -> bool:
        """Return True if a later change is in the commit that recorded the call."""
        return done.overtaken or len(self.entries) > done.entries_then

    def _mark(self, done: _Done) -> Mark:
        """Return the mark of a call that this commit records."""
        planned, digest_of_choice = done.planned, done.waiting.work.digest
        if planned.refusal is not None:
            return Mark(digest_of_choice, None, planned.refusal)
        if planned.to_confirm is None:
            return Mark(digest_of_choice, done.receipt, CallOutcome.RECORDED)
        pending = pack_choice(planned.to_confirm)
        return Mark(digest_of_choice, done.receipt, CallOutcome.WAITS, pending, self._overtaken(done))


def _planned_then(mark: Mark, planned: Planned, now: int) -> Planned:
    """Return the first call's plan. `planned`: the plan as of now, used if the mark does not hold the outcome."""
    outcome = mark.known_outcome
    if outcome is None:
        return Planned(to_confirm=planned.to_confirm)
    if outcome is CallOutcome.WAITS:
        return Planned(to_confirm=unpack_choice(mark.to_confirm, now))
    return Planned(refusal=None if outcome is CallOutcome.RECORDED else outcome)


def _record(document: Document) -> VisitorRecord:
    try:
        return unpack_record(document.value)
    except StandingUnreadable as error:
        raise StoreCorrupt(f"the visitor's record can't be read: {error}") from error
