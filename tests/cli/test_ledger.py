"""The ledger's commands, as an auditor runs them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from consent_service.cli.main import app
from consent_service.errors import LedgerError
from consent_service.identity.key_ring import encode_ring
from consent_service.identity.signatures import StatementSigner
from consent_service.ledger.archive import FolderArchive
from consent_service.ledger.checkpoints import Anchor, digest_of, open_checkpoint, sign
from consent_service.ledger.object_names import anchor_name, checkpoint_name, marks_name, segment_name
from consent_service.ledger.sealer import Sealer
from consent_service.store.sqlite import SqliteStore
from tests.ledger.sealed import RING, SIGNER, Site, a_site, record, subject
from tests.support.configuration import RING as SERVED_RING
from tests.support.configuration import consent_toml, write_config


def run(*arguments: object) -> tuple[int, str]:
    """Exit status and standard output."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.stdout


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """The public keys in a file, as the command prints them."""
    (tmp_path / "keys.json").write_text(encode_ring(RING))
    status, text = run("ledger", "keys", tmp_path / "keys.json")
    assert status == 0
    (tmp_path / "jwks.json").write_text(text)
    return tmp_path / "jwks.json"


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A service's folder whose archive is there; the environment names its keys."""
    (tmp_path / "archive").mkdir()
    for name, value in write_config(tmp_path, consent_toml(tmp_path)).items():
        monkeypatch.setenv(name, value)
    with (tmp_path / "consent.toml").open("a") as file:
        file.write(f'[ledger]\narchive = "{tmp_path}/archive"\n')
    return tmp_path


async def test_what_waits_is_sealed_at_once_and_only_once(served: Path) -> None:
    config = ["--config", served / "consent.toml"]
    await chosen(served)
    assert await asyncio.to_thread(run, "ledger", "seal", *config) == (0, "acme: 1 segment sealed\n")
    assert await asyncio.to_thread(run, "ledger", "seal", *config, "--site", "acme") == (
        0,
        "acme: nothing waited\n",
    )
    status, text = run("ledger", "keys", served / "keys.json")
    (served / "jwks.json").write_text(text)
    status, said = run("ledger", "verify", served / "archive", "--key", served / "jwks.json")
    assert (status, said.splitlines()[-1]) == (0, "1 entries in 1 segments, 0 dropped in time: no findings")


async def test_while_another_process_seals_the_command_says_so_and_fails(served: Path) -> None:
    await chosen(served)
    store = SqliteStore.open(served / "consent.db", clock=time.time)
    sealer = Sealer(store, FolderArchive(served / "archive"), StatementSigner(SERVED_RING), "acme", time.time)
    assert await sealer.take_lease()
    status, said = await asyncio.to_thread(run, "ledger", "seal", "--config", served / "consent.toml")
    assert status == 1
    assert said.startswith("acme: another process is sealing it at this moment; run this again")
    await sealer.release_lease()
    await store.close()
    assert (await asyncio.to_thread(run, "ledger", "seal", "--config", served / "consent.toml"))[0] == 0


def test_sealing_needs_an_archive_and_a_site_that_there_is(served: Path) -> None:
    config = ["--config", str(served / "consent.toml")]
    result = CliRunner().invoke(app, ["ledger", "seal", *config, "--site", "nobody"])
    assert str(result.exception) == "there is no site 'nobody'; configured sites: acme"
    (served / "consent.toml").write_text(consent_toml(served))
    result = CliRunner().invoke(app, ["ledger", "seal", *config])
    assert str(result.exception).startswith("ledger.archive is not set")


async def chosen(folder: Path) -> None:
    """One entry in the ledger of a service that is stopped again."""
    store = SqliteStore.open(folder / "consent.db", clock=time.time)
    await record(store, 1)
    await store.close()


async def test_an_archive_is_checked_with_nothing_but_the_public_keys(tmp_path: Path, key: Path) -> None:
    async with a_site(tmp_path, [4]) as site:
        status, said = run("ledger", "verify", site.folder, "--key", key)
        assert status == 0
        assert "4 entries in 1 segments, 0 dropped in time: no findings" in said
        site.archive.delete(segment_name("acme", 1))
        status, said = run("ledger", "verify", site.folder, "--key", key)
        assert status == 1
        assert said.startswith("segment-missing: acme/segments/00000001.jsonl.gz\n")


def test_an_archive_that_is_empty_or_not_there_never_passes(tmp_path: Path, key: Path) -> None:
    (tmp_path / "empty").mkdir()
    status, said = run("ledger", "verify", tmp_path / "empty", "--key", key)
    assert (status, said.partition(":")[0]) == (1, "archive-empty")
    for command in (["verify", tmp_path / "none", "--key", key], ["export", tmp_path / "none"]):
        result = CliRunner().invoke(app, ["ledger", *map(str, command)])
        assert result.exit_code == 1
        assert "the archive's folder is not there" in str(result.exception)


async def test_a_checkpoint_finds_what_the_archive_can_t_tell(tmp_path: Path, key: Path) -> None:
    async with a_site(tmp_path, [4, 3]) as site:
        kept = tmp_path / "kept.json"
        kept.write_bytes(site.objects()[checkpoint_name("acme", 2)])
        for name in [name for name in site.archive.names() if "00000002" in name]:
            site.archive.delete(name)
        assert run("ledger", "verify", site.folder, "--key", key)[0] == 0
        status, said = run("ledger", "verify", site.folder, "--key", key, "--checkpoint", kept)
        assert (status, said.partition(":")[0]) == (1, "tail-missing")


async def test_each_kind_of_finding_is_printed_with_what_to_do_about_it(tmp_path: Path, key: Path) -> None:
    async with a_site(tmp_path, [4, 3, 2]) as site:
        for number in (1, 2):
            name = checkpoint_name("acme", number)
            site.archive.put(name, site.objects()[name].replace(b'"key"', b'"key":"","key"', 1))
        (site.folder / "acme/heads/.00000003.json.0a1b2c3d").write_text("{")
        status, said = run("ledger", "verify", site.folder, "--key", key)
    lines = said.splitlines()
    assert status == 1
    assert [line.partition(": its")[0] for line in lines[:2]] == [
        f"not-canonical: {checkpoint_name('acme', number)}" for number in (1, 2)
    ]
    assert [line for line in lines if line.startswith("what to do about not-canonical: Put the object back")]
    assert [line for line in lines if line.startswith("hint: object-unknown: ") and "Delete it" in line]
    assert lines[-1] == "2 entries in 1 segments, 0 dropped in time: 2 findings"


async def test_without_a_key_nothing_is_proved_and_the_command_says_so(tmp_path: Path) -> None:
    async with a_site(tmp_path, [4]) as site:
        status, said = run("ledger", "verify", site.folder)
        assert status == 2
        assert "without --key no signature was checked" in said
        assert said.endswith("no findings\n")
        site.archive.delete(segment_name("acme", 1))
        assert run("ledger", "verify", site.folder)[0] == 1


async def test_an_anchor_of_a_later_century_is_found_by_the_clock(tmp_path: Path, key: Path) -> None:
    async with a_site(tmp_path, [4]) as site:
        checkpoint = open_checkpoint(site.objects()[checkpoint_name("acme", 1)], SIGNER.public_keys())
        site.archive.delete(segment_name("acme", 1))
        site.archive.delete(marks_name("acme", 1))
        anchor = Anchor("acme", 1, digest_of(checkpoint), 3_976_214_400)
        site.archive.put(anchor_name("acme", 1), sign(SIGNER, anchor))
        status, said = run("ledger", "verify", site.folder, "--key", key)
    assert status == 1
    assert said.startswith(
        "time-wrong: acme/anchors/00000001.json: its own time is 2096-01-01T00:00:00+00:00, which lies ahead of"
    )


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data + b"\n",
        lambda data: b"\xef\xbb\xbf" + data,
        lambda data: data[:-9],
        lambda data: data.replace(b'"signature":"', b'"signature":"A'),
        lambda data: b"[" * 5_000_000,
    ],
    ids=["a line end", "a byte order mark", "cut off", "another signature", "huge"],
)
async def test_a_checkpoint_that_is_no_checkpoint_to_the_byte_is_refused_by_its_name(
    tmp_path: Path, key: Path, damage: Callable[[bytes], bytes]
) -> None:
    async with a_site(tmp_path, [4]) as site:
        (tmp_path / "kept.json").write_bytes(damage(site.objects()[checkpoint_name("acme", 1)]))
        options = ["--key", str(key), "--checkpoint", str(tmp_path / "kept.json")]
        result = CliRunner().invoke(app, ["ledger", "verify", str(site.folder), *options])
    assert result.exit_code == 1
    assert isinstance(result.exception, LedgerError)
    assert str(result.exception).startswith(str(tmp_path / "kept.json"))


async def test_one_visitor_s_entries_are_exported(tmp_path: Path) -> None:
    async with a_site(tmp_path, [4]) as site:
        assert exported(site, tmp_path, "--subject", subject(2).hex()).count("opt_out") == 2
        assert exported(site, tmp_path, "--since", "2031-01-01") == ""


async def test_an_export_says_what_it_could_not_read_and_fails(tmp_path: Path) -> None:
    async with a_site(tmp_path, [4]) as site:
        site.relined(segment_name("acme", 1), lambda lines: [*lines[:3], b"rubbish"])
        result = CliRunner().invoke(app, ["ledger", "export", str(site.folder)])
        assert result.exit_code == 1
        assert result.stdout.count("opt_out") == 6
        assert result.stderr.startswith("segment-damaged: acme/segments/00000001.jsonl.gz line 4: ")
        assert result.stderr.endswith("3 entries; 1 findings: what can't be read is left out\n")


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--site", "acne"], "the archive holds nothing of a site 'acne'"),
        (["--subject", "zz"], "--subject 'zz' is not 32 hexadecimal"),
        (["--since", "2031-01-01", "--until", "2031-01-01"], "--since is not before --until"),
        (["--visitor", "00" * 16], "--visitor needs --site"),
    ],
)
async def test_an_export_that_a_slip_would_leave_empty_is_refused(
    tmp_path: Path, options: list[str], why: str
) -> None:
    async with a_site(tmp_path, [4]) as site:
        result = CliRunner().invoke(app, ["ledger", "export", str(site.folder), *options])
    assert result.exit_code == 1
    assert str(result.exception).startswith(why)


async def test_an_export_goes_to_a_new_file_that_its_owner_alone_reads(tmp_path: Path) -> None:
    async with a_site(tmp_path, [4]) as site:
        for out, why in (
            ("keys.json", "exists already"),
            (".", "exists already"),
            ("none/x", "No such file"),
        ):
            (tmp_path / "keys.json").write_text("secret")
            result = CliRunner().invoke(
                app, ["ledger", "export", str(site.folder), "--out", str(tmp_path / out)]
            )
            assert result.exit_code == 1
            assert why in str(result.exception)
        assert (tmp_path / "keys.json").read_text() == "secret"
        assert run("ledger", "export", site.folder, "--out", tmp_path / "new")[0] == 0
        assert (tmp_path / "new").stat().st_mode & 0o777 == 0o600


def exported(site: Site, folder: Path, *options: str) -> str:
    out = folder / f"out-{len(list(folder.iterdir()))}"
    status, _ = run("ledger", "export", site.folder, *options, "--out", out)
    assert status == 0
    return out.read_text()
