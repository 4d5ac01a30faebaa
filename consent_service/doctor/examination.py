"""The examination: reads store, ledger and configuration, and has each judged. The one module here that does
I/O.

It writes nothing, and works whether the service runs or not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import version
from pathlib import Path

from consent_service.config import Config
from consent_service.doctor.diagnosis import Diagnosis, fault, ok
from consent_service.doctor.key_checks import judge_exposed, judge_keys, judge_memory
from consent_service.doctor.ledger_checks import judge_archive, judge_erasures, judge_ledger
from consent_service.doctor.mount_checks import judge_keys_place, judge_mount
from consent_service.doctor.redis_checks import judge_servers
from consent_service.doctor.site_checks import judge_sites
from consent_service.doctor.sqlite_checks import judge_file
from consent_service.errors import IdentityError, LedgerError, StoreError
from consent_service.identity.signatures import StatementSigner
from consent_service.ledger.archive import open_archive, trouble_with
from consent_service.ledger.backlog import Backlog, read_backlog
from consent_service.ledger.erasures import REDONE, count_undone, reach_of
from consent_service.ledger.sealer import STATE
from consent_service.store.causes import without_secrets
from consent_service.store.contract import Key
from consent_service.store.engines import examine_store
from consent_service.store.mounts import mount_of
from consent_service.store.names import RING_MEMORY, desk_shard
from consent_service.store.status import Examiner, FileFacts, FleetFacts


async def examine(
    config: Config,
    clock: Callable[[], float],
    keys_file: Path | None = None,
    exposed: Iterable[tuple[str, str, int]] = (),
) -> list[Diagnosis]:
    """Return all diagnoses.

    `keys_file`: the file that the key ring was read from. `exposed`: files with secrets, as
    `environment.exposed_secrets` yields them. Raises StoreError only for a URL that names no store.
    """
    now = int(clock())
    store = examine_store(config.service.store, clock=clock)
    try:
        facts = await store.read_facts()
        findings = [
            ok("version", f"consent-service {version('consent-service')}"),
            *_judge_store(facts, config, now),
        ]
        if place := config.ledger.archive:
            findings += judge_archive(without_secrets(place), await asyncio.to_thread(trouble_with, place))
            findings += _judge_archive_mount(place)
        findings += await _judge_backlog(store, facts, config, now)
        findings += await _judge_undone_erasures(store, facts, config)
        findings += await _judge_ring_memory(store, facts, config, now)
    finally:
        await store.close()
    findings += judge_keys(config.keys, now)
    if keys_file is not None:
        findings += judge_keys_place(str(keys_file), mount_of(keys_file))
    findings += [judge_exposed(*secret_file) for secret_file in exposed]
    return [*findings, *judge_sites(config)]


def _judge_store(facts: FileFacts | FleetFacts, config: Config, now: int) -> Iterator[Diagnosis]:
    relaxed = config.service.is_relaxed
    if isinstance(facts, FileFacts):
        return judge_file(facts, relaxed=relaxed)
    return judge_servers(facts, now, relaxed=relaxed)


def _judge_archive_mount(place: str) -> Iterator[Diagnosis]:
    """Judge the file system of the archive's folder: trimmed entries are nowhere else. A network's is as good."""
    if "://" not in place:
        yield from judge_mount("archive", place, mount_of(Path(place)))


async def _judge_backlog(
    store: Examiner, facts: FileFacts | FleetFacts, config: Config, now: int
) -> Iterator[Diagnosis]:
    """Judge the unsealed entries. A store that can't be read is a fault."""
    sites = list[Backlog]()
    try:
        if facts.laid is not None and config.ledger.archive:
            sites = [await read_backlog(store, facts.laid.shards, site) for site in config.sites]
    except (StoreError, LedgerError) as error:
        return iter([fault("ledger", str(error), "It can't be told what waits to be sealed.")])
    return judge_ledger(config.ledger, sites, now)


async def _judge_ring_memory(
    store: Examiner, facts: FileFacts | FleetFacts, config: Config, now: int
) -> list[Diagnosis]:
    """Compare the ring that is given with the one the store was written under."""
    if facts.laid is None or config.keys is None:
        return []
    try:
        (document,) = await store.get([RING_MEMORY])
    except StoreError as error:
        return [fault("key ring", str(error), "It can't be told whether the store was written under it.")]
    return list(judge_memory(document, config.keys, now))


async def _judge_undone_erasures(
    store: Examiner, facts: FileFacts | FleetFacts, config: Config
) -> list[Diagnosis]:
    """Judge the erasures that a restoration undid. Only the archive knows of them."""
    if facts.laid is None or not config.ledger.archive or config.keys is None:
        return []
    findings, keys = list[Diagnosis](), StatementSigner(config.keys).public_keys()
    try:
        lost, archive = await store.lost_values(), open_archive(config.ledger.archive)
        for site in config.sites if lost.floor else ():
            store_reach = reach_of(
                *await store.get([Key(desk_shard(site), name) for name in (REDONE, STATE)])
            )
            undone = await asyncio.to_thread(count_undone, archive, keys, site, store_reach, lost.is_lost)
            findings += judge_erasures(site, undone)
    except (StoreError, LedgerError, IdentityError) as error:
        findings.append(fault("erased", str(error), "It can't be told whether everybody erased still is."))
    return findings
