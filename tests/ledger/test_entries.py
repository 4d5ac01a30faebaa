"""Entries: canonical bytes, and the fold of the log."""

from __future__ import annotations

import json
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent_service.domain.facts import ChoiceMade, Fact, Incentive, SignalSeen, fold_facts
from consent_service.domain.signals import Sources
from consent_service.domain.words import AgeBand, Method, Stance
from consent_service.ledger.canonical import FormatNewer, NotCanonical
from consent_service.ledger.entries import (
    Device,
    EntryUnreadable,
    Evidence,
    ReceiptTarget,
    decode,
    digest_of,
    encode,
    entry_of,
    fact_of,
    parse_receipt_id,
    receipt_id,
    standing_of,
)
from consent_service.ledger.entry_check import check_entry
from tests.domain.strategies import carried, erasures, facts

SUBJECT = bytes(range(16))
EVIDENCE = Evidence(
    Device("mobile", "Firefox"), notice="2026-01", lang="en", made_at="2026-11-22T10:00:00+00:00"
)


def payload(fact: Fact, evidence: Evidence = EVIDENCE) -> bytes:
    return encode(
        entry_of(fact, entry_id=str(uuid.UUID(int=7)), site="acme", subject=SUBJECT, evidence=evidence)
    )


@given(facts() | carried() | erasures())
def test_an_entry_gives_its_fact_back(fact: Fact) -> None:
    assert fact_of(decode(payload(fact))) == fact


@given(st.lists(facts() | carried() | erasures(), max_size=10))
def test_rule_6_the_fold_of_the_log_is_the_standing(found: list[Fact]) -> None:
    assert standing_of(payload(fact) for fact in found) == fold_facts(found)


@given(facts() | carried() | erasures())
def test_the_bytes_of_an_entry_are_canonical_json(fact: Fact) -> None:
    data = payload(fact)
    again = json.dumps(json.loads(data), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert data == again
    assert encode(decode(data)) == data


def test_a_signal_entry_is_written_byte_by_byte_as_documented() -> None:
    assert payload(SignalSeen(1_763_805_600, Sources.HEADER | Sources.SCRIPT), Evidence()) == (
        b'{"at":1763805600,"id":"00000000-0000-0000-0000-000000000007","kind":"signal","site":"acme",'
        b'"sources":["header","script"],"subject":"000102030405060708090a0b0c0d0e0f","v":2}'
    )


def test_a_choice_entry_is_written_byte_by_byte_as_documented() -> None:
    choice = ChoiceMade(
        1_763_805_600,
        Method.BANNER,
        sale=Stance.OPTED_OUT,
        share=Stance.OPTED_OUT,
        sensitive=Stance.OPTED_IN,
        age=AgeBand.ADULT,
        incentive=Incentive(3, False),
    )
    assert payload(choice) == (
        b'{"age":"18_plus","at":1763805600,"device":{"browser":"Firefox","kind":"mobile"},'
        b'"id":"00000000-0000-0000-0000-000000000007","incentive":{"do":"leave","number":3},"kind":"choice",'
        b'"lang":"en","made_at":"2026-11-22T10:00:00+00:00","method":"banner","notice":"2026-01",'
        b'"sale":"opt_out","sensitive":"lift","share":"opt_out","site":"acme",'
        b'"subject":"000102030405060708090a0b0c0d0e0f","v":2}'
    )


def test_a_digest_is_sha_256_of_the_bytes() -> None:
    assert digest_of(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize("data", [b"", b"{}", b'{"kind":"unheard"}', b"\xff", b'{"kind":"signal","at":"x"}'])
def test_bytes_that_are_no_entry_are_refused(data: bytes) -> None:
    with pytest.raises(EntryUnreadable, match="unreadable ledger entry"):
        decode(data)


def test_a_word_of_another_version_is_an_error_and_never_a_guess() -> None:
    data = payload(ChoiceMade(5, Method.BANNER, sale=Stance.OPTED_OUT)).replace(b"opt_out", b"opt_sideways")
    with pytest.raises(EntryUnreadable, match="opt_sideways"):
        fact_of(decode(data))


def test_entries_of_the_first_layout_are_refused_in_words() -> None:
    named = (
        b'{"at":1,"id":"7","kind":"doubt","site":"acme","v":1,"visitor":"000102030405060708090a0b0c0d0e0f"}'
    )
    with pytest.raises(EntryUnreadable, match=r"reads version 2.*missing required field `subject`"):
        decode(named)


def test_an_entry_leaves_out_the_usual_step_and_is_refused_with_it() -> None:
    data = payload(ChoiceMade(5, Method.BANNER, sale=Stance.OPTED_OUT))
    assert b'"step"' not in data
    with pytest.raises(NotCanonical):
        decode(data.replace(b'"subject"', b'"step":"only","subject"'))


def test_an_entry_of_a_newer_version_is_called_so() -> None:
    with pytest.raises(FormatNewer, match="format 3; this one reads 2"):
        decode(b'{"v":3,"whatever":[]}')


@given(facts() | carried() | erasures())
def test_every_fact_makes_an_entry_that_holds(fact: Fact) -> None:
    check_entry(decode(payload(fact)))


RECEIPT_ENTRY = "12345678-1234-4234-8234-123456789abc"


def test_a_receipt_says_where_its_entry_is() -> None:
    text = receipt_id(RECEIPT_ENTRY, "acme.07", 1234)
    assert parse_receipt_id("acme", text) == ReceiptTarget(RECEIPT_ENTRY, "acme.07", 1234)


@pytest.mark.parametrize(
    "text",
    [
        RECEIPT_ENTRY,
        f"{RECEIPT_ENTRY}.07",
        f"{RECEIPT_ENTRY}.07.0",
        f"{RECEIPT_ENTRY}.desk.5",
        f"{RECEIPT_ENTRY}.07.-5",
        f"x{RECEIPT_ENTRY}.07.5",
        f"{RECEIPT_ENTRY}.07.5\n",
    ],
)
def test_what_is_no_receipt_names_nothing(text: str) -> None:
    assert parse_receipt_id("acme", text) is None
