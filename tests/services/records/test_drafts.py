"""One commit put together from several plans: what an earlier one changes, a later one has not seen."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent_service.domain.facts import ChoiceMade, Incentive, SignalSeen, fold_facts
from consent_service.domain.flags import FlagTerms
from consent_service.domain.signals import Sources
from consent_service.domain.standing import VisitorRecord, pack_record
from consent_service.domain.words import AgeBand, Right, Stance
from consent_service.errors import ConfirmationInvalid
from consent_service.ledger.entries import Evidence
from consent_service.services.records.drafts import (
    Draft,
    Plan,
    Planned,
    RandomIds,
    Waiting,
    Work,
    Written,
    mark_name,
)
from consent_service.services.records.idempotency import IdempotencyKey
from consent_service.services.sites import Site
from consent_service.services.visitor.confirmations import PendingChoice
from consent_service.services.visitor.plans import Call, Subject, choice_plan, confirm_plan, digest_of
from consent_service.store.contract import Document, Key
from tests.support.clock import START

OUT = ChoiceMade(START, sale=Stance.OPTED_OUT, share=Stance.OPTED_OUT)
VISITOR, SUBJECT = bytes(16), bytes(range(16))
KEY = Key("acme.00", b"v" + VISITOR)
SITE = Site("acme", "Acme", frozenset(), ("us-ca",), FlagTerms("acme"))
CALL = Call(SITE, Sources.NONE, Evidence(), START)
SEEN_VERSION = 7
SUBJECT_KNOWN = Subject(VISITOR, minted=False, rejected=False)


def waiting(plan: Plan) -> Waiting:
    work = Work("acme", VISITOR, plan, START, Evidence())
    return Waiting(work, asyncio.get_running_loop().create_future())


def confirmation() -> Waiting:
    choice = ChoiceMade(START).opting_in([Right.SALE, Right.SHARE])
    opened = PendingChoice(VISITOR, SEEN_VERSION, choice, bytes(16), "https://shop.example", "en")
    return waiting(confirm_plan(CALL, SUBJECT_KNOWN, opened))


def draft() -> Draft:
    return Draft(
        KEY, Document(pack_record(VisitorRecord(SUBJECT, fold_facts([OUT]))), SEEN_VERSION), RandomIds()
    )


async def test_a_confirmation_without_a_change_before_it_is_recorded() -> None:
    confirm, found = confirmation(), draft()
    found.add(confirm, None)
    found.settle(SEEN_VERSION + 1)
    assert confirm.done.result().standing is not None
    assert found.standing is not None
    assert found.standing.sale.confirmed


@pytest.mark.parametrize(
    "fact", [OUT, SignalSeen(START, Sources.SCRIPT), ChoiceMade(START, sensitive=Stance.OPTED_OUT)]
)
async def test_rule_3_a_confirmation_behind_any_change_of_the_same_commit_is_dead(
    fact: ChoiceMade | SignalSeen,
) -> None:
    first, confirm, found = waiting(lambda _standing, _version: Planned([fact])), confirmation(), draft()
    found.add(first, None)
    found.add(confirm, None)
    found.settle(SEEN_VERSION + 1)
    assert first.done.result().overtaken is False
    with pytest.raises(ConfirmationInvalid):
        confirm.done.result()
    assert found.standing is not None
    assert found.standing.sale.stance is Stance.OPTED_OUT


async def test_two_confirmations_of_one_standing_are_one() -> None:
    one, other, found = confirmation(), confirmation(), draft()
    found.add(one, None)
    found.add(other, None)
    found.settle(SEEN_VERSION + 1)
    assert one.done.result().version == SEEN_VERSION + 1
    with pytest.raises(ConfirmationInvalid):
        other.done.result()


ASKED = ChoiceMade(START, sale=Stance.OPTED_IN)
KEY_OF_CALL = IdempotencyKey(bytes(range(16)), digest_of(ASKED))


def asking() -> Waiting:
    """A repeatable call that asks to opt in, which waits for the second step."""
    plan = choice_plan(CALL, SUBJECT_KNOWN, ASKED)
    return waiting(plan)._replace(work=waiting(plan).work._replace(key=KEY_OF_CALL))


def committed(found: Draft) -> tuple[Document, Document]:
    """The record and the mark of the one repeatable call, as this draft leaves them."""
    record, mark = found.change().put
    return Document(record.value, SEEN_VERSION + 1), Document(mark.value, SEEN_VERSION + 1)


@pytest.mark.parametrize("behind", [False, True])
async def test_rule_3_a_repeated_call_knows_of_a_change_after_it_in_its_own_commit(behind: bool) -> None:
    """Then the record still has the version of that commit, and a second step must not be taken for alive."""
    first, found = asking(), draft()
    found.add(first, None)
    if behind:
        found.add(waiting(lambda _standing, _version: Planned([OUT])), None)
    record, mark = committed(found)
    found.settle(SEEN_VERSION + 1)
    again, later = asking(), Draft(KEY, record, RandomIds())
    later.add(again, mark)
    assert later.entries == []
    later.settle(later.version)
    assert first.done.result().overtaken is again.done.result().overtaken is behind
    assert again.done.result().planned.to_confirm == ASKED
    assert again.done.result().receipt == first.done.result().receipt


async def test_rule_3_a_call_sent_twice_in_one_commit_is_overtaken_both_times_by_a_later_change() -> None:
    one, other, found = asking(), asking(), draft()
    found.add(one, None)
    found.add(other, None)
    found.add(waiting(lambda _standing, _version: Planned([OUT])), None)
    found.settle(SEEN_VERSION + 1)
    assert one.done.result().overtaken is other.done.result().overtaken is True
    assert one.done.result().receipt == other.done.result().receipt
    assert len(found.entries) == 2


Told = tuple[object, ...]
BODIES = (
    ChoiceMade(START, sale=Stance.OPTED_IN, share=Stance.OPTED_IN),
    ChoiceMade(START, sale=Stance.OPTED_OUT),
    ChoiceMade(START, sensitive=Stance.OPTED_IN, age=AgeBand.UNDER_13),
    ChoiceMade(START, age=AgeBand.ADULT),
    ChoiceMade(START, incentive=Incentive(1, joined=True)),
)
calls = st.tuples(st.integers(0, 7), st.sampled_from([Sources.NONE, Sources.HEADER, Sources.SCRIPT]))


class Shelf:
    """A store of one visitor, and what each of a few repeatable calls was told; call `n` asks `BODIES[n % 5]`."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.version = 0
        self.documents: dict[bytes, Document] = {}
        self.told: dict[int, Told] = {}

    def commit_together(self, batch: list[tuple[int, Sources]]) -> None:
        found = Draft(KEY, self.documents.get(KEY.name), RandomIds())
        waiting = [(number, self.add(found, number, signals)) for number, signals in batch]
        version = found.version
        if found.entries:
            version = self.version = self.version + 1
            self.documents.update({put.name: Document(put.value, version) for put in found.change().put})
        found.settle(version)
        for number, future in waiting:
            self.compare(number, future)

    def add(self, found: Draft, number: int, signals: Sources) -> asyncio.Future[Written]:
        asked = BODIES[number % len(BODIES)]
        plan = choice_plan(CALL._replace(signals=signals), SUBJECT_KNOWN, asked)
        work = Work(
            "acme", VISITOR, plan, START, Evidence(), IdempotencyKey(bytes([number]) * 16, digest_of(asked))
        )
        future: asyncio.Future[Written] = self.loop.create_future()
        name = mark_name(KEY, work)
        found.add(Waiting(work, future), None if name is None else self.documents.get(name))
        return future

    def compare(self, number: int, future: asyncio.Future[Written]) -> None:
        """The same as at first. A refusal that recorded nothing may become something else."""
        error = future.exception()
        if error is not None:
            told: Told = (type(error), str(error))
        else:
            written = future.result()
            assert written.receipt is not None
            told = (written.receipt, written.planned.to_confirm)
        marked = KEY.name + b"r" + bytes([number]) * 16 in self.documents
        assert self.told.get(number, told) == told
        if marked:
            self.told[number] = told


@given(st.lists(st.lists(calls, min_size=1, max_size=6), max_size=8))
def test_equal_calls_have_equal_outcomes_whatever_other_calls_come_between_them(
    batches: list[list[tuple[int, Sources]]],
) -> None:
    loop = asyncio.new_event_loop()
    try:
        shelf = Shelf(loop)
        for batch in batches:
            shelf.commit_together(batch)
        shelf.commit_together([(number, Sources.NONE) for number in shelf.told])
    finally:
        loop.close()
