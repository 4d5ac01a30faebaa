"""Commands of the group `keys`: the key ring's file, and the ring that the store accepts."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import typer

from consent_service.cli.groups import command_group
from consent_service.cli.options import DEFAULT_CONFIG, ConfigFile, KeyFile, Yes, load_config

if TYPE_CHECKING:
    from consent_service.config import Service
    from consent_service.identity.keys import KeyRing


def make_ring(file: KeyFile) -> None:
    """Make a key ring in a new file."""
    from consent_service.process import keyfile

    keyfile.make(file, int(time.time()))
    typer.echo(f"wrote {file}, readable by its owner alone")
    typer.echo("Keep a copy in a safe place: if the key ring is lost, so is every visitor's choice.")
    typer.echo(f"Run the service with CONSENT_KEYS_FILE={file}")


def rotate_ring(file: KeyFile) -> None:
    """Add a new signing key. Tokens that the old keys signed stay valid for 400 days."""
    from consent_service.process import keyfile

    key = keyfile.rotate_file(file, int(time.time()))
    typer.echo(f"key {key.number} signs as soon as the service is restarted or reloaded (SIGHUP)")


def list_keys(file: KeyFile) -> None:
    """List the keys with their dates and states. No secret is shown."""
    from rich.console import Console
    from rich.table import Table

    from consent_service.process import keyfile

    table = Table("key", "created", "retired", "state", box=None)
    for line in keyfile.listing(keyfile.read(file), int(time.time())):
        table.add_row(str(line.number), line.created, line.retired, line.state)
    Console().print(table)


def adopt_ring(file: KeyFile, config: ConfigFile = DEFAULT_CONFIG, yes: Yes = False) -> None:
    """Make the store accept this key ring when its own is lost for good. Stop the service first."""
    from consent_service.process import keyfile

    ring, service = keyfile.read(file), load_config(config).service
    if yes or typer.confirm(
        "Tokens signed by another ring are refused: those visitors stay denied until they choose again. "
        "Adopt this ring?"
    ):
        asyncio.run(_adopt_in_store(service, ring))
        typer.echo(f"the store accepts {file} from now on")
    else:
        typer.echo("nothing was changed")


async def _adopt_in_store(service: Service, ring: KeyRing) -> None:
    from consent_service.services import key_rings
    from consent_service.services.configured_store import configured_store

    async with configured_store(service) as store:
        await key_rings.adopt(store, ring)


keys = command_group(
    "Make, rotate and list the keys that sign visitor tokens.",
    {"new": make_ring, "rotate": rotate_ring, "list": list_keys, "adopt": adopt_ring},
)
