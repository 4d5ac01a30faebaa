"""Anchors in the archive: signed statements that a segment was dropped in due time.

Blocking: callers on an event loop use a thread.
"""

from __future__ import annotations

from consent_service.errors import LedgerError
from consent_service.identity.signatures import PublicKeys
from consent_service.ledger import checkpoints, object_names
from consent_service.ledger.archive import Archive
from consent_service.ledger.checkpoints import Checkpoint


def require_anchor(archive: Archive, keys: PublicKeys, checkpoint: Checkpoint) -> None:
    """Raise LedgerError unless a signed anchor says that the checkpoint's segment was dropped in due time."""
    data = archive.get(object_names.anchor_name(checkpoint.site, checkpoint.number))
    if data is None:
        raise LedgerError(
            f"segment {checkpoint.number} of {checkpoint.site} is missing in the archive, "
            "and no anchor says that its time was over: run `ledger verify`"
        )
    checkpoints.trusted_anchor(data, keys, checkpoint)
