"""Commands for the store as a whole: `backup`, `restore` and `move`."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Annotated, Final

import typer

from consent_service.cli.options import DEFAULT_CONFIG, ConfigFile, load_config
from consent_service.cli.progress import progress_bar

_FROM_PASSWORD: Final = "CONSENT_FROM_PASSWORD"


def backup(
    file: Annotated[Path, typer.Argument(help="New file for the backup.")],
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Copy the store to a file, also while the service runs.

    The backup of a SQLite store is as of one moment; of a Redis store, each shard is as of one moment.
    """
    from consent_service.store.engines import engine_of
    from consent_service.store.mounts import mount_of

    store = load_config(config).service.store
    with progress_bar("shards") as progress:
        engine_of(store).backup(store, file, progress)
    typer.echo(f"wrote {file}")
    if (mount := mount_of(file)) is not None and mount.forgets:
        typer.echo(f"{file} {mount.description}. Copy it to a disk.", err=True)


def restore(
    file: Annotated[Path, typer.Argument(help="Backup file.")],
    config: ConfigFile = DEFAULT_CONFIG,
    unverified: Annotated[
        bool,
        typer.Option(
            help="Accept a SQLite file without a checksum: a store's own file, or a backup by an earlier version. "
            "Damage in it may go unnoticed."
        ),
    ] = False,
) -> None:
    """Replace the store with a backup. Stop the service first.

    A store file that is there is kept under another name; a Redis database must be empty. The whole backup is checked
    before anything changes: a damaged one is refused. Visitors erased since the backup are erased again.
    """
    from consent_service.services.restore import restore_store

    loaded = load_config(config)
    with progress_bar("shards") as progress:
        restored = restore_store(
            loaded,
            file,
            replaced=lambda previous: typer.echo(_render_replaced(file, previous)),
            unverified=unverified,
            progress=progress,
        )
    for warning in restored.ring_warnings:
        typer.echo(warning, err=True)
    if restored.erased_again:
        typer.echo(f"erased again: {restored.erased_again} who were erased since the backup")
    if restored.doubt:
        typer.echo(
            f"The restored store may hold more visitors who were erased since the backup: {restored.doubt}. Fix that "
            "and run `consent-service ledger erase --again` before you start the service.",
            err=True,
        )


def _render_replaced(file: Path, previous: Path | None) -> str:
    return f"restored {file}" + (f"; the store before it is now {previous}" if previous else "")


def move(
    origin: Annotated[str, typer.Option("--from", metavar="URL", help="URL of the current store.")],
    destination: Annotated[
        str,
        typer.Option("--to", metavar="URL", help="URL of the new store: a new file or an empty database."),
    ],
    shards: Annotated[
        int | None,
        typer.Option(
            help="Visitor shards of each site in the new store: a multiple of the current number "
            "(default: as many)."
        ),
    ] = None,
    relaxed: Annotated[
        bool, typer.Option(help="Accept Redis servers that may lose acknowledged writes.")
    ] = False,
) -> None:
    """Copy the store to another engine. Stop the service first. Run it again to resume.

    The old store is marked as moved: no service can use it any more. To go back, move from the new store to the old
    one. Passwords come from the environment: CONSENT_FROM_PASSWORD for --from, CONSENT_STORE_PASSWORD for --to, or
    these names with _FILE.
    """
    from consent_service.config.loading import STORE_PASSWORD, store_url
    from consent_service.store.transfer.move import move_store

    start = store_url(os.environ, _FROM_PASSWORD, origin)
    end = store_url(os.environ, STORE_PASSWORD, destination)
    with progress_bar("shards") as progress:
        moved = asyncio.run(move_store(start, end, shards=shards, relaxed=relaxed, progress=progress))
    typer.echo(
        f"moved {moved} shards, each read back and compared; {origin} takes no more choices: now set "
        f'`store = "{destination}"` and start the service'
    )
