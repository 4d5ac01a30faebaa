"""Store URLs: which engine, which file, and what is said when there is none."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import consent_service
from consent_service.errors import StoreUnavailable
from consent_service.store.engines import local_file, open_store
from consent_service.store.sqlite.registration import sqlite_path


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///consent.db", "consent.db"),
        ("sqlite:///data/consent.db", "data/consent.db"),
        ("sqlite:////var/lib/consent.db", "/var/lib/consent.db"),
        ("sqlite:///a%20b.db", "a b.db"),
        ("sqlite:///what?.db", "what?.db"),
    ],
)
def test_a_sqlite_url_names_a_file(url: str, path: str) -> None:
    assert sqlite_path(url) == Path(path)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgres://host/db", "postgres"),
        ("consent.db", "sqlite:///consent.db"),
        ("", "sqlite:///consent.db"),
        ("sqlite://consent.db", "three slashes"),
        ("sqlite:///", "three slashes"),
        ("sqlite:///a%00b", "three slashes"),
    ],
)
def test_any_other_url_is_refused_with_what_to_write(url: str, said: str) -> None:
    with pytest.raises(StoreUnavailable, match=said):
        open_store(url)


@pytest.mark.parametrize("url", ["redis://host", "rediss+cluster://a,b"])
def test_a_store_on_servers_has_no_file_on_this_machine(url: str) -> None:
    assert local_file(url) is None


async def test_a_relative_file_lies_in_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = open_store("sqlite:///odd name?#%25.db")
    assert store.shards == 64
    await store.close()
    assert (tmp_path / "odd name?#%.db").is_file()


def test_only_the_registry_knows_the_engines_packages() -> None:
    package = Path(consent_service.__file__).parent
    outside = [path for path in package.rglob("*.py") if package / "store" not in path.parents]
    named = re.compile(r"consent_service\.store(\.| import .*\b)(sqlite|redis)\b")
    assert outside
    assert not [str(path) for path in outside if named.search(path.read_text())]
