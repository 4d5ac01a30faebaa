"""Check of an entry: it must be one that a fact makes, not only JSON with the right members. Pure."""

from __future__ import annotations

import re
import struct
from typing import Final

from consent_service.ledger.entries import (
    DEVICES,
    VERSION,
    ChoiceEntry,
    Entry,
    EntryUnreadable,
    Evidence,
    entry_of,
    fact_of,
)

_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SUBJECT: Final = re.compile(r"[0-9a-f]{32}")


def check_entry(entry: Entry) -> None:
    """Raise EntryUnreadable unless the entry is the one that its own fact would make."""
    if entry.v != VERSION:
        raise EntryUnreadable(
            f"entry {entry.id} is of version {entry.v}; this service reads version {VERSION}"
        )
    if not _UUID.fullmatch(entry.id) or not _SUBJECT.fullmatch(entry.subject):
        raise EntryUnreadable(f"entry {entry.id!r} about {entry.subject!r}: malformed id or record number")
    if entry.device is not None and entry.device.kind not in DEVICES:
        raise EntryUnreadable(f"entry {entry.id} names an unknown device class {entry.device.kind!r}")
    try:
        evidence, fact = _evidence_of(entry), fact_of(entry)
        made_again = entry_of(
            fact,
            entry_id=entry.id,
            site=entry.site,
            subject=bytes.fromhex(entry.subject),
            evidence=evidence,
        )
    except (struct.error, OverflowError) as error:
        raise EntryUnreadable(f"entry {entry.id} holds a value out of range: {error}") from error
    if made_again != entry:
        raise EntryUnreadable(f"entry {entry.id} holds values that no {type(fact).__name__} fact has")


def _evidence_of(entry: Entry) -> Evidence:
    if isinstance(entry, ChoiceEntry):
        return Evidence(entry.device, entry.notice, entry.lang, entry.made_at)
    return Evidence(entry.device)
