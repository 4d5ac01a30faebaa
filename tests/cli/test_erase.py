"""Erasing at the command line, over a store that the real service filled."""

from __future__ import annotations

import asyncio
import gzip
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from typer.testing import CliRunner, Result

from consent_service.cli.main import app
from consent_service.errors import LedgerError
from consent_service.identity.keys import DAY
from consent_service.identity.signatures import Signer
from consent_service.ledger import segments
from consent_service.ledger.archive import FolderArchive, checkpoint_name, segment_name
from consent_service.ledger.verification import verify
from consent_service.store.sqlite import backup, restore
from tests.support.application import Running, running
from tests.support.configuration import RING, consent_toml, write_config
from tests.web.visitor.test_receipts import seal

T = TypeVar("T")


class Place:
    """A folder with configuration, keys, store and archive."""

    def __init__(self, folder: Path) -> None:
        (folder / "archive").mkdir()
        self.folder = folder
        self._more = f'[ledger]\narchive = "{folder}/archive"'
        self._env = write_config(folder, consent_toml(folder, more=self._more))

    def serve(self, doing: Callable[[Running], Awaitable[T]]) -> T:
        """Return the result of this function while the service runs, whose clock is the commands' own."""

        async def serving() -> T:
            async with running(self.folder, ring=RING, more=self._more) as service:
                service.clock.now = time.time()
                return await doing(service)

        return asyncio.run(serving())

    def ledger(self, *arguments: str, typed: str = "") -> Result:
        config = ["--config", str(self.folder / "consent.toml")]
        return CliRunner(env=self._env).invoke(app, ["ledger", *arguments, *config], input=typed)

    def imports(self, tool: str, text: str) -> None:
        """Import this export of a tool that the site had before."""
        file, config = self.folder / "export.csv", self.folder / "consent.toml"
        file.write_text(text)
        config.write_text(consent_toml(self.folder, more=self._more) + f'prior_ids = ["{tool}"]\n')
        arguments = ["import", str(file), "--site", "acme", "--tool", tool, "--config", str(config)]
        result = CliRunner(env=self._env).invoke(app, arguments)
        assert result.exit_code == 0, result.output

    def restore(self, saved: Path) -> Result:
        arguments = ["restore", str(saved), "--config", str(self.folder / "consent.toml")]
        return CliRunner(env=self._env).invoke(app, arguments)

    def doctor(self) -> str:
        arguments = ["doctor", "--config", str(self.folder / "consent.toml")]
        return CliRunner(env=self._env).invoke(app, arguments).stdout

    def erase(self, *arguments: str, typed: str = "") -> str:
        result = self.ledger("erase", *arguments, typed=typed)
        assert result.exit_code == 0, result.output
        return result.stdout


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


async def chosen(service: Running) -> dict[str, Any]:
    return dict(
        (await service.choose(sale_share="opt_out", id="0f0a9d6e-0000-4000-8000-000000000001")).json()
    )


async def kinds(service: Running) -> list[str]:
    return [type(entry).__name__ for entry in await service.entries()]


def test_erase_shows_what_is_on_record_and_asks_first(place: Place) -> None:
    token = place.serve(chosen)["visitor"]
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
    answer = place.serve(chosen)
    if later is not None:
        place.serve(seal)
        place.serve(lambda service: seal(service, later))
    receipt = answer["receipt"]["id"]
    assert "erased 1" in place.erase("--site", "acme", "--receipt", receipt, "--yes")
    for end in ("--yes", "--dry-run"):
        said = place.erase("--site", "acme", "--receipt", receipt, end)
        assert said.endswith("nothing is left to erase: the receipt's number leads to nobody any more\n")
    assert place.serve(lambda service: service.flag(visitor=answer["visitor"]))["basis"] == "choice"


def test_an_id_may_be_given_in_hexadecimal_and_twice(place: Place) -> None:
    token = place.serve(chosen)["visitor"]

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


@pytest.mark.parametrize("slip", ["onetrust:a2", "cookiebot:a1", "onetrust", ":a1"])
def test_a_slip_in_an_imported_id_is_refused_and_leaves_no_trace(place: Place, slip: str) -> None:
    place.imports("onetrust", "id,sale_share\na1,opt_out\n")
    result = place.ledger("erase", "--site", "acme", "--imported", slip, "--yes")
    assert result.exit_code == 1
    assert "no import made a record of this id" in str(result.exception)
    assert place.serve(kinds) == ["ChoiceEntry"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--site", "acme"], "give one of"),
        (["--site", "acme", "--again", "--receipt", "x"], "give one of"),
        (["--site", "other", "--visitor", "0" * 32], "there is no site 'other'"),
        (["--site", "acme", "--visitor", "nobody's"], "neither a visitor token of 'acme'"),
        (["--site", "acme", "--receipt", "none"], "no entry of this site"),
    ],
)
def test_an_erasure_that_can_t_be_done_is_refused_with_the_reason(
    place: Place, given: list[str], said: str
) -> None:
    place.serve(chosen)
    result = place.ledger("erase", *given, "--yes")
    assert result.exit_code != 0
    assert said in result.output + str(result.exception)
    assert place.serve(kinds) == ["ChoiceEntry"]


def test_rule_8_what_a_restored_backup_brings_back_is_erased_again(place: Place) -> None:
    answer, saved = place.serve(chosen), place.folder / "saved.db"
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
    report = verify(FolderArchive(place.folder / "archive"), Signer(RING).public())
    assert (report.findings, report.entries) == ([], 3)


@pytest.mark.parametrize("sealed", [False, True], ids=["not sealed yet", "sealed and trimmed"])
def test_rule_8_restoring_a_backup_erases_again_whoever_was_erased_since(
    place: Place, *, sealed: bool
) -> None:
    token, saved = place.serve(chosen)["visitor"], place.folder / "saved.db"
    backup(place.folder / "consent.db", saved)
    place.erase("--site", "acme", "--visitor", token, "--yes")
    if sealed:
        place.serve(seal)
        place.serve(lambda service: seal(service, 90 * DAY))
    restored = place.restore(saved)
    assert restored.exit_code == 0, restored.output
    assert "erased again: 1 who had been erased since" in restored.stdout
    assert "restored backup" not in place.doctor()
    assert "acme: erased before" in place.erase("--site", "acme", "--visitor", token, "--dry-run")


@pytest.mark.parametrize("hole", ["folder", "empty", "head"])
def test_rule_8_an_archive_that_is_not_whole_never_says_that_nothing_is_left(place: Place, hole: str) -> None:
    archive, saved = place.folder / "archive", place.folder / "saved.db"
    token = place.serve(chosen)["visitor"]
    place.serve(seal)
    backup(place.folder / "consent.db", saved)
    place.erase("--site", "acme", "--visitor", token, "--yes")
    place.serve(seal)
    place.serve(chosen)
    place.serve(seal)
    (place.folder / "consent.db").unlink()  # with the machine
    if hole == "head":
        (archive / checkpoint_name("acme", 2)).unlink()
    else:
        archive.rename(place.folder / "elsewhere")
        if hole == "empty":
            archive.mkdir()
    restored = place.restore(saved)
    assert "which can't be told" in restored.stderr
    assert "It can't be told whether everybody erased still is." in place.doctor()
    again = place.ledger("erase", "--again", "--yes")
    assert again.exit_code == 1
    assert isinstance(again.exception, LedgerError)


def test_rule_8_restoring_tells_when_the_archive_lacks_what_the_store_before_had_sealed(place: Place) -> None:
    saved, token = place.folder / "saved.db", place.serve(chosen)["visitor"]
    place.serve(seal)
    backup(place.folder / "consent.db", saved)
    place.erase("--site", "acme", "--visitor", token, "--yes")
    place.serve(seal)
    place.serve(lambda service: seal(service, 90 * DAY))  # the log forgets them
    for name in (checkpoint_name("acme", 2), segment_name("acme", 2)):
        (place.folder / "archive" / name).unlink()
    restored = place.restore(saved)
    assert restored.exit_code == 0, restored.output
    assert "checkpoint 2 of at least 2" in restored.stderr


def test_a_visitor_s_entries_are_exported_by_token_until_they_are_erased(place: Place) -> None:
    token = place.serve(chosen)["visitor"]
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
    place.erase("--site", "acme", "--visitor", place.serve(chosen)["visitor"], "--yes")
    place.serve(seal)
    restore(saved, store, now=time.time())
    assert "has undone 1 erasures" in place.doctor()
    assert place.erase("--again", "--yes") == "nothing is left to erase\n"
    assert "has undone" not in place.doctor()


def test_nothing_is_erased_again_on_the_word_of_an_archive_that_was_changed(place: Place) -> None:
    token = place.serve(chosen)["visitor"]
    place.erase("--site", "acme", "--visitor", token, "--yes")
    place.serve(seal)
    segment = place.folder / "archive" / segment_name("acme", 1)
    raw = segments.unpack(segment.read_bytes())
    segment.write_bytes(gzip.compress(raw.replace(b'"v":2', b'"v":3'), mtime=0))
    result = place.ledger("erase", "--again", "--yes")
    assert result.exit_code == 1
    assert "run `ledger verify`" in str(result.exception)
