"""Store URLs: which engine, which file, and what is said when there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from consent_service.errors import StoreUnavailable
from consent_service.store.url import open_store, sqlite_path


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
def test_what_works_on_a_file_alone_says_so_of_a_redis_store(url: str) -> None:
    with pytest.raises(StoreUnavailable, match="SQLite store's file alone"):
        sqlite_path(url)


async def test_a_relative_file_lies_in_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = open_store("sqlite:///odd name?#%25.db")
    assert store.shards == 64
    await store.close()
    assert (tmp_path / "odd name?#%.db").is_file()
