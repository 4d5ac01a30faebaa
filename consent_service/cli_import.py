"""The command line of an import: another consent tool's opt-outs, from a CSV file into the store."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, Final, NamedTuple, TextIO

import typer

from consent_service.cli_config import DEFAULT_CONFIG, ConfigFile, load_config
from consent_service.cli_store import shown
from consent_service.config import Config
from consent_service.config.prior_cmp import cookie_of
from consent_service.errors import ImportRefused, UnknownSite

if TYPE_CHECKING:
    from consent_service.config.shape import Service
    from consent_service.identity.keys import KeyRing
    from consent_service.importing.outcomes import OptOut, Outcome
    from consent_service.importing.recording import Place
    from consent_service.importing.report import Report
    from consent_service.store.copying import Progress

Export = Annotated[Path, typer.Argument(help="The export: CSV in UTF-8, with a header.")]
Site = Annotated[str, typer.Option(help="The site's key.")]
Tool = Annotated[str, typer.Option(help="Whose export it is: a tool's name, or the cookie with its ids.")]
IdColumn = Annotated[str, typer.Option("--id", metavar="COLUMN", help="The column of ids.")]
TimeColumn = Annotated[str | None, typer.Option("--time", metavar="COLUMN", help="That of times, if not at.")]
Where = Annotated[
    list[str] | None, typer.Option(metavar="COLUMN=VALUE", help="Which rows opt out of sale and sharing.")
]
Delimiter = Annotated[str, typer.Option(metavar="CHARACTER", help="What parts cells.")]
ReportFile = Annotated[
    Path | None, typer.Option("--report", metavar="FILE", help="Write what came of each line there, as CSV.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would come of it.")]

_LINES_BETWEEN_WORDS: Final = 1000


def import_opt_outs(
    file: Export,
    site: Site,
    tool: Tool,
    config: ConfigFile = DEFAULT_CONFIG,
    column: IdColumn = "id",
    made_at: TimeColumn = None,
    where: Where = None,
    delimiter: Delimiter = ",",
    report_to: ReportFile = None,
    dry_run: DryRun = False,
) -> None:
    """Import opt-outs from another consent tool's export, also while the service runs. Repeated, it goes on.

    Opt-ins are never imported. Exit status 1 when a line was refused.
    """
    from consent_service.app import ring_of
    from consent_service.importing import layout
    from consent_service.importing.outcomes import Result
    from consent_service.importing.recording import Place
    from consent_service.importing.report import Report
    from consent_service.importing.rows import rows

    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise typer.BadParameter("wanted one character", param_hint="--delimiter")
    loaded = load_config(config)
    ring, place = ring_of(loaded), Place(site, _cookie(loaded, site, tool))
    named = layout.Named(column, made_at, tuple(map(_parted, where or ())))
    with ExitStack() as files:
        export = files.enter_context(_opened(file))
        lines = layout.read(rows(export, delimiter), named, int(time.time()))
        report = Report(None if report_to is None else files.enter_context(_begun(report_to)))
        told = _Told(report, _progress(export, files.enter_context(shown("bytes"))))
        try:
            asyncio.run(_record(loaded.service, ring, place, lines, told, dry=dry_run))
        finally:  # what ends it half-way leaves that much done
            typer.echo(f"{report}{' (nothing was written: --dry-run)' if dry_run else ''}")
    for line in report.refusals:
        typer.echo(line, err=True)
    if report.counts[Result.REFUSED]:
        raise typer.Exit(1)


class _Told(NamedTuple):
    """Who hears of outcomes: the report, of each; the bar, now and then."""

    report: Report
    progress: Callable[[], None]


async def _record(
    service: Service,
    ring: KeyRing,
    place: Place,
    lines: Iterator[OptOut | Outcome],
    told: _Told,
    *,
    dry: bool,
) -> None:
    from consent_service.importing.recording import Recorder
    from consent_service.services.rings import take_up
    from consent_service.store.url import open_store

    store = open_store(service.store, relaxed=service.durability == "relaxed")
    try:
        for sentence in await take_up(store, ring, int(time.time()), dry=dry):
            typer.echo(sentence, err=True)
        recorder = Recorder(store, ring, place, time.time, dry=dry)
        async for outcome in recorder.record(lines):
            told.report.add(outcome)
            if not outcome.line % _LINES_BETWEEN_WORDS:
                told.progress()
    finally:
        await store.close()


def _progress(export: BinaryIO, bar: Progress) -> Callable[[], None]:
    """Moves the bar to where the file is read; a pipe doesn't say how much is to come."""
    if not export.seekable():
        return lambda: None
    size = os.fstat(export.fileno()).st_size
    return lambda: bar(export.tell(), size)


def _cookie(config: Config, site: str, tool: str) -> str:
    """The cookie in which the tool keeps its ids. Raises where the site's pages would never look for them."""
    if site not in config.sites:
        raise UnknownSite(f"there is no site {site!r}; there are: {', '.join(config.sites)}")
    cookie = cookie_of(tool)
    if cookie not in dict(config.sites[site].id_patterns):
        raise ImportRefused(
            f"the pages of {site!r} look for no id of {tool!r}, so nothing imported would ever bind: name the tool "
            f"in sites.{site}.prior_ids, or its cookie with an id in sites.{site}.prior_cookies"
        )
    return cookie


def _parted(condition: str) -> tuple[str, str]:
    column, parted, value = condition.partition("=")
    if not parted:
        raise typer.BadParameter("wanted COLUMN=VALUE", param_hint="--where")
    return column.strip(), value.strip()


def _opened(file: Path) -> BinaryIO:
    try:
        return file.open("rb")
    except OSError as error:
        raise ImportRefused(f"{file}: can't be read: {error.strerror}") from error


def _begun(file: Path) -> TextIO:
    """A report that is new: a slip must not overwrite the export."""
    try:
        return file.open("x", encoding="utf-8", newline="")
    except OSError as error:
        raise ImportRefused(f"{file}: can't be made: {error.strerror}") from error
