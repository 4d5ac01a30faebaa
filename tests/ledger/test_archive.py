"""The archive: a folder and an object store keep the same promises."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from obstore.store import MemoryStore

from consent_service.errors import ArchiveUnavailable, ObjectUnfit
from consent_service.ledger.archive import Archive, FolderArchive, ObjectArchive, open_archive

KINDS: dict[str, Callable[[Path], Archive]] = {
    "folder": FolderArchive,
    "memory": lambda _folder: ObjectArchive(MemoryStore(), "memory://"),
    "file": lambda folder: open_archive(f"file://{folder}"),
}


@pytest.fixture(params=KINDS)
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> Archive:
    return KINDS[request.param](tmp_path)


def test_what_was_put_is_there_until_it_is_deleted(archive: Archive) -> None:
    archive.put("acme/heads/1", b"one")
    archive.put("acme/segments/1", b"two")
    archive.put("acme/heads/1", b"again")
    assert archive.get("acme/heads/1") == b"again"
    assert archive.names() == ["acme/heads/1", "acme/segments/1"]
    archive.delete("acme/heads/1")
    assert archive.get("acme/heads/1") is None
    assert archive.names() == ["acme/segments/1"]


def test_what_is_not_there_is_nothing_and_no_error(archive: Archive) -> None:
    assert archive.get("acme/heads/9") is None
    archive.delete("acme/heads/9")


def test_an_archive_address_without_a_scheme_is_a_folder(tmp_path: Path) -> None:
    assert isinstance(open_archive(str(tmp_path)), FolderArchive)


def test_no_way_of_naming_a_folder_leads_out_of_it(tmp_path: Path) -> None:
    (tmp_path / "the archive").mkdir()
    (tmp_path / "the archive/out").symlink_to(__file__)
    for place in (f"{tmp_path}/the archive", f"file://{tmp_path}/the%20archive"):
        with pytest.raises(ObjectUnfit):
            open_archive(place).get("out")


def test_a_folder_that_refuses_says_so(tmp_path: Path) -> None:
    (tmp_path / "acme").write_text("in the way")
    with pytest.raises(ArchiveUnavailable, match="the archive failed"):
        FolderArchive(tmp_path).put("acme/heads/1", b"one")


def test_an_address_of_no_store_is_refused() -> None:
    with pytest.raises(ArchiveUnavailable):
        open_archive("gopher://somewhere")
