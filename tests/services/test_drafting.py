"""One commit put together from several plans: what an earlier one changes, a later one has not seen."""

from __future__ import annotations

import asyncio

import pytest

from consent_service.domain.facts import ChoiceMade, SignalSeen, fold
from consent_service.domain.flags import FlagTerms
from consent_service.domain.records import VisitorRecord, pack_record
from consent_service.domain.signals import Sources
from consent_service.domain.words import Right, Stance
from consent_service.errors import ConfirmationInvalid
from consent_service.ledger.entries import Evidence
from consent_service.services.confirming import Opened
from consent_service.services.drafting import Draft, Plan, Planned, Waiting, Work
from consent_service.services.ids import RandomIds
from consent_service.services.planning import Caller, Subject, choice_plan, confirm_plan, digest_of
from consent_service.services.sites import Site
from consent_service.store.contract import Document, Key
from tests.running import START

OUT = ChoiceMade(START, sale=Stance.OPTED_OUT, share=Stance.OPTED_OUT)
VISITOR, SUBJECT = bytes(16), bytes(range(16))
KEY = Key("acme.00", b"v" + VISITOR)
SITE = Site("acme", "Acme", frozenset(), ("us-ca",), FlagTerms("acme"))
CALLER = Caller(SITE, (), Sources.NONE, Evidence(), START)
SEEN_VERSION = 7


def waiting(plan: Plan) -> Waiting:
    work = Work("acme", VISITOR, plan, START, Evidence())
    return Waiting(work, asyncio.get_running_loop().create_future())


def confirmation() -> Waiting:
    choice = ChoiceMade(START).opting_in([Right.SALE, Right.SHARE])
    opened = Opened(VISITOR, SEEN_VERSION, choice, bytes(16), "https://shop.example", "en")
    return waiting(confirm_plan(CALLER, Subject(VISITOR, minted=False, unhonoured=False), opened))


def draft() -> Draft:
    return Draft(KEY, Document(pack_record(VisitorRecord(SUBJECT, fold([OUT]))), SEEN_VERSION), RandomIds())


async def test_a_confirmation_alone_is_taken() -> None:
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
REQUEST = (bytes(range(16)), digest_of(ASKED))


def asking() -> Waiting:
    """A repeatable call that asks to opt in, which waits for the second step."""
    plan = choice_plan(CALLER, Subject(VISITOR, minted=False, unhonoured=False), ASKED)
    return waiting(plan)._replace(work=waiting(plan).work._replace(request=REQUEST))


def committed(found: Draft) -> tuple[Document, Document]:
    """The record and the mark of the one repeatable call, as this draft leaves them."""
    record, mark = found.change().put
    return Document(record.value, SEEN_VERSION + 1), Document(mark.value, SEEN_VERSION + 1)


@pytest.mark.parametrize("behind", [False, True])
async def test_rule_3_met_again_a_call_knows_of_a_change_behind_it_in_its_own_commit(behind: bool) -> None:
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


async def test_rule_3_two_of_one_call_in_one_commit_are_both_overtaken_by_what_comes_behind_them() -> None:
    one, other, found = asking(), asking(), draft()
    found.add(one, None)
    found.add(other, None)
    found.add(waiting(lambda _standing, _version: Planned([OUT])), None)
    found.settle(SEEN_VERSION + 1)
    assert one.done.result().overtaken is other.done.result().overtaken is True
    assert one.done.result().receipt == other.done.result().receipt
    assert len(found.entries) == 2
