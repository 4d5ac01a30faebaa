"""Commands of the group `ledger`: check an archive, export from it, seal to it, erase who is in it.

Only what concerns visitors needs the service's store and keys.
"""

from __future__ import annotations

import asyncio
import re
import sys
import time
from contextlib import nullcontext
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from consent_service.cli.erase import erase
from consent_service.cli.groups import command_group
from consent_service.cli.options import DEFAULT_CONFIG, ConfigFile, KeyFile, load_config
from consent_service.cli.progress import progress_bar
from consent_service.errors import LedgerError

if TYPE_CHECKING:
    from consent_service.config import Config
    from consent_service.ledger.export import Wanted
    from consent_service.ledger.verification import Report

ArchivePlace = Annotated[
    str, typer.Argument(metavar="ARCHIVE", help="Folder of the archive, or the URL of its object store.")
]
_SUBJECT: Final = re.compile("[0-9a-f]{32}")
_SEALED: Final[dict[int | None, str]] = {
    None: "another process is sealing it at this moment; run this again to be sure of the newest entries",
    0: "nothing waited",
    1: "1 segment sealed",
}


class Format(StrEnum):
    """Formats of an export."""

    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"


OfSite = Annotated[str, typer.Option(help="Export only the entries of this site.")]
Subject = Annotated[
    str, typer.Option(help="Export only the entries with this subject number, in hexadecimal.")
]
Visitor = Annotated[
    str,
    typer.Option(
        help="Export only the entries of this visitor of --site: a visitor token, or a visitor id in "
        "hexadecimal. Needs the store."
    ),
]
Since = Annotated[datetime | None, typer.Option(help="Export only entries from this time on, in UTC.")]
Until = Annotated[datetime | None, typer.Option(help="Export only entries from before this time, in UTC.")]
Form = Annotated[Format, typer.Option("--format", help="Output format.")]
Out = Annotated[Path | None, typer.Option(help="New file to write (default: standard output).")]


def verify(
    archive: ArchivePlace,
    key: Annotated[
        Path | None,
        typer.Option(
            help="File with the public keys: the service's /.well-known/jwks.json. Without it no "
            "signature is checked."
        ),
    ] = None,
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option(
            help="Checkpoint file that was kept elsewhere, to find entries removed from the end. May be repeated."
        ),
    ] = None,
) -> None:
    """Check an archive offline for changed, missing, reordered and added entries.

    Exit status 1 when something was found, 2 when nothing was found and no --key was given.
    """
    from consent_service.cli.ledger_files import read_checkpoint, read_public_keys
    from consent_service.ledger.archive import open_archive
    from consent_service.ledger.verification import verify as verify_archive

    keys = None if key is None else read_public_keys(key)
    checkpoints = [read_checkpoint(file, keys) for file in checkpoint or ()]
    with progress_bar("segments") as progress:
        report = verify_archive(open_archive(archive), keys, checkpoints, progress, int(time.time()))
    _print_report(report)
    if keys is None:
        typer.echo(
            "without --key no signature was checked: anybody who can write to this archive may have made all of it; "
            "take the keys from the service's /.well-known/jwks.json"
        )
    counts = f"{report.entries} entries in {report.segments} segments, {report.dropped} dropped in time"
    typer.echo(f"{counts}: {len(report.findings) or 'no'} findings")
    unproved = 2 if keys is None else 0
    raise typer.Exit(1 if report.findings else unproved)


def seal(
    site: Annotated[list[str] | None, typer.Option(help="Seal only this site. May be repeated.")] = None,
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Seal the waiting entries now, also while the service runs.

    Exit status 1 when another process is sealing a site at this moment.
    """
    is_complete = asyncio.run(_seal_and_print(load_config(config), site or []))
    raise typer.Exit(0 if is_complete else 1)


def export(
    archive: ArchivePlace,
    site: OfSite = "",
    subject: Subject = "",
    visitor: Visitor = "",
    since: Since = None,
    until: Until = None,
    form: Form = Format.JSONL,
    out: Out = None,
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Write entries of an archive as JSON Lines, CSV or Parquet.

    Nothing is verified: run `ledger verify` first. Exit status 1 when entries can't be read; they are named and left
    out.
    """
    from consent_service.cli.ledger_files import create_file
    from consent_service.ledger.export import FORMATS
    from consent_service.ledger.findings import Finding
    from consent_service.services.entry_export import open_site_archive

    unreadable = 0

    def report_unreadable(finding: Finding) -> None:
        nonlocal unreadable
        unreadable += 1
        typer.echo(str(finding), err=True)

    wanted = _entry_filter(site, subject, visitor, (since, until), config)
    source = open_site_archive(archive, site)
    with nullcontext(sys.stdout.buffer) if out is None else create_file(out) as sink:
        written = FORMATS[form](source, wanted, sink, report_unreadable)
    left_out = f"; {unreadable} findings: what can't be read is left out" if unreadable else ""
    typer.echo(f"{written} entries{left_out}", err=True)
    raise typer.Exit(1 if unreadable else 0)


def print_public_keys(file: KeyFile) -> None:
    """Print the public keys of a key ring, for whoever verifies the archive."""
    from consent_service.identity.signatures import Signer, encode_jwks
    from consent_service.process import keyfile

    typer.echo(encode_jwks(Signer(keyfile.read(file)).public()).decode())


ledger = command_group(
    "Check the archive, export from it, seal entries, erase visitors.",
    {"verify": verify, "seal": seal, "export": export, "erase": erase, "keys": print_public_keys},
)


async def _seal_and_print(config: Config, sites: list[str]) -> bool:
    """Seal and print the outcome for each site. Return False if another process was sealing one of them."""
    from consent_service.services.sealing import seal_sites

    is_complete = True
    async for sealed in seal_sites(config, sites):
        outcome = _SEALED.get(sealed.segments, f"{sealed.segments} segments sealed")
        typer.echo(f"{sealed.site}: {outcome}")
        is_complete = is_complete and sealed.segments is not None
    return is_complete


def _print_report(report: Report) -> None:
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


def _entry_filter(
    site: str, subject: str, visitor: str, span: tuple[datetime | None, datetime | None], config: Path
) -> Wanted:
    """Return the filter of an export. Raises LedgerError for options that would match nothing: an empty export would
    look like "no data".
    """
    from consent_service.ledger.export import Wanted
    from consent_service.services.entry_export import find_subject

    since, until = span
    if since is not None and until is not None and since >= until:
        raise LedgerError("--since is not before --until, so no entry can match")
    if visitor and not site:
        raise LedgerError("--visitor needs --site, because each site has its own visitors")
    if visitor:
        subject = asyncio.run(find_subject(load_config(config), site, visitor))
    if subject and not _SUBJECT.fullmatch(subject):
        raise LedgerError(f"--subject {subject!r} is not 32 hexadecimal digits in lower case")
    limits = {name: _unix_seconds(at) for name, at in (("since", since), ("until", until)) if at is not None}
    return Wanted(site, subject, **limits)


def _unix_seconds(at: datetime) -> int:
    return int(at.replace(tzinfo=UTC).timestamp())
