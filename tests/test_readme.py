"""The README, run: its commands, configuration, calls and names are what the code has."""

from __future__ import annotations

import json
import re
import shlex
from argparse import ArgumentParser
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import get_args

import httpx2
import msgspec
import pytest
from typer.testing import CliRunner

from consent_service.app import create_app
from consent_service.cli import app as command_line
from consent_service.config import load
from consent_service.config.shape import Facts
from consent_service.demo.addresses import Addresses
from consent_service.demo.folder import prepare
from consent_service.identity.keys import encode_ring
from tests.running import RING, START

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND_ROW = re.compile(r"^\| ((?:`[a-z][^`]*`(?:, )?)+) \|", re.MULTILINE)
DEMO_PORTS = (8000, 8001)  # those of `make demo`, and of the README's calls


def blocks(language: str) -> list[str]:
    """The fenced blocks of this language."""
    return [text for found, text in BLOCK.findall(README) if found == language]


def section(title: str) -> str:
    """What stands between this heading and the next."""
    return README.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def shell_lines(text: str) -> Iterator[list[str]]:
    """The words of each line of the text's `sh` blocks, comments left out."""
    for found, block in BLOCK.findall(text):
        if found == "sh":
            yield from (shlex.split(line, comments=True) for line in block.splitlines())


def of_the_service(words: list[str]) -> list[str] | None:
    """What follows `consent-service` on this line; None when the line runs something else."""
    places = [place for place, word in enumerate(words) if Path(word).name == "consent-service"]
    return words[places[0] + 1 :] if places else None


def commands() -> list[str]:
    """Every command line of the service that the README names: in blocks, in sentences, in its table."""
    found = [shlex.join(given) for words in shell_lines(README) if (given := of_the_service(words))]
    found += re.findall(r"`consent-service ([^`]+)`", README)
    for row in COMMAND_ROW.findall(section("Run it")):
        for command in re.findall(r"`([^`]+)`", row):
            start, names, end = re.fullmatch(r"((?:\w+ )?)([\w\\|]+)(.*)", command).groups()  # type: ignore[union-attr]
            found += [f"{start}{name}{end}" for name in names.split(r"\|")]  # as tables write |
    found += [f"demo {options}" for options in re.findall(r'DEMO="([^"]+)"', README)]
    return sorted(set(found))


def test_the_readme_has_what_these_tests_read() -> None:
    assert {"serve", "keys new", "keys rotate FILE", "backup FILE", "restore FILE", "demo"} <= set(commands())
    assert "demo --port 9000 --shop-port 9001" in commands()
    assert len(calls()) == 2


@pytest.mark.parametrize("command", commands())
def test_every_command_is_there_with_its_options(command: str) -> None:
    ended = CliRunner().invoke(command_line, [*shlex.split(command), "--help"])
    assert ended.exit_code == 0, ended.output
    assert shlex.split(command)[0] in ended.output.split("Usage: ")[1].splitlines()[0]


def keys_of(table: type[msgspec.Struct], above: str = "") -> Iterator[tuple[str, object]]:
    """Every key of this table and those below it, dotted, with its default; `*` stands for names of one's own."""
    for field in msgspec.structs.fields(table):
        key = f"{above}{field.name}"
        below = [kind for kind in classes(field.type) if issubclass(kind, msgspec.Struct)]
        for kind in below:
            yield from keys_of(kind, f"{key}.*." if "dict" in str(field.type) else f"{key}.")
        if not below:
            default = None if field.default is msgspec.NODEFAULT else field.default
            yield key, json.loads(msgspec.json.encode(default))


def classes(kind: object) -> Iterator[type]:
    """The classes that a type is made of."""
    if isinstance(kind, type) and not get_args(kind):
        yield kind
    for part in get_args(kind):
        yield from classes(part)


def test_every_key_of_the_configuration_is_there_with_its_default() -> None:
    said: dict[str, object] = {}
    for names, defaults in re.findall(r"^\| (`[a-z].*?) \| (.*?) ?\| ", section("Every key"), re.MULTILINE):
        keys = re.findall(r"`([^`]+)`", names)
        values = json.loads(f"[{defaults.replace('`', '')}]") or [None] * len(keys)
        said |= zip(keys, values, strict=True)
    assert said == dict(keys_of(Facts))


def test_every_make_target_is_there() -> None:
    named = set(re.findall(r"(?:`|^)make (\w+)(?=`| +#| DEMO=)", README, re.MULTILINE))
    there = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert {"demo", "test"} <= named <= there


async def test_what_run_it_says_makes_a_service_that_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, _more = blocks("toml")
    text = text.replace("sqlite:////var/lib/consent/consent.db", f"sqlite:///{tmp_path}/consent.db")
    (tmp_path / "consent.toml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for name in ("CONSENT_KEYS", "CONSENT_KEYS_FILE", "CONSENT_STORE", "CONSENT_STORE_FILE"):
        monkeypatch.delenv(name, raising=False)
    given = [words for line in shell_lines(section("Run it")) if (words := of_the_service(line))]
    assert [words[0] for words in given] == ["keys", "check", "serve", "snippet"]
    for words in given:
        if words[0] != "serve":
            ended = CliRunner().invoke(command_line, words)
            assert ended.exit_code == 0, (ended.output, ended.exception)
            assert "sha256-" in ended.output or words[0] != "snippet"
    assert (tmp_path / "keys.json").stat().st_mode & 0o777 == 0o600
    app = create_app(load(text, {"CONSENT_KEYS_FILE": "keys.json"}), clock=lambda: START)
    async with app.router.lifespan_context(app):
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
            assert (await client.get("/v1/acme/flag")).json()["basis"] == "default"


def test_the_configuration_has_no_fault() -> None:
    text, more = blocks("toml")
    for table in re.split(r"\n(?=\[)", more.strip()):
        header, _, lines = table.partition("\n")
        known = f"\n{header}\n" in text
        text = text.replace(f"\n{header}\n", f"\n{header}\n{lines}\n") if known else f"{text}\n{table}\n"
    config = load(text, {})
    assert list(config.sites) == ["acme"]
    assert list(config.partners) == ["adnet", "social"]
    assert config.sites["acme"].debug
    assert config.sites["acme"].tags.google_consent_mode
    assert config.partners["social"].adapter == "meta"
    assert config.partners["adnet"].cookies == ("_adnet", "_ad_*")


def test_the_export_of_another_tool_is_imported_as_it_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = blocks("toml")[0].replace(
        "sqlite:////var/lib/consent/consent.db", f"sqlite:///{tmp_path}/consent.db"
    )
    site = 'regime = "us-ca"\n'
    (tmp_path / "consent.toml").write_text(
        text.replace(site, f'{site}prior_ids = ["onetrust"]\n'), encoding="utf-8"
    )
    [export], [said] = blocks("csv"), blocks("text")
    (tmp_path / "export.csv").write_text(export, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONSENT_KEYS", encode_ring(RING))
    [words] = [of_the_service(line) for line in shell_lines(section("From another consent tool"))]
    assert words is not None
    ended = CliRunner().invoke(command_line, words)
    assert (ended.exit_code, ended.output) == (1, said)
    assert len((tmp_path / "report.csv").read_text().splitlines()) == len(export.splitlines())


def calls() -> list[httpx2.Request]:
    """The README's `curl` lines as requests."""
    parser = ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("-H", action="append", default=[])
    parser.add_argument("-d")
    given = [parser.parse_args(words[1:]) for words in shell_lines(README) if words[:1] == ["curl"]]
    return [
        httpx2.Request(
            "POST" if one.d else "GET",
            one.url,
            headers=dict(header.split(": ", 1) for header in one.H),
            content=one.d,
        )
        for one in given
    ]


@pytest.fixture
async def demo(tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the application under the demo's own configuration."""
    _, config = prepare(tmp_path / "consent-demo", Addresses(*DEMO_PORTS), START)
    app = create_app(config, clock=lambda: START)
    transport = httpx2.ASGITransport(app=app)
    async with app.router.lifespan_context(app), httpx2.AsyncClient(transport=transport) as client:
        yield client


async def test_the_flag_is_answered_as_it_is_shown(demo: httpx2.AsyncClient) -> None:
    [shown] = [json.loads(block) for block in blocks("json")]
    answer = await demo.send(calls()[0])
    assert answer.status_code == 200
    assert list(answer.json().items()) == list((shown | {"as_of": answer.json()["as_of"]}).items())
    assert len(answer.json()["as_of"]) == len(shown["as_of"])


async def test_the_choice_is_recorded_with_a_receipt(demo: httpx2.AsyncClient) -> None:
    answer = await demo.send(calls()[1])
    assert answer.status_code == 201, answer.text
    assert set(answer.json()) == {"flag", "visitor", "receipt"}
    assert answer.json()["flag"]["basis"] == "choice"


def test_the_names_on_the_page_are_in_the_stub_and_in_the_script() -> None:
    [script] = blocks("js")
    names = set(re.findall(r"privacyChoices\.(\w+)", script))
    assert names == {"flag", "ready", "on", "open", "optOut"}
    dist = ROOT / "widget" / "dist"
    stub, widget = ((dist / name).read_text(encoding="utf-8") for name in ("stub.js", "widget.js"))
    api = re.search(r"[;,]privacyChoices=\{(.*)\}", stub)
    assert api is not None
    for name in names:
        assert re.search(rf"(^|,){name}[:(]", api[1]), name
        assert re.search(rf"[{{,]{name}[:(]", widget), name
    assert "optIn" not in api[1]


def test_what_marks_a_page_is_known_to_the_script() -> None:
    widget = (ROOT / "widget" / "dist" / "widget.js").read_text(encoding="utf-8")
    [marked] = blocks("html")
    assert {"data-right", "data-src", "data-privacy-choices"} <= set(re.findall(r"data-[a-z-]+", marked))
    for word in ("[data-right]", "[data-privacy-choices]", "text/plain", "privacychoices:change"):
        assert word in widget, word
