"""The examination: looks at store, ledger and configuration, and has each judged. The one module here that does I/O.

It writes nothing, and works while the service runs and while it is stopped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import version
from pathlib import Path

from consent_service.config import Config
from consent_service.doctor.files import judge_file
from consent_service.doctor.findings import Finding, fault, ok
from consent_service.doctor.keys import judge_exposed, judge_keys, judge_memory
from consent_service.doctor.ledger import judge_archive, judge_erasures, judge_ledger
from consent_service.doctor.places import judge_keys_place, judge_mount
from consent_service.doctor.servers import judge_servers
from consent_service.doctor.sites import judge_sites
from consent_service.errors import IdentityError, LedgerError, StoreError
from consent_service.identity.signatures import Signer
from consent_service.ledger.archive import open_archive, trouble_with
from consent_service.ledger.backlog import Backlog, backlog
from consent_service.ledger.erasures import REDONE, forgotten, reach
from consent_service.ledger.sealing import STATE
from consent_service.store.causes import without_secrets
from consent_service.store.contract import Key
from consent_service.store.engines import examine_store
from consent_service.store.keys import RING_MEMORY, desk_shard
from consent_service.store.mounts import mount_of
from consent_service.store.status import Examiner, FileFacts, FleetFacts


async def examine(
    config: Config,
    clock: Callable[[], float],
    keys_file: Path | None = None,
    exposed: Iterable[tuple[str, str, int]] = (),
) -> list[Finding]:
    """All findings. `keys_file`: where the key ring was read from; `exposed`: secrets' files, as the environment's
    `exposures` has them. Raises StoreError only for a URL that names no store.
    """
    now = int(clock())
    store = examine_store(config.service.store, clock=clock)
    try:
        facts = await store.facts()
        findings = [
            ok("version", f"consent-service {version('consent-service')}"),
            *_stored(facts, config, now),
        ]
        if place := config.ledger.archive:
            findings += judge_archive(without_secrets(place), await asyncio.to_thread(trouble_with, place))
            findings += _archived(place)
        findings += await _ledger(store, facts, config, now)
        findings += await _erasures(store, facts, config)
        findings += await _ring_memory(store, facts, config, now)
    finally:
        await store.close()
    findings += judge_keys(config.keys, now)
    if keys_file is not None:
        findings += judge_keys_place(str(keys_file), mount_of(keys_file))
    findings += [judge_exposed(*one) for one in exposed]
    return [*findings, *judge_sites(config)]


def _stored(facts: FileFacts | FleetFacts, config: Config, now: int) -> Iterator[Finding]:
    relaxed = config.service.is_relaxed
    if isinstance(facts, FileFacts):
        return judge_file(facts, relaxed=relaxed)
    return judge_servers(facts, now, relaxed=relaxed)


def _archived(place: str) -> Iterator[Finding]:
    """Judge the file system of the archive's folder: trimmed entries are nowhere else. A network's is as good."""
    if "://" not in place:
        yield from judge_mount("archive", place, mount_of(Path(place)))


async def _ledger(
    store: Examiner, facts: FileFacts | FleetFacts, config: Config, now: int
) -> Iterator[Finding]:
    """The store may go away in between, or hold what can't be read: a finding too."""
    sites = list[Backlog]()
    try:
        if facts.laid is not None and config.ledger.archive:
            sites = [await backlog(store, facts.laid.shards, site) for site in config.sites]
    except (StoreError, LedgerError) as error:
        return iter([fault("ledger", str(error), "It can't be told what waits to be sealed.")])
    return judge_ledger(config.ledger, sites, now)


async def _ring_memory(
    store: Examiner, facts: FileFacts | FleetFacts, config: Config, now: int
) -> list[Finding]:
    """Compare the ring that is given with the one the store was written under."""
    if facts.laid is None or config.keys is None:
        return []
    try:
        (found,) = await store.get([RING_MEMORY])
    except StoreError as error:
        return [fault("key ring", str(error), "It can't be told whether the store was written under it.")]
    return list(judge_memory(found, config.keys, now))


async def _erasures(store: Examiner, facts: FileFacts | FleetFacts, config: Config) -> list[Finding]:
    """Only a store that was restored can have forgotten whom it erased, and only the archive knows."""
    if facts.laid is None or not config.ledger.archive or config.keys is None:
        return []
    findings, keys = list[Finding](), Signer(config.keys).public()
    try:
        lost, kept = await store.lost(), open_archive(config.ledger.archive)
        for site in config.sites if lost.floor else ():
            known = reach(*await store.get([Key(desk_shard(site), name) for name in (REDONE, STATE)]))
            undone = await asyncio.to_thread(forgotten, kept, keys, site, known, lost.is_lost)
            findings += judge_erasures(site, undone)
    except (StoreError, LedgerError, IdentityError) as error:
        findings.append(fault("erased", str(error), "It can't be told whether everybody erased still is."))
    return findings
