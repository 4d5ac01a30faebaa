"""Checks of the ledger: the archive, the age of unsealed entries, and erasures that a restoration undid.
Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from consent_service.config import LedgerSettings
from consent_service.doctor.diagnosis import Diagnosis, fault, hint, ok
from consent_service.doctor.units import duration_text
from consent_service.ledger.backlog import Backlog

_LATE: Final = 3
"""Intervals: one to wait for, one to seal in, one to spare."""
_STUCK: Final = 24


def judge_ledger(settings: LedgerSettings, sites: Sequence[Backlog], now: int) -> Iterator[Diagnosis]:
    """Judge, for each site, the age of the oldest entry that is not sealed."""
    if not settings.archive:
        yield hint(
            "ledger",
            "nothing is sealed: the store keeps all that was recorded, and no auditor can check it",
            "Name a folder or an object store as archive under [ledger].",
        )
        return
    for site in sites:
        yield _judge_site(settings, site, now)


def judge_archive(place: str, trouble: str) -> Iterator[Diagnosis]:
    """Judge the archive. `trouble`: the fault seen in it, "" for none."""
    if trouble:
        remedy = (
            "Nothing is sealed until then. Looked at as this user, from this folder: `work` may see another."
        )
        yield hint("archive", trouble, remedy)
    elif "://" not in place and not place.startswith("/"):
        sentence = f"{place} is another folder wherever the service is started"
        yield hint("archive", sentence, "Name the whole path, from /.")
    else:
        yield ok("archive", f"what is sealed goes to {place}")


def judge_erasures(site: str, forgotten: int) -> Iterator[Diagnosis]:
    """Judge the erasures behind a restoration. `forgotten`: the number that it undid."""
    if forgotten:
        sentence = f"{site}: a restored backup has undone {forgotten} erasures: it may hold records of who was erased"
        yield fault(
            "erased", sentence, f"`consent-service ledger erase --again --site {site}` erases them again."
        )


def _judge_site(settings: LedgerSettings, site: Backlog, now: int) -> Diagnosis:
    sealed = f"{site.site}: {site.segments} segments are sealed"
    if not site.waiting:
        return ok("ledger", f"{sealed}, nothing waits")
    shard = min(site.waiting, key=site.waiting.__getitem__)
    age = max(now - site.waiting[shard], 0)
    sentence = f"{sealed}, {len(site.waiting)} shards wait, {shard} for {duration_text(age)}"
    if age <= _LATE * settings.seal_every:
        return ok("ledger", sentence)
    remedy = (
        "Is the `work` process running, and can it write to the archive? Its log says what keeps it. A store that is "
        "older than its archive, because a backup was put in its place without `restore`, seals nothing any more."
    )
    return (fault if age > _STUCK * settings.seal_every else hint)("ledger", sentence, remedy)
