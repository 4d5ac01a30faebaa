"""Restoring as a use case, over a store that the real service filled."""

from __future__ import annotations

from pathlib import Path

import pytest

from consent_service.errors import LedgerError, StoreUnavailable
from consent_service.identity.keys import DAY, encode_ring, new_ring
from consent_service.ledger.archive import checkpoint_name, segment_name
from consent_service.services.erasure.visitors import Target, VisitorErasure
from consent_service.store.sqlite import backup
from tests.support.installations import Installation, choose, kinds
from tests.web.visitor.test_receipts import seal


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    return Installation(tmp_path)


@pytest.fixture
def saved(installation: Installation) -> Path:
    """A backup that holds one visitor, who has been erased since."""
    token = installation.serve(choose)["visitor"]
    installation.serve(seal)
    saved = installation.folder / "saved.db"
    backup(installation.store, saved)

    async def erase(erasure: VisitorErasure) -> None:
        await erasure.erase_found(await erasure.find_visitor(Target("acme", visitor=token)))

    installation.erasing(erase)
    return saved


@pytest.mark.parametrize("later", [None, 0, 90 * DAY], ids=["in the log", "sealed", "trimmed"])
def test_rule_8_a_visitor_erased_since_the_backup_is_erased_again(
    installation: Installation, saved: Path, later: int | None
) -> None:
    if later is not None:
        installation.serve(seal)
        installation.serve(lambda service: seal(service, later))
    restored, replaced = installation.restore(saved)
    assert (restored.erased_again, restored.doubt, restored.ring_warnings) == (1, "", [])
    assert [path is not None and path.is_file() for path in replaced] == [True]
    assert installation.serve(kinds) == ["ChoiceEntry", "ErasedEntry"]


@pytest.mark.parametrize("hole", ["folder", "empty", "checkpoint"])
def test_rule_8_an_archive_that_is_not_whole_never_says_that_nothing_is_left(
    installation: Installation, saved: Path, hole: str
) -> None:
    installation.serve(seal)
    installation.serve(choose)
    installation.serve(seal)
    installation.store.unlink()  # with the machine
    if hole == "checkpoint":
        (installation.archive / checkpoint_name("acme", 2)).unlink()
    else:
        installation.archive.rename(installation.folder / "elsewhere")
        if hole == "empty":
            installation.archive.mkdir()
    restored, replaced = installation.restore(saved)
    assert (restored.erased_again, replaced) == (0, [None])
    assert restored.doubt
    with pytest.raises(LedgerError):
        installation.erasing(lambda erasure: erasure.find_archived(["acme"]))


def test_rule_8_an_archive_that_lacks_what_the_store_before_had_sealed_is_a_doubt(
    installation: Installation, saved: Path
) -> None:
    installation.serve(seal)
    installation.serve(lambda service: seal(service, 90 * DAY))  # the log forgets the erasure
    for name in (checkpoint_name("acme", 2), segment_name("acme", 2)):
        (installation.archive / name).unlink()
    restored, _ = installation.restore(saved)
    assert "checkpoint 2 of at least 2" in restored.doubt


def test_a_backup_that_is_not_there_changes_nothing(installation: Installation, saved: Path) -> None:
    before = installation.store.read_bytes()
    with pytest.raises(StoreUnavailable, match=r"none\.db"):
        installation.restore(installation.folder / "none.db")
    assert installation.store.read_bytes() == before


def test_a_backup_from_under_another_key_ring_is_a_warning(installation: Installation, saved: Path) -> None:
    other = encode_ring(new_ring(1_795_341_600, b"b" * 32, b"i" * 32))
    (installation.folder / "keys.json").write_text(other)
    restored, _ = installation.restore(saved)
    (warning,) = restored.ring_warnings
    assert warning.startswith("`serve` will refuse the restored store: this key ring is not the one")
    assert "key ring" in restored.doubt
