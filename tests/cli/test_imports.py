"""`consent-service import`, as an operator runs it: what is said, what is reported, what is stored."""

from __future__ import annotations

import asyncio
import csv
import os
import subprocess
import threading
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from consent_service.cli.main import main
from consent_service.store.engines import open_store
from consent_service.store.names import LEDGER, site_shards
from tests.support.configuration import consent_toml, write_config
from tests.support.service import CLI
from tests.support.waiting import eventually

GOOD = "id,sale_share,sensitive,at\na1,opt_out,,2025-01-31T10:00:00Z\na2,opt_out,limit,\n"
MIXED = GOOD + "a3,opt_in,,\n\n,opt_out,,\na1,opt_out,,\nvery-secret,whatever,,\n"


class Ended(NamedTuple):
    status: int
    out: str
    err: str


class Operator(NamedTuple):
    """Somebody in a folder with `consent.toml` and `keys.json`."""

    folder: Path
    capsys: pytest.CaptureFixture[str]

    def imports(self, *options: str, text: str = GOOD) -> Ended:
        """Run the command on a file that holds this text."""
        (self.folder / "export.csv").write_text(text, encoding="utf-8")
        return self.runs("export.csv", *(options or ACME))

    def runs(self, *arguments: str) -> Ended:
        with pytest.raises(SystemExit) as caught:
            main(["import", *arguments])
        return Ended(int(caught.value.code or 0), *self.capsys.readouterr())

    def report(self, name: str = "report.csv") -> list[list[str]]:
        with (self.folder / name).open(newline="") as file:
            return list(csv.reader(file))


@pytest.fixture
def operator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Operator:
    own = 'prior_cookies = [{ cookie = "klaro", id = "id=(.+)" }]\n'
    write_config(tmp_path, consent_toml(tmp_path) + 'prior_ids = ["onetrust"]\n' + own)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    for name in ("CONSENT_KEYS", "CONSENT_STORE", "CONSENT_STORE_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CONSENT_KEYS_FILE", "keys.json")
    return Operator(tmp_path, capsys)


ACME = ("--site", "acme", "--tool", "onetrust")


def test_a_good_file_is_imported_and_imported_again_it_is_there_already(operator: Operator) -> None:
    read = "lines read besides the header: 2\n"
    assert operator.imports() == (0, f"2 imported, 0 already, 0 skipped, 0 refused\n{read}", "")
    assert operator.imports() == (0, f"0 imported, 2 already, 0 skipped, 0 refused\n{read}", "")


def test_a_tool_is_named_by_its_name_or_its_cookie(operator: Operator) -> None:
    assert operator.imports().status == 0
    assert operator.imports("--site", "acme", "--tool", "OptanonConsent").out.startswith(
        "0 imported, 2 already"
    )
    assert operator.imports("--site", "acme", "--tool", "klaro").out.startswith("2 imported")


def test_what_was_refused_is_said_by_line_and_is_status_1(operator: Operator) -> None:
    ended = operator.imports(text=MIXED)
    assert ended.status == 1
    assert ended.out.splitlines() == [
        "2 imported, 1 already, 1 skipped, 3 refused",
        "lines read besides the header: 7; skipped: 1 (an empty line)",
    ]
    assert ended.err.splitlines() == [
        "line 4: an opt-in is never imported: the visitor makes it here, in two steps",
        "line 6: the id is empty",
        "line 8: column sale_share holds none of the words opt_out, opt_in",
    ]


def test_the_report_has_one_line_for_each_line_and_no_id(operator: Operator) -> None:
    ended = operator.imports(*ACME, "--report", "report.csv", text=MIXED)
    assert ended.status == 1
    header, *lines = operator.report()
    assert header == ["line", "result", "why"]
    assert [line[:2] for line in lines] == [
        ["2", "imported"],
        ["3", "imported"],
        ["4", "refused"],
        ["5", "skipped"],
        ["6", "refused"],
        ["7", "already"],
        ["8", "refused"],
    ]
    assert "very-secret" not in (operator.folder / "report.csv").read_text() + ended.err


def test_of_many_refusals_the_first_are_said(operator: Operator) -> None:
    ended = operator.imports(text="id,sale\n" + ",opt_out\n" * 30)
    assert len(ended.err.splitlines()) == 21
    assert ended.err.splitlines()[-1] == "and 10 more lines; --report FILE names them all"


def test_a_dry_run_says_the_same_and_makes_no_record(operator: Operator) -> None:
    for _ in range(2):
        ended = operator.imports(*ACME, "--dry-run")
        first, _ = ended.out.splitlines()
        assert first == "2 imported, 0 already, 0 skipped, 0 refused (nothing was written: --dry-run)"


def test_another_tools_columns_are_named(operator: Operator) -> None:
    text = "Consent ID;State;When\nx1;Opt-Out;2025-01-31 10:00:00\nx2;Confirmed;\n"
    columns = ("--id", "Consent ID", "--time", "When", "--where", "State=Opt-Out", "--delimiter", ";")
    assert operator.imports(*ACME, *columns, text=text).out.startswith("1 imported, 0 already, 1 skipped")


@pytest.mark.parametrize(
    ("options", "status", "why"),
    [
        (("--site", "nobody", "--tool", "onetrust"), 1, "no site 'nobody'"),
        (("--site", "acme", "--tool", "cookiebot"), 1, "sites.acme.prior_ids"),
        ((*ACME, "--id", "Other"), 1, "no column named 'Other'"),
        ((*ACME, "--report", "keys.json"), 1, "keys.json: can't be made"),
        ((*ACME, "--where", "State"), 2, "COLUMN=VALUE"),
        ((*ACME, "--delimiter", "::"), 2, "one character"),
        (("--site", "acme"), 2, "--tool"),
    ],
)
def test_what_cannot_be_done_as_asked_is_said_and_changes_nothing(
    operator: Operator, options: tuple[str, ...], status: int, why: str
) -> None:
    ended = operator.imports(*options)
    assert ended.status == status
    assert why in ended.err
    assert "Traceback" not in ended.err
    assert operator.imports().out.startswith("2 imported")


def test_without_keys_nothing_is_begun(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CONSENT_KEYS_FILE")
    ended = operator.imports(*ACME, "--report", "report.csv")
    assert ended.status == 1
    assert "CONSENT_KEYS" in ended.err
    assert not (operator.folder / "report.csv").exists()


def test_a_file_that_is_not_there_is_said(operator: Operator) -> None:
    assert operator.runs("none.csv", *ACME) == (
        1,
        "",
        "none.csv: can't be read: No such file or directory\n",
    )


def test_while_the_service_has_the_store_open_it_is_imported(operator: Operator) -> None:
    async def import_beside() -> int:
        store = open_store(f"sqlite:///{operator.folder}/consent.db")
        try:
            return (await asyncio.to_thread(operator.imports)).status
        finally:
            await store.close()

    assert asyncio.run(import_beside()) == 0


LINES = [f"id-{number},opt_out\n" for number in range(10_000)]


def feed(pipe: Path, done: threading.Event) -> None:
    """Most of the lines, and then no end of the file before this is done."""
    with suppress(BrokenPipeError), pipe.open("w") as file:
        file.writelines(["id,sale_share\n", *LINES[:9_000]])
        file.flush()
        done.wait(120)


async def entries_in(url: str) -> int:
    store = open_store(url)
    try:
        return len((await store.read(LEDGER, site_shards("acme", store.shards), "", 20_000)).entries)
    finally:
        await store.close()


def test_killed_half_way_it_goes_on_where_it_was_and_records_every_line_once(operator: Operator) -> None:
    pipe, report = operator.folder / "pipe.csv", operator.folder / "first.csv"
    os.mkfifo(pipe)
    done = threading.Event()
    threading.Thread(target=feed, args=(pipe, done), daemon=True).start()
    env = os.environ | {"CONSENT_KEYS_FILE": "keys.json"}
    command = [*CLI, "import", "pipe.csv", *ACME, "--report", "first.csv"]
    with subprocess.Popen(command, cwd=operator.folder, env=env) as first:
        try:
            eventually(lambda: report.stat().st_size > 1000)
        finally:
            first.kill()
            done.set()
    ended = operator.imports(text="".join(["id,sale_share\n", *LINES]))
    imported, already, skipped, refused = (
        int(part.split()[0]) for part in ended.out.splitlines()[0].split(", ")
    )
    assert imported + already == len(LINES)
    assert 0 < already < len(LINES)
    assert (skipped, refused) == (0, 0)
    assert asyncio.run(entries_in(f"sqlite:///{operator.folder}/consent.db")) == len(LINES)
