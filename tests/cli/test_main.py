"""The command line: exit statuses, one clear sentence for each refusal, and what each command prints."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import pytest

from consent_service.cli.main import main
from consent_service.config import parse_config
from consent_service.process import key_file
from consent_service.store.engines import open_store
from tests.support.configuration import consent_toml, write_config


class Ended(NamedTuple):
    status: int
    out: str
    err: str


Command = Callable[..., Ended]


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs one command line in a folder that holds a good `consent.toml` and `keys.json`."""
    write_config(tmp_path, consent_toml(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    for name in ("CONSENT_KEYS", "CONSENT_KEYS_FILE", "CONSENT_STORE", "CONSENT_STORE_FILE"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str) -> Ended:
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        captured = capsys.readouterr()
        return Ended(int(caught.value.code or 0), captured.out, captured.err)

    return run


def test_help_names_every_command(command: Command) -> None:
    ended = command("--help")
    assert ended.status == 0
    for name in [
        "serve",
        "work",
        "check",
        "snippet",
        "keys",
        "backup",
        "restore",
        "move",
        "import",
        "doctor",
        "demo",
    ]:
        assert f" {name} " in ended.out


@pytest.mark.parametrize(
    "arguments",
    [("nonsense",), ("check", "--nonsense"), ("snippet",), ("serve", "--workers", "0"), ("keys", "new")],
)
def test_a_wrong_use_is_status_2(command: Command, arguments: tuple[str, ...]) -> None:
    assert command(*arguments).status == 2


def test_the_version_is_said(command: Command) -> None:
    ended = command("--version")
    assert (ended.status, ended.out) == (0, f"consent-service {version('consent-service')}\n")


def test_check_says_that_a_good_file_is_fine_and_that_keys_were_not_looked_at(command: Command) -> None:
    ended = command("check", "consent.toml")
    assert ended.status == 0
    assert ended.out.startswith("consent.toml is fine: digest ")
    assert "CONSENT_KEYS_FILE" in ended.out
    assert ended.err == ""


def test_check_says_with_key_and_line_that_every_host_below_a_shared_domain_is_trusted(
    command: Command, tmp_path: Path
) -> None:
    assert "hint" not in command("check").out
    text = (tmp_path / "consent.toml").read_text() + 'cookie_domain = "example.com"\n'
    (tmp_path / "consent.toml").write_text(text)
    ended = command("check")
    line = len(text.splitlines())
    assert ended.status == 0
    assert f"hint: line {line}: sites.acme.cookie_domain: every host below example.com can set" in ended.out


def test_check_names_each_origin_of_a_site_of_several_that_needs_a_gpc_json_of_its_own(
    command: Command, tmp_path: Path
) -> None:
    assert "gpc.json" not in command("check", "consent.toml").out
    file = tmp_path / "consent.toml"
    loaded = parse_config(file.read_text(), {})
    (origin,) = loaded.sites["acme"].origins
    file.write_text(file.read_text().replace(f'"{origin}"', f'"{origin}", "https://other.example"'))
    ended = command("check", "consent.toml")
    addresses = [f"{each}/.well-known/gpc.json" for each in (origin, "https://other.example")]
    assert ended.status == 0
    assert [said for said in addresses if f"\n    {said}\n" in ended.out] == addresses
    assert f"redirect each of these to {loaded.service.public_url}/s/acme/gpc.json" in ended.out


def test_check_is_silent_about_keys_that_are_there(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSENT_KEYS_FILE", "keys.json")
    assert "CONSENT_KEYS_FILE" not in command("check").out


def test_check_names_every_fault_with_key_and_line(command: Command, tmp_path: Path) -> None:
    text = (tmp_path / "consent.toml").read_text().replace("name =", "nam =")
    (tmp_path / "consent.toml").write_text(text)
    ended = command("check", "consent.toml")
    assert ended.status == 1
    assert ended.err.splitlines() == [
        "line 7: business.name: is missing",
        "line 8: business.nam: unknown key; did you mean 'name'?",
        "line 9: sites.acme.name: is missing",
        "line 10: sites.acme.nam: unknown key; did you mean 'name'?",
    ]


def test_a_file_that_is_not_there_is_one_sentence(command: Command) -> None:
    ended = command("check", "nope.toml")
    assert ended.status == 1
    assert ended.err.startswith("nope.toml: does not exist; ")


@pytest.mark.parametrize("arguments", [("check",), ("snippet", "acme"), ("serve",)])
def test_a_folder_without_a_configuration_says_how_to_name_one(
    command: Command, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    (tmp_path / "consent.toml").unlink()
    ended = command(*arguments)
    assert (ended.status, "--config FILE" in ended.err) == (1, True)


def test_serve_refuses_to_start_without_keys_and_names_the_command_that_makes_them(command: Command) -> None:
    ended = command("serve")
    assert ended.status == 1
    assert "`consent-service keys new FILE`" in ended.err


def test_the_snippet_prints_stub_script_integrity_and_policy(command: Command) -> None:
    ended = command("snippet", "acme")
    assert ended.status == 0
    assert 'src="http://127.0.0.1:8000/w/acme.js"' in ended.out
    assert 'integrity="sha' in ended.out
    assert "script-src 'sha256-" in ended.out


@pytest.mark.parametrize("more", [(), ("--csp",), ("--nginx",), ("--self-host", "x.js")])
def test_a_snippet_for_a_site_that_is_not_there_names_those_that_are(
    command: Command, tmp_path: Path, more: tuple[str, ...]
) -> None:
    ended = command("snippet", "other", *more)
    assert (ended.status, ended.err) == (1, "there is no site 'other'; configured sites: acme\n")
    assert not (tmp_path / "x.js").exists()


def test_a_self_hosted_script_is_todays_until_version_or_configuration_change(
    command: Command, tmp_path: Path
) -> None:
    written = command("snippet", "acme", "--self-host", "x.js")
    assert written.status == 0
    assert '<script async src="/x.js" integrity="sha384-' in written.out
    checked = command("check", "--self-hosted", "acme=x.js")
    assert (checked.status, "today's script of 'acme'" in checked.out) == (0, True)
    facts = tmp_path / "consent.toml"
    facts.write_text(facts.read_text().replace('regime = "us-ca"', 'regime = "elsewhere"'))
    outdated = command("check", "--self-hosted", "acme=x.js")
    assert outdated.status == 1
    assert "`consent-service snippet acme --self-host x.js` writes it again" in outdated.err


@pytest.mark.parametrize(("given", "status"), [("acme", 2), ("acme=none.js", 1), ("other=x.js", 1)])
def test_a_self_hosted_script_that_cannot_be_checked_is_a_fault(
    command: Command, given: str, status: int
) -> None:
    assert command("check", "--self-hosted", given).status == status


def test_the_recipe_for_nginx_leads_to_where_the_service_listens(command: Command) -> None:
    here = command("snippet", "acme", "--nginx", "--listen", "8080")
    assert "proxy_pass http://127.0.0.1:8000;" in here.out
    elsewhere = command("snippet", "acme", "--nginx", "--upstream", "http://10.0.0.7:9000")
    assert "proxy_pass http://10.0.0.7:9000;" in elsewhere.out


def test_a_recipe_on_the_services_own_port_is_refused(command: Command) -> None:
    ended = command("snippet", "acme", "--nginx")
    assert (ended.status, "--listen" in ended.err) == (1, True)


def test_what_a_policy_must_allow_is_printed_alone(command: Command) -> None:
    ended = command("snippet", "acme", "--csp")
    assert "\ntrusted-types privacy-choices\n" in ended.out
    assert "<script" not in ended.out


def test_the_template_for_the_tag_manager_is_printed_as_it_is_imported(command: Command) -> None:
    ended = command("snippet", "acme", "--gtm")
    assert ended.out.startswith("___TERMS_OF_SERVICE___\n")
    assert "\n___SANDBOXED_JS_FOR_WEB_TEMPLATE___\n" in ended.out


def test_snippet_refuses_two_kinds_of_output_at_once(command: Command) -> None:
    assert command("snippet", "acme", "--csp", "--nginx").status == 2


def test_keys_are_made_rotated_and_listed(command: Command, tmp_path: Path) -> None:
    made = command("keys", "new", "ring.json")
    assert made.status == 0
    assert "CONSENT_KEYS_FILE=ring.json" in made.out
    assert stat.S_IMODE((tmp_path / "ring.json").stat().st_mode) == 0o600
    assert "key 2 signs" in command("keys", "rotate", "ring.json").out
    listed = command("keys", "list", "ring.json").out
    assert [line.split()[0] for line in listed.splitlines()] == ["key", "1", "2"]
    secrets = [key.secret for key in key_file.read_key_file(tmp_path / "ring.json").keys]
    assert not [secret for secret in secrets if secret.hex() in listed]


def test_keys_work_on_the_file_that_the_environment_names(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONSENT_KEYS_FILE", "keys.json")
    assert "signs" in command("keys", "list").out
    refused = command("keys", "new")
    assert refused.status == 1
    assert refused.err == "keys.json: exists already; `keys rotate` adds a key to it\n"


def test_a_backup_that_is_there_is_not_overwritten_and_a_missing_one_is_not_restored(
    command: Command, tmp_path: Path
) -> None:
    (tmp_path / "copy.db").touch()
    for ended in (command("backup", "copy.db"), command("restore", "none.db")):
        assert ended.status == 1
        assert ended.err.count("\n") == 1
        assert "copy.db" in ended.err or "none.db" in ended.err


async def _make_store(file: Path) -> None:
    await open_store(f"sqlite:///{file}").close()


def test_a_backup_is_written_and_put_back_and_what_was_there_is_kept(
    command: Command, tmp_path: Path
) -> None:
    asyncio.run(_make_store(tmp_path / "consent.db"))
    assert command("backup", "copy.db")[:2] == (0, "wrote copy.db\n")
    restored = command("restore", "copy.db")
    assert restored.status == 0
    kept = restored.out.rsplit(" ", 1)[1].strip()
    assert Path(kept).is_file()
    assert (tmp_path / "consent.db").is_file()


def test_a_store_is_moved_once_and_never_over_another(command: Command, tmp_path: Path) -> None:
    asyncio.run(_make_store(tmp_path / "consent.db"))
    arguments = ("move", "--from", "sqlite:///consent.db", "--to", "sqlite:///new.db")
    assert command(*arguments).out.startswith("moved 0 shards")
    assert sorted(file.name for file in tmp_path.glob("new.db*")) == ["new.db"]
    again = command(*arguments)
    assert (again.status, again.err.count("\n")) == (1, 1)
    assert "new.db exists already" in again.err


def test_a_move_takes_a_multiple_of_the_shards_that_there_are(command: Command, tmp_path: Path) -> None:
    asyncio.run(_make_store(tmp_path / "consent.db"))
    arguments = ("move", "--from", "sqlite:///consent.db", "--to", "sqlite:///new.db", "--shards")
    refused = command(*arguments, "65")
    assert (refused.status, refused.err.count("\n")) == (1, 1)
    assert "name a multiple" in refused.err
    assert command(*arguments, "128").out.startswith("moved 0 shards")
    with closing(sqlite3.connect(tmp_path / "new.db")) as made:
        assert made.execute("SELECT value FROM header WHERE name = 'shards'").fetchone() == ("128",)


def test_a_password_in_a_moves_urls_is_refused_and_never_printed(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    for origin, destination in (("redis://:secret@h", "sqlite:///b"), ("sqlite:///a", "redis://u:secret@h")):
        ended = command("move", "--from", origin, "--to", destination)
        assert ended.status == 1
        assert "CONSENT_" in ended.err
        assert "secret" not in ended.err + ended.out
    monkeypatch.setenv("CONSENT_FROM_PASSWORD", "secret")
    assert "is a file" in command("move", "--from", "sqlite:///a", "--to", "sqlite:///b").err


def test_the_work_process_runs_alone_and_refuses_like_serve(command: Command) -> None:
    assert "`consent-service keys new FILE`" in command("work").err
