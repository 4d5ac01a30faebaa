"""Drafting: one commit to one visitor's standing, put together from the plans of those who wait for it.

Callers say what to do as a plan over the standing as it is. Plans are folded one after the other. A request `id`
that was met before gets its first outcome and receipt again, and its choice is not recorded twice. Touches no store.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import msgspec

from consent_service.domain.facts import ChoiceMade, Fact, apply_fact
from consent_service.domain.standing import Standing, StandingUnreadable
from consent_service.domain.suppression import NOBODY, first_fact_of
from consent_service.domain.visitor_record import VisitorRecord, pack_record, unpack_record
from consent_service.errors import StoreCorrupt
from consent_service.ledger import receipt_proofs
from consent_service.ledger.entries import Evidence, digest_of, encode, entry_of
from consent_service.services.records.idempotency import REQUEST_MARK_SECONDS, Mark, Outcome, Receipt, refusal
from consent_service.services.records.random_ids import RandomIds
from consent_service.services.visitor.confirmations import pack_choice, unpack_choice
from consent_service.store.contract import Append, Change, Document, Key, Put
from consent_service.store.names import LEDGER, request_name

_UNSEEN: Final = -1
"""The version of a record that is not committed yet: no nonce has seen it."""


class Planned(NamedTuple):
    """Outcome of a plan: facts to record, the pending part, and the refusal to raise once the facts are recorded."""

    facts: Sequence[Fact] = ()
    to_confirm: ChoiceMade | None = None
    refusal: Outcome | None = None


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

    @property
    def asked(self) -> bytes:
        """The digest of what a repeatable call asked."""
        return b"" if self.request is None else self.request[1]


class Written(NamedTuple):
    """Result of the work: record, version, the receipt of its last entry, and the plan's outcome.

    `overtaken`: another change to the same visitor was committed behind this one, so no second step may confirm
    what is left to confirm.
    """

    standing: Standing | None
    version: int
    receipt: Receipt | None
    planned: Planned
    overtaken: bool = False


class Waiting(NamedTuple):
    work: Work
    done: asyncio.Future[Written]


class _Done(NamedTuple):
    """Outcome of one call. `entries_then`: the number of entries in its commit so far.

    Of a call that was met before: `recorded` is the version of the commit that its receipt speaks of (0 = of this
    commit), `overtaken` is what its mark says.
    """

    waiting: Waiting
    planned: Planned
    receipt: Receipt | None
    entries_then: int
    recorded: int = 0
    overtaken: bool = False


def mark_name(key: Key, work: Work) -> bytes | None:
    """Return the name of the request's mark, beside the standing, or None when the request can't be repeated."""
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
        self.repeats = False
        """Whether somebody gets a receipt again: that says once more that the choice is durable."""
        self._marked: dict[bytes, _Done] = {}
        self.entries: list[Append] = []
        self.done: list[_Done] = []

    def add(self, waiting: Waiting, mark: Document | None) -> None:
        """Run one plan on the standing so far; a mark that is there already makes it a repetition."""
        work = waiting.work
        name = mark_name(self.key, work)
        # Behind another change of this very draft the record is no longer what anybody has seen.
        planned = work.plan(self.standing, _UNSEEN if self.entries else self.version)
        before = None if name is None else self._before(name, waiting, mark, planned)
        if before is not None:
            self.repeats = True
            self.done.append(before)
            # Its choice was recorded then. A signal or a doubt that only this call brings was not (design rule 1).
            self._record(work, [fact for fact in planned.facts if not isinstance(fact, ChoiceMade)])
            return
        receipt = self._record(work, planned.facts)
        done = _Done(waiting, planned, receipt, len(self.entries))
        self.done.append(done)
        if receipt is not None and name is not None:
            self._marked[name] = done
            self.expect[name] = 0

    def _before(
        self, name: bytes, waiting: Waiting, found: Document | None, planned: Planned
    ) -> _Done | None:
        """Return the outcome of the first call with this `id`, or None. A refusal if that call asked otherwise."""
        first = self._marked.get(name)
        if first is not None:
            asked, before = first.waiting.work.asked, first._replace(waiting=waiting)
        elif found is not None:
            mark = msgspec.msgpack.decode(found.value, type=Mark)
            then, behind = _planned_then(mark, planned, waiting.work.now), len(self.entries)
            asked = mark.asked
            before = _Done(waiting, then, mark.receipt, behind, found.version, mark.overtaken)
        else:
            return None
        if asked != waiting.work.asked:
            return _Done(waiting, Planned(refusal=Outcome.ID_REUSED), None, len(self.entries))
        return before

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
        assert self.standing is not None  # there are entries, so there is a standing
        record = Put(self.key.name, pack_record(VisitorRecord(self.subject, self.standing)))
        marks = [
            Put(name, msgspec.msgpack.encode(self._mark(done)), done.waiting.work.now + REQUEST_MARK_SECONDS)
            for name, done in self._marked.items()
        ]
        return Change(self.key.shard, expect=self.expect, put=[record, *marks], append=self.entries)

    def settle(self, version: int) -> None:
        """Tell everybody what stands now."""
        for done in self.done:
            waiting, planned, receipt = done.waiting, done.planned, done.receipt
            if waiting.done.done():
                continue
            if planned.refusal is not None:
                waiting.done.set_exception(refusal(planned.refusal))
                continue
            if receipt is not None:
                place = receipt_proofs.receipt_id(receipt.id, self.key.shard, done.recorded or version)
                receipt = Receipt(place, receipt.at, receipt.digest)
            overtaken = self._overtaken(done) or done.recorded not in (0, version)
            waiting.done.set_result(Written(self.standing, version, receipt, planned, overtaken))

    def _overtaken(self, done: _Done) -> bool:
        """Return True if another change stands behind the call in the commit that recorded it."""
        return done.overtaken or len(self.entries) > done.entries_then

    def _mark(self, done: _Done) -> Mark:
        """The mark of a call that this commit records."""
        planned, asked = done.planned, done.waiting.work.asked
        if planned.refusal is not None:
            return Mark(asked, None, planned.refusal)
        if planned.to_confirm is None:
            return Mark(asked, done.receipt, Outcome.RECORDED)
        waits = pack_choice(planned.to_confirm)
        return Mark(asked, done.receipt, Outcome.WAITS, waits, self._overtaken(done))


def _planned_then(mark: Mark, planned: Planned, now: int) -> Planned:
    """Return the first call's plan. `planned`: today's plan, for what the mark doesn't say."""
    outcome = mark.known_outcome
    if outcome is None:
        return Planned(to_confirm=planned.to_confirm)
    if outcome is Outcome.WAITS:
        return Planned(to_confirm=unpack_choice(mark.to_confirm, now))
    return Planned(refusal=None if outcome is Outcome.RECORDED else outcome)


def _record(found: Document) -> VisitorRecord:
    try:
        return unpack_record(found.value)
    except StandingUnreadable as error:
        raise StoreCorrupt(f"the visitor's record can't be read: {error}") from error
