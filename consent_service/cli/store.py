"""The command line of the store as a whole: its backup, its way back, and its move to another engine."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from consent_service.cli.config_file import DEFAULT_CONFIG, ConfigFile, load_config
from consent_service.config.loader import STORE_PASSWORD, store_url
from consent_service.errors import ConsentError, KeyRingForeign

if TYPE_CHECKING:
    from consent_service.cli.erase import Before
    from consent_service.config import Config
    from consent_service.identity.key_ring import KeyRing
    from consent_service.store.transfer.store_copy import ShardProgress

FROM_PASSWORD = "CONSENT_FROM_PASSWORD"


def backup(
    file: Annotated[Path, typer.Argument(help="Where to write the copy; it must not be there yet.")],
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Copy the store, also while the service runs: a file as of one moment, Redis each shard as of one."""
    from consent_service.store.engines import engine_of
    from consent_service.store.mounts import mount_of

    store = load_config(config).service.store
    with shown("shards") as progress:
        engine_of(store).backup(store, file, progress)
    typer.echo(f"wrote {file}")
    if (mount := mount_of(file)) is not None and mount.forgets:
        typer.echo(f"{file} {mount.description}. Copy it to a disk.", err=True)


def restore(
    file: Annotated[Path, typer.Argument(help="The copy to put in the store's place.")],
    config: ConfigFile = DEFAULT_CONFIG,
    unverified: Annotated[
        bool,
        typer.Option(
            help="Take a SQLite file without a digest: a store's own, or a backup of an earlier version. Whether all "
            "of it is as it was saved can't be told."
        ),
    ] = False,
) -> None:
    """Put a copy in the store's place, the service stopped. A file that was there is kept; Redis must be empty.

    All of the copy is examined first. One that is damaged, or that this service did not make so, changes nothing.
    """
    from consent_service.store.engines import engine_of

    loaded = load_config(config)
    service = loaded.service
    before, unknown = _erased_before(loaded)
    relaxed = service.durability == "relaxed"
    with shown("shards") as progress:
        replaced = engine_of(service.store).restore(
            file, service.store, relaxed=relaxed, unverified=unverified, progress=progress
        )
    typer.echo(f"restored {file}" + (f"; what was there is now {replaced}" if replaced else ""))
    _check_ring(loaded)
    _erase_again(loaded, before, unknown)


def _check_ring(config: Config) -> None:
    """Say on stderr what the key ring lacks of the one that the copy was written under."""
    from consent_service.services.configured_store import configured_store
    from consent_service.services.key_rings import take_up

    async def check(ring: KeyRing) -> list[str]:
        async with configured_store(config.service) as store:
            return await take_up(store, ring, int(time.time()), dry=True)

    if config.keys is None:
        return
    try:
        said = asyncio.run(check(config.keys))
    except KeyRingForeign as error:
        said = [f"`serve` will refuse the restored store: {error}"]
    except ConsentError as error:
        said = [f"whether the restored store was written under this key ring can't be told: {error}"]
    for sentence in said:
        typer.echo(sentence, err=True)


def _erased_before(config: Config) -> tuple[dict[str, Before], str]:
    """By site what the store knows that is to be replaced; and why that can't be told, or ""."""
    from consent_service.cli.erase import erased_here
    from consent_service.store.engines import local_file

    file = local_file(config.service.store)
    if file is None or not file.exists():
        archived = "" if config.ledger.archive else "no store stood here, and no archive is configured"
        return {}, archived
    try:
        return asyncio.run(erased_here(config)), ""
    except ConsentError as error:
        return {}, str(error)


def _erase_again(config: Config, before: Mapping[str, Before], unknown: str) -> None:
    """Erase again, in the restored copy, the visitors erased since it was made, as far as known (design rule 8)."""
    from consent_service.cli.erase import Redone, erase_again

    try:
        redone = asyncio.run(erase_again(config, before))
    except ConsentError as error:
        redone = Redone(0, str(error))
    if redone.erased:
        typer.echo(f"erased again: {redone.erased} who had been erased since")
    if why := unknown or redone.unknown:
        typer.echo(
            f"It may hold more who were erased since, which can't be told: {why}. "
            "Mend that and run `consent-service ledger erase --again` before the service.",
            err=True,
        )


def move(
    origin: Annotated[str, typer.Option("--from", metavar="URL", help="The store that there is.")],
    destination: Annotated[str, typer.Option("--to", metavar="URL", help="An empty place for it.")],
    shards: Annotated[
        int | None,
        typer.Option(help="Visitor shards of each site in the copy, a multiple of what there are."),
    ] = None,
    relaxed: Annotated[
        bool, typer.Option(help="Accept servers that may lose what they acknowledge.")
    ] = False,
) -> None:
    """Copy a store to another engine, the service stopped. Interrupted, the same command goes on.

    The old store is marked: nothing serves over it any more. To come back, move from the new one to the old one.
    Passwords come from the environment: CONSENT_FROM_PASSWORD and, for --to, CONSENT_STORE_PASSWORD, or _FILE.
    """
    from consent_service.store.transfer.move import move_store

    start = store_url(os.environ, FROM_PASSWORD, origin)
    end = store_url(os.environ, STORE_PASSWORD, destination)
    with shown("shards") as progress:
        moved = asyncio.run(move_store(start, end, shards=shards, relaxed=relaxed, progress=progress))
    typer.echo(
        f"moved {moved} shards, each read back and found equal; {origin} takes no choice any more: now set "
        f'`store = "{destination}"` and start the service'
    )


@contextmanager
def shown(of: str) -> Iterator[ShardProgress]:
    """Yield a function that shows a progress bar on stderr, from its first call to the end of the block."""
    console = Console(stderr=True)
    bar = Progress(console=console, transient=True, disable=not console.is_terminal)
    task = bar.add_task(of, total=None)

    def show_progress(done: int, total: int) -> None:
        bar.start()
        bar.update(task, completed=done, total=total)

    try:
        yield show_progress
    finally:
        bar.stop()
