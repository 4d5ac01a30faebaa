"""Erasure as a use case, over a store that the real service filled."""

from __future__ import annotations

import gzip
import time
from pathlib import Path

import pytest

from consent_service.errors import LedgerError, UnknownReceipt, UnknownSite
from consent_service.ledger import segments
from consent_service.ledger.archive import segment_name
from consent_service.services.erasure.visitors import Erasable, Target, VisitorErasure
from consent_service.store.sqlite import backup, restore
from tests.support.installations import Installation, choose, kinds
from tests.web.visitor.test_receipts import seal


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    return Installation(tmp_path)


def find(installation: Installation, target: Target) -> Erasable:
    return installation.erasing(lambda erasure: erasure.find_visitor(target))


def erase(installation: Installation, target: Target) -> None:
    async def find_and_erase(erasure: VisitorErasure) -> None:
        await erasure.erase_found(await erasure.find_visitor(target))

    installation.erasing(find_and_erase)


@pytest.mark.parametrize(
    ("target", "error", "sentence"),
    [
        (Target("other", visitor="0" * 32), UnknownSite, "there is no site 'other'; configured sites: acme"),
        (Target("acme", visitor="a1.b2"), LedgerError, "neither a visitor token of 'acme'"),
        (Target("acme", receipt="none"), UnknownReceipt, "no entry of this site"),
    ],
)
def test_a_target_that_names_no_visitor_is_refused(
    installation: Installation, target: Target, error: type[Exception], sentence: str
) -> None:
    installation.serve(choose)
    with pytest.raises(error, match=sentence):
        find(installation, target)


@pytest.mark.parametrize("slip", ["onetrust:a2", "cookiebot:a1", "onetrust", ":a1"])
def test_a_slip_in_an_imported_id_is_refused_and_leaves_no_trace(
    installation: Installation, slip: str
) -> None:
    installation.name_tool("onetrust")
    installation.import_export("onetrust", "id,sale_share\na1,opt_out\n")
    with pytest.raises(LedgerError, match="no import made a record of this id"):
        find(installation, Target("acme", imported=slip))
    assert installation.serve(kinds) == ["ChoiceEntry"]


def test_a_receipt_an_id_and_a_token_lead_to_one_visitor(installation: Installation) -> None:
    answer = installation.serve(choose)

    async def visitor_id(service: object) -> str:
        return service.visitor_id(answer["visitor"]).hex()  # type: ignore[attr-defined,no-any-return]

    by_id = find(installation, Target("acme", visitor=installation.serve(visitor_id)))
    by_token = find(installation, Target("acme", visitor=answer["visitor"]))
    by_receipt = find(installation, Target("acme", receipt=answer["receipt"]["id"]))
    assert by_id == by_token == by_receipt
    (found,) = by_id.remaining
    assert (found.site, len(found.stored.retry_marks)) == ("acme", 1)


def test_a_visitor_s_subject_number_is_gone_once_they_are_erased(installation: Installation) -> None:
    token = installation.serve(choose)["visitor"]
    assert len(installation.erasing(lambda erasure: erasure.read_subject("acme", token))) == 32
    erase(installation, Target("acme", visitor=token))
    assert installation.erasing(lambda erasure: erasure.read_subject("acme", token)) == ""
    assert installation.serve(kinds) == ["ChoiceEntry", "ErasedEntry"]


def test_rule_8_a_visitor_whom_a_backup_brought_back_is_found_by_the_archive(
    installation: Installation,
) -> None:
    token, saved = installation.serve(choose)["visitor"], installation.folder / "saved.db"
    backup(installation.store, saved)
    erase(installation, Target("acme", visitor=token))
    installation.serve(seal)
    restore(saved, installation.store, now=time.time())

    async def erase_archived(erasure: VisitorErasure) -> list[int]:
        erasable = await erasure.find_archived(["acme"])
        await erasure.erase_found(erasable)
        return [len(erasable.remaining), erasable.checkpoints["acme"]]

    assert [installation.erasing(erase_archived) for _ in range(2)] == [[1, 1], [0, 1]]
    assert find(installation, Target("acme", visitor=token)).remaining == []


def test_rule_8_nobody_is_erased_again_on_the_word_of_an_archive_that_was_changed(
    installation: Installation,
) -> None:
    token = installation.serve(choose)["visitor"]
    erase(installation, Target("acme", visitor=token))
    installation.serve(seal)
    segment = installation.archive / segment_name("acme", 1)
    lines = segments.unpack(segment.read_bytes())
    segment.write_bytes(gzip.compress(lines.replace(b'"v":2', b'"v":3'), mtime=0))
    with pytest.raises(LedgerError, match="run `ledger verify`"):
        installation.erasing(lambda erasure: erasure.find_archived(["acme"]))
