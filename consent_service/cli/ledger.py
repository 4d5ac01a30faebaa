"""The command line of the ledger: check an archive, and get out what it says; erase who is in it.

Only what speaks of visitors needs the service's store and keys.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import time
from contextlib import nullcontext
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, Final

import typer
from rich.console import Console
from rich.progress import Progress

from consent_service.cli.config_file import DEFAULT_CONFIG, ConfigFile, load_config
from consent_service.cli.erase import erase, number_of
from consent_service.errors import IdentityError, KeyRingInvalid, LedgerError, UnknownSite

if TYPE_CHECKING:
    from consent_service.identity.signatures import PublicKeys
    from consent_service.ledger.checkpoints import Checkpoint
    from consent_service.ledger.export import Wanted
    from consent_service.ledger.verification import Report

ledger = typer.Typer(
    help="Check the archive of what was recorded, export from it, erase a visitor.", no_args_is_help=True
)
Place = Annotated[str, typer.Argument(metavar="ARCHIVE", help="The folder, or the object store's URL.")]


_MOST: Final = 4 << 20
_SEALED_NOW: Final[dict[int | None, str]] = {
    None: "another process seals it at this moment; run this again to be sure of the newest entries",
    0: "nothing waited",
    1: "1 segment sealed",
}
_NUMBER: Final = re.compile("[0-9a-f]{32}")


class Format(StrEnum):
    """Formats of an export."""

    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"


@ledger.command()
def verify(
    archive: Place,
    key: Annotated[
        Path | None,
        typer.Option(
            help="Public keys, as /.well-known/jwks.json gives them. Without: no signature is checked."
        ),
    ] = None,
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option(help="A checkpoint kept elsewhere: finds what was taken away from the end."),
    ] = None,
) -> None:
    """Find every changed, missing, reordered or added entry; offline. Exit status 1 when there is one, 2 when none
    was found and no --key was given.
    """
    from consent_service.ledger.archive import open_archive
    from consent_service.ledger.verification import verify as check

    keys = None if key is None else _public_keys(key)
    known = [_checkpoint(file, keys) for file in checkpoint or ()]
    with Progress(console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("segments", total=None)
        report = check(
            open_archive(archive),
            keys,
            known,
            lambda done, total: shown.update(task, completed=done, total=total),
            int(time.time()),
        )
    _tell(report)
    if keys is None:
        typer.echo(
            "without --key no signature was checked: whoever can write to this archive can have made all of it anew; "
            "take the keys from the service's /.well-known/jwks.json"
        )
    said = f"{report.entries} entries in {report.segments} segments, {report.dropped} dropped in time"
    typer.echo(f"{said}: {len(report.findings) or 'no'} findings")
    unproved = 2 if keys is None else 0
    raise typer.Exit(1 if report.findings else unproved)


@ledger.command()
def seal(
    site: Annotated[
        list[str] | None, typer.Option(help="Only this site; may be given more than once.")
    ] = None,
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Seal what waits now, also while the service runs. Exit status 1 when another process seals at this moment."""
    from consent_service.identity.signatures import Signer
    from consent_service.process.ledger_work import seal_now
    from consent_service.services.key_rings import ring_of

    loaded = load_config(config)
    if not loaded.ledger.archive:
        raise LedgerError("ledger.archive names no folder and no object store: there is no place to seal to")
    if unknown := set(site or ()) - set(loaded.sites):
        raise UnknownSite(f"there is no site {min(unknown)!r}; there are: {', '.join(loaded.sites)}")
    signer, busy = Signer(ring_of(loaded)), False
    for one in site or loaded.sites:
        segments = asyncio.run(seal_now(loaded, signer, one))
        busy = busy or segments is None
        typer.echo(f"{one}: {_SEALED_NOW.get(segments, f'{segments} segments sealed')}")
    raise typer.Exit(1 if busy else 0)


@ledger.command()
def export(
    archive: Place,
    site: Annotated[str, typer.Option(help="One site's entries.")] = "",
    subject: Annotated[str, typer.Option(help="One visitor's entries: the number that they bear.")] = "",
    visitor: Annotated[
        str, typer.Option(help="One visitor's entries, with --site: a token, or an id. Asks the store.")
    ] = "",
    since: Annotated[datetime | None, typer.Option(help="From then on, UTC.")] = None,
    until: Annotated[datetime | None, typer.Option(help="Up to then, UTC.")] = None,
    form: Annotated[Format, typer.Option("--format", help="What to write.")] = Format.JSONL,
    out: Annotated[Path | None, typer.Option(help="The file to write, in place of standard output.")] = None,
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Write what lies in the archive, by site, time and subject. Proves nothing: run `ledger verify` first. Exit
    status 1 when some of it can't be read.
    """
    from consent_service.ledger import export as formats
    from consent_service.ledger.archive import open_archive
    from consent_service.ledger.findings import Finding

    unread = 0

    def tell(finding: Finding) -> None:
        nonlocal unread
        unread += 1
        typer.echo(str(finding), err=True)

    wanted = _wanted(site, subject, visitor, (since, until), config)
    kept = open_archive(archive)
    if site and not any(name.startswith(f"{site}/") for name in kept.names()):
        raise LedgerError(f"the archive holds nothing of a site {site!r}")
    with nullcontext(sys.stdout.buffer) if out is None else _new(out) as sink:
        written = formats.FORMATS[form](kept, wanted, sink, tell)
    left_out = f"; {unread} findings: what can't be read is left out" if unread else ""
    typer.echo(f"{written} entries{left_out}", err=True)
    raise typer.Exit(1 if unread else 0)


ledger.command()(erase)


@ledger.command()
def keys(
    file: Annotated[Path, typer.Argument(envvar="CONSENT_KEYS_FILE", help="The key ring's file.")],
) -> None:
    """Print the public keys that checkpoints are signed with; give them to whoever verifies."""
    from consent_service.identity.signatures import Signer, encode_jwks
    from consent_service.process import keyfile

    typer.echo(encode_jwks(Signer(keyfile.read(file)).public()).decode())


def _tell(report: Report) -> None:
    """Print findings, what to do about each kind, hints, and the newest checkpoint of each site."""
    from consent_service.ledger.findings import LEFTOVER, REMEDIES, Tampering, plain

    for finding in report.findings:
        typer.echo(str(finding))
    for what in dict.fromkeys(finding.what for finding in report.findings):
        typer.echo(f"what to do about {what}: {REMEDIES[what]}")
    for hint in report.hints:
        remedy = LEFTOVER if hint.what is Tampering.OBJECT_UNKNOWN else REMEDIES[hint.what]
        typer.echo(f"hint: {hint}: {remedy}")
    for site, (number, digest) in report.last.items():
        typer.echo(plain(f"{site}: checkpoint {number}, {digest}"))


def _public_keys(file: Path) -> PublicKeys:
    from consent_service.identity.signatures import decode_jwks

    try:
        return decode_jwks(_read(file))
    except KeyRingInvalid as error:
        raise KeyRingInvalid(f"{file}: {error}") from error


def _checkpoint(file: Path, keys: PublicKeys | None) -> Checkpoint:
    """The checkpoint in a file that somebody kept. It is read as strictly as those in the archive."""
    from consent_service.ledger.checkpoints import open_checkpoint

    try:
        return open_checkpoint(_read(file), keys)
    except (IdentityError, LedgerError) as error:
        raise LedgerError(
            f"{file}: the checkpoint {error}; keep a checkpoint's file as it lies in the archive, to the byte"
        ) from error


def _seconds(at: datetime) -> int:
    return int(at.replace(tzinfo=UTC).timestamp())


def _wanted(
    site: str, subject: str, visitor: str, span: tuple[datetime | None, datetime | None], config: Path
) -> Wanted:
    """Return the filters of an export. An unknown name is refused: an empty export would look like "no data"."""
    from consent_service.ledger.export import Wanted

    since, until = span
    if since is not None and until is not None and since >= until:
        raise LedgerError("--since lies behind --until: nothing is between them")
    if visitor and not site:
        raise LedgerError("--visitor needs --site: a visitor is one of a site's")
    if visitor:
        subject = number_of(load_config(config), site, visitor)
        if not subject:
            raise LedgerError("the store has no record of this visitor: none was made, or it was erased")
    if subject and not _NUMBER.fullmatch(subject):
        raise LedgerError(
            f"--subject {subject!r} is no number that entries bear: 32 hexadecimal digits, in lower case"
        )
    limits = {name: _seconds(at) for name, at in (("since", since), ("until", until)) if at is not None}
    return Wanted(site, subject, **limits)


def _new(file: Path) -> BinaryIO:
    """A new file that only its owner reads."""
    try:
        return os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
    except FileExistsError:
        raise LedgerError(f"{file} exists already: name a new file") from None
    except OSError as error:
        raise LedgerError(f"{file}: can't be written: {os.strerror(error.errno or 0)}") from None


def _read(file: Path) -> bytes:
    """A small file: keys or a checkpoint."""
    try:
        with file.open("rb") as opened:
            data = opened.read(_MOST + 1)
    except OSError as error:
        raise LedgerError(f"{file}: can't be read: {os.strerror(error.errno or 0)}") from None
    if len(data) > _MOST:
        raise LedgerError(
            f"{file}: has more than {_MOST} bytes; no set of keys and no checkpoint is as large"
        )
    return data
