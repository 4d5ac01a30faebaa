"""Erasing at the command line, over a store that the real service filled."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TypeVar

import pytest
from typer.testing import CliRunner, Result

from consent_service.cli.main import app
from consent_service.errors import LedgerError
from consent_service.identity.key_ring import DAY
from consent_service.identity.signatures import StatementSigner
from consent_service.ledger.archive import FolderArchive
from consent_service.ledger.object_names import checkpoint_name
from consent_service.ledger.verification import verify
from consent_service.store.sqlite import backup, restore
from tests.support.application import Running
from tests.support.configuration import RING
from tests.support.installations import Installation, choose, kinds
from tests.web.visitor.test_receipts import seal

T = TypeVar("T")


class Place(Installation):
    """An installation, and the commands that its operator runs."""

    def ledger(self, *arguments: str, typed: str = "") -> Result:
        config = ["--config", str(self.folder / "consent.toml")]
        return CliRunner(env=self.env).invoke(app, ["ledger", *arguments, *config], input=typed)

    def imports(self, tool: str, text: str) -> None:
        """Import this export of a tool that the site had before."""
        self.name_tool(tool)
        self.import_export(tool, text)

    def run_restore(self, saved: Path) -> Result:
        arguments = ["restore", str(saved), "--config", str(self.folder / "consent.toml")]
        return CliRunner(env=self.env).invoke(app, arguments)

    def doctor(self) -> str:
        arguments = ["doctor", "--config", str(self.folder / "consent.toml")]
        return CliRunner(env=self.env).invoke(app, arguments).stdout

    def erase(self, *arguments: str, typed: str = "") -> str:
        result = self.ledger("erase", *arguments, typed=typed)
        assert result.exit_code == 0, result.output
        return result.stdout


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_erase_shows_what_is_on_record_and_asks_first(place: Place) -> None:
    token = place.serve(choose)["visitor"]
    for said in (
        place.erase("--site", "acme", "--visitor", token, "--dry-run"),
        place.erase("--site", "acme", "--visitor", token, typed="n\n"),
    ):
        assert "acme: number " in said
        assert ": sale opted_out since 20" in said
        assert "1 requests remembered" in said
        assert said.endswith("nothing was erased\n")
    assert place.serve(kinds) == ["ChoiceEntry"]
    assert "erased 1" in place.erase("--site", "acme", "--visitor", token, typed="y\n")
    assert place.serve(kinds) == ["ChoiceEntry", "ErasedEntry"]
    flag = place.serve(lambda service: service.flag(visitor=token))
    assert (flag["sale"], flag["basis"]) == ("denied", "choice")


@pytest.mark.parametrize("later", [None, 0, 90 * DAY], ids=["in the log", "sealed", "trimmed"])
def test_a_receipt_names_the_visitor_to_erase(place: Place, later: int | None) -> None:
    answer = place.serve(choose)
    if later is not None:
        place.serve(seal)
        place.serve(lambda service: seal(service, later))
    receipt = answer["receipt"]["id"]
    assert "erased 1" in place.erase("--site", "acme", "--receipt", receipt, "--yes")
    for end in ("--yes", "--dry-run"):
        said = place.erase("--site", "acme", "--receipt", receipt, end)
        assert said.endswith("nothing is left to erase: no record has the number of this receipt any more\n")
    assert place.serve(lambda service: service.flag(visitor=answer["visitor"]))["basis"] == "choice"


def test_an_id_may_be_given_in_hexadecimal_and_twice(place: Place) -> None:
    token = place.serve(choose)["visitor"]

    async def visitor(service: Running) -> str:
        return service.visitor_id(token).hex()

    given = ("--site", "acme", "--visitor", place.serve(visitor).upper(), "--yes")
    assert "erased 1" in place.erase(*given)
    assert place.erase(*given) == "acme: erased before\nnothing is left to erase\n"
    assert "acme: no record, only the id" in place.erase("--site", "acme", "--visitor", "0" * 32, "--yes")


@pytest.mark.parametrize("tool", ["onetrust", "OptanonConsent"])
def test_what_an_import_made_is_erased_by_the_tool_s_id(place: Place, tool: str) -> None:
    place.imports("onetrust", "id,sale_share\na:1,opt_out\n")
    given = ("--site", "acme", "--imported", f"{tool}:a:1")
    assert "acme: number " in place.erase(*given, "--dry-run")
    assert "erased 1" in place.erase(*given, "--yes")
    assert place.erase(*given, "--yes") == "acme: erased before\nnothing is left to erase\n"
    assert place.serve(kinds) == ["ChoiceEntry", "ErasedEntry"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--site", "acme"], "exactly one of"),
        (["--site", "acme", "--again", "--receipt", "x"], "exactly one of"),
        (["--site", "other", "--visitor", "0" * 32], "there is no site 'other'"),
        (["--site", "acme", "--visitor", "nobody's"], "neither a visitor token of 'acme'"),
        (["--site", "acme", "--receipt", "none"], "no entry of this site"),
    ],
)
def test_an_erasure_that_can_t_be_done_is_refused_with_the_reason(
    place: Place, given: list[str], said: str
) -> None:
    place.serve(choose)
    result = place.ledger("erase", *given, "--yes")
    assert result.exit_code != 0
    assert said in result.output + str(result.exception)
    assert place.serve(kinds) == ["ChoiceEntry"]


def test_rule_8_what_a_restored_backup_brings_back_is_erased_again(place: Place) -> None:
    answer, saved = place.serve(choose), place.folder / "saved.db"
    store = place.folder / "consent.db"
    place.serve(seal)
    backup(store, saved)
    place.erase("--site", "acme", "--visitor", answer["visitor"], "--yes")
    place.serve(seal)
    restore(saved, store, now=time.time())
    assert "acme: a restored backup has undone 1 erasures" in place.doctor()
    said = place.erase("--again", "--dry-run")
    assert "acme: number " in said
    assert said.endswith("nothing was erased\n")
    assert "erased 1" in place.erase("--again", "--yes")
    assert "a restored backup" not in place.doctor()
    assert place.erase("--again", "--yes") == "nothing is left to erase\n"
    flag = place.serve(lambda service: service.flag(visitor=answer["visitor"]))
    assert (flag["sale"], flag["basis"]) == ("denied", "choice")
    place.serve(seal)
    report = verify(FolderArchive(place.folder / "archive"), StatementSigner(RING).public_keys())
    assert (report.findings, report.entries) == ([], 3)


@pytest.mark.parametrize("sealed", [False, True], ids=["not sealed yet", "sealed and trimmed"])
def test_rule_8_restoring_a_backup_erases_again_whoever_was_erased_since(
    place: Place, *, sealed: bool
) -> None:
    token, saved = place.serve(choose)["visitor"], place.folder / "saved.db"
    backup(place.folder / "consent.db", saved)
    place.erase("--site", "acme", "--visitor", token, "--yes")
    if sealed:
        place.serve(seal)
        place.serve(lambda service: seal(service, 90 * DAY))
    restored = place.run_restore(saved)
    assert restored.exit_code == 0, restored.output
    assert "erased again: 1 who were erased since the backup" in restored.stdout
    assert "restored backup" not in place.doctor()
    assert "acme: erased before" in place.erase("--site", "acme", "--visitor", token, "--dry-run")


@pytest.mark.parametrize("hole", ["folder", "empty", "head"])
def test_rule_8_an_archive_that_is_not_whole_never_says_that_nothing_is_left(place: Place, hole: str) -> None:
    archive, saved = place.folder / "archive", place.folder / "saved.db"
    token = place.serve(choose)["visitor"]
    place.serve(seal)
    backup(place.folder / "consent.db", saved)
    place.erase("--site", "acme", "--visitor", token, "--yes")
    place.serve(seal)
    place.serve(choose)
    place.serve(seal)
    (place.folder / "consent.db").unlink()  # with the machine
    if hole == "head":
        (archive / checkpoint_name("acme", 2)).unlink()
    else:
        archive.rename(place.folder / "elsewhere")
        if hole == "empty":
            archive.mkdir()
    restored = place.run_restore(saved)
    assert "may hold more visitors who were erased" in restored.stderr
    assert "It can't be told whether everybody erased still is." in place.doctor()
    again = place.ledger("erase", "--again", "--yes")
    assert again.exit_code == 1
    assert isinstance(again.exception, LedgerError)


def test_a_visitor_s_entries_are_exported_by_token_until_they_are_erased(place: Place) -> None:
    token = place.serve(choose)["visitor"]
    place.serve(seal)
    export = ("export", str(place.folder / "archive"), "--site", "acme")
    mine = place.ledger(*export, "--visitor", token)
    assert (mine.exit_code, mine.stdout.count("opt_out")) == (0, 2)
    number = mine.stdout.partition('"subject":"')[2].partition('"')[0]
    place.erase("--site", "acme", "--visitor", token, "--yes")
    place.serve(seal)
    gone = place.ledger(*export, "--visitor", token)
    assert gone.exit_code == 1
    assert "no record of this visitor" in str(gone.exception)
    left = place.ledger(*export, "--subject", number).stdout.splitlines()
    assert ['"kind":"choice"' in left[0], '"kind":"erased"' in left[1], len(left)] == [True, True, 2]


def test_an_erasure_of_what_the_backup_never_held_is_no_fault_once_looked_at(place: Place) -> None:
    saved, store = place.folder / "saved.db", place.folder / "consent.db"
    place.serve(kinds)
    backup(store, saved)
    place.erase("--site", "acme", "--visitor", place.serve(choose)["visitor"], "--yes")
    place.serve(seal)
    restore(saved, store, now=time.time())
    assert "has undone 1 erasures" in place.doctor()
    assert place.erase("--again", "--yes") == "nothing is left to erase\n"
    assert "has undone" not in place.doctor()
