"""The examples on the pages, run: configuration, commands, calls, and names on the page."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from typer.testing import CliRunner

from consent_service.app import create_app
from consent_service.cli.main import app as command_line
from consent_service.config import parse_config
from consent_service.demo.demo_folder import prepare_folder
from consent_service.demo.site_addresses import Addresses
from consent_service.identity.key_ring import encode_ring
from tests.docs.pages import ROOT, arguments, blocks, calls, shell_lines
from tests.support.application import RING
from tests.support.clock import START

DEMO_PORTS = (8000, 8001)  # those of `make demo`, and of the pages' calls
QUICKSTART = "docs/quickstart.md"
MIGRATING = "docs/site/migrating.md"
STORE = "sqlite:////var/lib/consent/consent.db"
SITE_PAGES = ("docs/site/gating.md", "docs/site/tags.md", MIGRATING)


def configuration(store: Path) -> str:
    """Return the quickstart's configuration with its store at another place."""
    [text] = blocks(QUICKSTART, "toml")
    return text.replace(STORE, f"sqlite:///{store}")


@pytest.mark.parametrize("page", ["README.md", QUICKSTART])
async def test_the_commands_make_a_service_that_answers(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = configuration(tmp_path / "consent.db")
    (tmp_path / "consent.toml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for name in ("CONSENT_KEYS", "CONSENT_KEYS_FILE", "CONSENT_STORE", "CONSENT_STORE_FILE"):
        monkeypatch.delenv(name, raising=False)
    given = [words for line in shell_lines(page) if (words := arguments(line))]
    assert [words[0] for words in given] == ["keys", "check", "serve", "snippet"]
    for words in given:
        if words[0] != "serve":
            ended = CliRunner().invoke(command_line, words)
            assert ended.exit_code == 0, (ended.output, ended.exception)
            assert "sha256-" in ended.output or words[0] != "snippet"
    assert (tmp_path / "keys.json").stat().st_mode & 0o777 == 0o600
    app = create_app(parse_config(text, {"CONSENT_KEYS_FILE": "keys.json"}), clock=lambda: START)
    async with app.router.lifespan_context(app):
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
            assert (await client.get("/v1/acme/flag")).json()["basis"] == "default"


def test_the_configurations_of_the_pages_about_sites_have_no_fault_together() -> None:
    [text] = blocks(QUICKSTART, "toml")
    for block in (block for page in SITE_PAGES for block in blocks(page, "toml")):
        for table in re.split(r"\n(?=\[)", block.strip()):
            header, _, lines = table.partition("\n")
            there = f"\n{header}\n" in text
            text = text.replace(f"\n{header}\n", f"\n{header}\n{lines}\n") if there else f"{text}\n{table}\n"
    config = parse_config(text, {})
    assert list(config.sites) == ["acme"]
    assert list(config.partners) == ["adnet", "social"]
    assert config.sites["acme"].debug
    assert config.sites["acme"].tags.google_consent_mode
    assert config.partners["social"].adapter == "meta"
    assert config.partners["adnet"].cookies == ("_adnet", "_ad_*")


def test_the_export_of_another_tool_is_imported_as_it_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    regime = 'regime = "us-ca"\n'
    text = configuration(tmp_path / "consent.db").replace(regime, f'{regime}prior_ids = ["onetrust"]\n')
    (tmp_path / "consent.toml").write_text(text, encoding="utf-8")
    [export], [printed] = blocks(MIGRATING, "csv"), blocks(MIGRATING, "text")
    (tmp_path / "export.csv").write_text(export, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONSENT_KEYS", encode_ring(RING))
    [words] = [arguments(line) for line in shell_lines(MIGRATING)]
    assert words is not None
    ended = CliRunner().invoke(command_line, words)
    assert (ended.exit_code, ended.output) == (1, printed)
    assert len((tmp_path / "report.csv").read_text().splitlines()) == len(export.splitlines())


@pytest.fixture
async def demo(tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the application under the demo's own configuration."""
    _, config = prepare_folder(tmp_path / "consent-demo", Addresses(*DEMO_PORTS), START)
    app = create_app(config, clock=lambda: START)
    transport = httpx2.ASGITransport(app=app)
    async with app.router.lifespan_context(app), httpx2.AsyncClient(transport=transport) as client:
        yield client


async def test_the_flag_is_answered_as_it_is_shown(demo: httpx2.AsyncClient) -> None:
    [shown] = [json.loads(block) for block in blocks("README.md", "json")]
    [call] = calls("README.md")
    answer = await demo.send(call)
    assert answer.status_code == 200
    assert list(answer.json().items()) == list((shown | {"as_of": answer.json()["as_of"]}).items())
    assert len(answer.json()["as_of"]) == len(shown["as_of"])


async def test_the_choice_is_recorded_with_a_receipt(demo: httpx2.AsyncClient) -> None:
    [call] = calls(QUICKSTART)
    answer = await demo.send(call)
    assert answer.status_code == 201, answer.text
    assert set(answer.json()) == {"flag", "visitor", "receipt"}
    assert answer.json()["flag"]["basis"] == "choice"


def test_the_names_on_the_page_are_in_the_stub_and_in_the_script() -> None:
    [script] = blocks("docs/site/embedding.md", "js")
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


@pytest.mark.parametrize("page", [QUICKSTART, "docs/site/gating.md"])
def test_the_marks_on_the_page_are_known_to_the_script(page: str) -> None:
    widget = (ROOT / "widget" / "dist" / "widget.js").read_text(encoding="utf-8")
    [marked] = blocks(page, "html")
    assert {"data-right", "data-src"} <= set(re.findall(r"data-[a-z-]+", marked))
    for word in ("[data-right]", "[data-privacy-choices]", "text/plain", "privacychoices:change"):
        assert word in widget, word
