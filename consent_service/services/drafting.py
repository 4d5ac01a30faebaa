"""Drafting: one commit to one visitor's standing, put together from the plans of those who wait for it.

Callers say what to do as a plan over the standing as it is. Plans are folded one after the other; a request `id`
that was met before gets its first receipt again and records nothing. Touches no store.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import msgspec

from consent_service.domain.facts import ChoiceMade, Fact, apply
from consent_service.domain.records import VisitorRecord, pack_record, unpack_record
from consent_service.domain.standing import Standing, StandingUnreadable
from consent_service.domain.suppression import NOBODY, beginning
from consent_service.errors import RequestIdReused, StoreCorrupt
from consent_service.ledger import receipts
from consent_service.ledger.entries import Evidence, digest, encode, entry_of
from consent_service.services.ids import RandomIds
from consent_service.store.contract import Append, Change, Document, Key, Put
from consent_service.store.keys import LEDGER, request_name

_UNSEEN: Final = -1
"""The version of a record that is not committed yet: no nonce has seen it."""

REQUEST_MARK_SECONDS: Final = 30 * 86_400
"""How long a request `id` is remembered: a queued opt-out may come that late."""


class Receipt(msgspec.Struct, frozen=True):
    """A visitor's proof of an entry: its id, when (Unix seconds), and SHA-256 of its canonical bytes.

    While it is drafted and in marks, `id` is the entry's own; what callers get also says where the entry is.
    """

    id: str
    at: int
    digest: str


class Planned(NamedTuple):
    """What a plan wants: facts to record, what is left to confirm, and an error to raise once they are."""

    facts: Sequence[Fact] = ()
    to_confirm: ChoiceMade | None = None
    refusal: Exception | None = None


Plan = Callable[[Standing | None, int], Planned]
"""From the standing (None = no record) and its version to what to do. Raises what the caller did wrong."""


class Work(NamedTuple):
    """One caller's change to one visitor's standing.

    `request`: the call's `id` (16 bytes) and a digest of what it asked; None = not repeatable. `minted`: the
    visitor's id was made by this call, so most likely there is no record yet.
    """

    site: str
    visitor_id: bytes
    plan: Plan
    now: int
    evidence: Evidence
    request: tuple[bytes, bytes] | None = None
    minted: bool = False


class Written(NamedTuple):
    """What stands after the work: record, version, the receipt of its last entry, and the plan's outcome.

    `overtaken`: another change to the same visitor was committed right behind this one.
    """

    standing: Standing | None
    version: int
    receipt: Receipt | None
    planned: Planned
    overtaken: bool = False


class _Mark(msgspec.Struct, frozen=True, array_like=True):
    """What is remembered of a request `id`."""

    asked: bytes
    receipt: Receipt | None


class Waiting(NamedTuple):
    work: Work
    done: asyncio.Future[Written]


class _Outcome(NamedTuple):
    """What a plan came to. `recorded`: the version of the commit that its receipt speaks of, 0 = this one's."""

    waiting: Waiting
    planned: Planned
    receipt: Receipt | None
    entries_then: int
    recorded: int = 0


def mark_name(key: Key, work: Work) -> bytes | None:
    """Where the request's mark lies, beside the standing; None when the request can't be repeated."""
    return None if work.request is None else request_name(key.name, work.request[0])


class Draft:
    """One commit being put together."""

    def __init__(self, key: Key, found: Document | None, ids: RandomIds) -> None:
        record = None if found is None else _record(found)
        self.key = key
        self._ids = ids
        self._erased = record is not None and record.subject == NOBODY
        self.version = found.version if found else 0
        self.subject = ids.draw() if record is None or self._erased else record.subject
        self.standing = None if record is None else record.standing
        self.expect = {key.name: self.version}
        self.marks: list[Put] = []
        self.repeats = False
        """Whether somebody gets a receipt again: that says once more that the choice is durable."""
        self._marked: dict[bytes, _Mark] = {}
        self.entries: list[Append] = []
        self.outcomes: list[_Outcome] = []

    def add(self, waiting: Waiting, mark: Document | None) -> None:
        """Run one plan on the standing so far; a mark that is there already makes it a repetition."""
        work = waiting.work
        name = mark_name(self.key, work)
        known = self._known(name, work, mark)
        # Behind another change of this very draft the record is no longer what anybody has seen.
        planned = work.plan(self.standing, _UNSEEN if self.entries else self.version)
        if known is not None:
            self.repeats = True
            planned = planned._replace(facts=(), refusal=None)
            version = 0 if mark is None else mark.version
            self.outcomes.append(_Outcome(waiting, planned, known.receipt, len(self.entries), version))
            return
        receipt = self._record(work, planned.facts)
        if receipt is not None:
            self._mark(name, work, receipt)
        self.outcomes.append(_Outcome(waiting, planned, receipt, len(self.entries)))

    def _known(self, name: bytes | None, work: Work, found: Document | None) -> _Mark | None:
        if name is None or work.request is None:
            return None
        known = self._marked.get(name)
        if known is None and found is not None:
            known = msgspec.msgpack.decode(found.value, type=_Mark)
        if known is not None and known.asked != work.request[1]:
            raise RequestIdReused(
                "this id was used before for something else; make a new id for a new choice"
            )
        return known

    def _mark(self, name: bytes | None, work: Work, receipt: Receipt) -> None:
        if name is None or work.request is None:
            return
        mark = self._marked[name] = _Mark(work.request[1], receipt)
        self.expect[name] = 0
        expires_at = work.now + REQUEST_MARK_SECONDS
        self.marks.append(Put(name, msgspec.msgpack.encode(mark), expires_at))

    def _record(self, work: Work, facts: Sequence[Fact]) -> Receipt | None:
        receipt = None
        for fact in [*self._beginning(work), *facts] if facts else ():
            self.standing = apply(self.standing or Standing(), fact)
            entry = entry_of(
                fact,
                entry_id=str(self._ids.next()),
                site=work.site,
                subject=self.subject,
                evidence=work.evidence,
            )
            payload = encode(entry)
            self.entries.append(Append(LEDGER, payload))
            receipt = Receipt(entry.id, entry.at, digest(payload))
        return receipt

    def _beginning(self, work: Work) -> list[Fact]:
        """What a record begins with in place of one that was erased: its denials, under a new number (rule 8)."""
        if not self._erased or self.standing is None:
            return []
        suppression, self.standing, self._erased = self.standing, None, False
        return [beginning(suppression, work.now)]

    def change(self) -> Change:
        assert self.standing is not None  # there are entries, so there is a standing
        record = Put(self.key.name, pack_record(VisitorRecord(self.subject, self.standing)))
        return Change(self.key.shard, expect=self.expect, put=[record, *self.marks], append=self.entries)

    def settle(self, version: int) -> None:
        """Tell everybody what stands now."""
        for waiting, planned, receipt, entries_then, recorded in self.outcomes:
            if waiting.done.done():
                continue
            if planned.refusal is not None:
                waiting.done.set_exception(planned.refusal)
                continue
            overtaken = len(self.entries) > entries_then
            if receipt is not None:
                place = receipts.receipt_id(receipt.id, self.key.shard, recorded or version)
                receipt = Receipt(place, receipt.at, receipt.digest)
            waiting.done.set_result(Written(self.standing, version, receipt, planned, overtaken))


def _record(found: Document) -> VisitorRecord:
    try:
        return unpack_record(found.value)
    except StandingUnreadable as error:
        raise StoreCorrupt(f"the visitor's record can't be read: {error}") from error
