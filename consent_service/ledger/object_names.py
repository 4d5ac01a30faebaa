"""Names of the objects in an archive. Pure; nothing else in the package builds or parses such a name.

SITE/heads/00000001.json          the signed checkpoint (the folder keeps the name that archives have)
SITE/segments/00000001.jsonl.gz   its lines
SITE/marks/00000001.bin           what locates a change in them
SITE/anchors/00000001.json        stands for a segment that was dropped
"""

from __future__ import annotations

import re
from typing import Final

CHECKPOINT_FOLDER: Final = "heads"
"""Folder of a site's checkpoints. Existing archives have this name, so it never changes."""

_OBJECT: Final = re.compile(r"[^/]+/(?P<kind>[a-z]+)/(?!0{8})[0-9]{8}(?P<ending>(?:\.[a-z]+)+)")
_ENDINGS: Final = frozenset(
    {(CHECKPOINT_FOLDER, ".json"), ("segments", ".jsonl.gz"), ("marks", ".bin"), ("anchors", ".json")}
)
_LEFTOVER: Final = re.compile(r"\.([^/]+)\.[0-9a-f]{8}")


def checkpoint_name(site: str, number: int) -> str:
    """Return the name of a checkpoint's object."""
    return f"{site}/{CHECKPOINT_FOLDER}/{number:08d}.json"


def segment_name(site: str, number: int) -> str:
    """Return the name of a segment's object."""
    return f"{site}/segments/{number:08d}.jsonl.gz"


def marks_name(site: str, number: int) -> str:
    """Return the name of the object with a segment's marks."""
    return f"{site}/marks/{number:08d}.bin"


def anchor_name(site: str, number: int) -> str:
    """Return the name of the anchor for a dropped segment."""
    return f"{site}/anchors/{number:08d}.json"


def is_segment(name: str) -> bool:
    """Return True for a name that `segment_name` returns."""
    return "/segments/" in name and is_object(name)


def is_object(name: str) -> bool:
    """Return True for a name that the service gives. Any other object in an archive is foreign."""
    return (match := _OBJECT.fullmatch(name)) is not None and (match["kind"], match["ending"]) in _ENDINGS


def number_of(name: str) -> int:
    """Return the number in an object's name, which must be one that the service gives."""
    return int(name.rpartition("/")[2][:8])


def is_leftover(name: str) -> bool:
    """Return True for the temporary file that `archive.FolderArchive.put` leaves if its process is killed."""
    folder, _, last = name.rpartition("/")
    match = _LEFTOVER.fullmatch(last)
    return match is not None and is_object(f"{folder}/{match[1]}")
