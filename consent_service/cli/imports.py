"""The command line of an import: another consent tool's opt-outs, from a CSV file into the store."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NamedTuple, TextIO

import typer

from consent_service.cli.config_file import DEFAULT_CONFIG, ConfigFile, load_config
from consent_service.cli.store import shown
from consent_service.config import Config
from consent_service.config.prior_cmp import cookie_of
from consent_service.errors import ImportRefused, UnknownSite

if TYPE_CHECKING:
    from consent_service.config.shape import Service
    from consent_service.identity.keys import KeyRing
    from consent_service.importing.layout import Named, Reading
    from consent_service.importing.recording import Place
    from consent_service.importing.report import Report
    from consent_service.store.transfer.copying import ShardProgress

Export = Annotated[Path, typer.Argument(help="The export: a CSV file with a header, in UTF-8 or UTF-16.")]
Site = Annotated[str, typer.Option(help="The site's key.")]
Tool = Annotated[
    str, typer.Option(help="The tool that made the export, or the cookie in which it kept its ids.")
]
IdColumn = Annotated[
    str, typer.Option("--id", metavar="COLUMN", help="Column of the ids from the tool's cookie.")
]
TimeColumn = Annotated[
    str | None,
    typer.Option("--time", metavar="COLUMN", help="Column with the time of the choice (default: `at`)."),
]
TimeForm = Annotated[
    str | None,
    typer.Option(
        metavar="FORM",
        help='How times are written, such as "%m/%d/%Y %I:%M %p", where it can\'t be told. Without a zone: UTC.',
    ),
]
Where = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLUMN=VALUE",
        help="Rows that are opt-outs of sale and sharing. Case, blanks and hyphens make no difference, nor does a "
        "word such as pending. Repeated: values of one column are alternatives, of several columns all must fit.",
    ),
]
Delimiter = Annotated[
    str | None,
    typer.Option(metavar="CHARACTER", help="Column separator, or `tab` (default: told from the header)."),
]
Encoding = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="The file's encoding, such as windows-1252 (default: told from the file)."
    ),
]
ReportFile = Annotated[
    Path | None, typer.Option("--report", metavar="FILE", help="New CSV file: each line's result and reason.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be imported; write nothing.")]

_LINES_BETWEEN_WORDS: Final = 1000
_SEPARATORS: Final = {
    "tab": "\t",
    "\\t": "\t",
    "comma": ",",
    "semicolon": ";",
    "pipe": "|",
    "space": " ",
}
"""Separators by names, for those that a shell makes hard to give."""


def import_opt_outs(
    file: Export,
    site: Site,
    tool: Tool,
    config: ConfigFile = DEFAULT_CONFIG,
    column: IdColumn = "id",
    made_at: TimeColumn = None,
    time_format: TimeForm = None,
    where: Where = None,
    delimiter: Delimiter = None,
    encoding: Encoding = None,
    report_to: ReportFile = None,
    dry_run: DryRun = False,
) -> None:
    """Import opt-outs from another consent tool's export, also while the service runs. Run it again to resume.

    Name its columns: --id "Consent ID" --time Date --where "Consent Status=Opt-Out", or --where Marketing=false.

    Opt-ins are never imported. Opt-outs that the other tool still waited to have confirmed are.

    Exit status 1 when a line was refused, or when no line is an opt-out: then the column's values are shown.
    """
    from consent_service.importing.layout import Named
    from consent_service.importing.outcomes import Result
    from consent_service.importing.recording import Place
    from consent_service.importing.report import Report
    from consent_service.services.key_rings import ring_of

    form = _Form(None if delimiter is None else _separator(delimiter), encoding)
    _check_encoding(encoding)
    named = Named(column, made_at, tuple(map(_parted, where or ())), time_format)
    loaded = load_config(config)
    ring, place = ring_of(loaded), Place(site, _cookie(loaded, site, tool))
    with ExitStack() as files:
        export = files.enter_context(_opened(file))
        reading = _reading(export, form, named)
        report = Report(None if report_to is None else files.enter_context(_begun(report_to)))
        told = _Told(report, _progress(export, files.enter_context(shown("bytes"))))
        try:
            asyncio.run(_record(loaded.service, ring, place, reading, told, dry=dry_run))
        finally:  # what ends it half-way leaves that much done
            _summarise(report, reading, dry=dry_run)
    if report.counts[Result.REFUSED] or report.fruitless:
        raise typer.Exit(1)


def _summarise(report: Report, reading: Reading, *, dry: bool) -> None:
    typer.echo(f"{report}{' (nothing was written: --dry-run)' if dry else ''}")
    typer.echo("; ".join([report.read, *report.skipped(reading.values)]))
    for line in (*report.refusals, *report.warnings(reading.values)):
        typer.echo(line, err=True)


class _Form(NamedTuple):
    """The caller's word on the file: column separator and encoding. None: it is told from the file."""

    separator: str | None
    encoding: str | None


def _reading(export: BufferedReader, form: _Form, named: Named) -> Reading:
    from consent_service.importing.header import separator_of
    from consent_service.importing.layout import read
    from consent_service.importing.rows import rows
    from consent_service.importing.source import open_source

    source = open_source(export, form.encoding)
    separator = form.separator or separator_of(source.head, named.columns)
    return read(rows(source.lines, separator), named, int(time.time()))


class _Told(NamedTuple):
    """Listener to outcomes: the report hears of each, the progress bar now and then."""

    report: Report
    progress: Callable[[], None]


async def _record(
    service: Service, ring: KeyRing, place: Place, reading: Reading, told: _Told, *, dry: bool
) -> None:
    from consent_service.importing.recording import Recorder
    from consent_service.services.configured_store import configured_store
    from consent_service.services.key_rings import take_up

    async with configured_store(service) as store:
        for sentence in await take_up(store, ring, int(time.time()), dry=dry):
            typer.echo(sentence, err=True)
        recorder = Recorder(store, ring, place, time.time, dry=dry)
        async for outcome in recorder.record(reading.said):
            told.report.add(outcome)
            if not outcome.line % _LINES_BETWEEN_WORDS:
                told.progress()


def _progress(export: BufferedReader, bar: ShardProgress) -> Callable[[], None]:
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


def _separator(given: str) -> str:
    separator = _SEPARATORS.get(given.lower(), given)
    if len(separator) != 1 or separator in '"\r\n':
        raise typer.BadParameter(
            f"wanted one character, or one of {', '.join(name for name in _SEPARATORS if name.isalpha())}",
            param_hint="--delimiter",
        )
    return separator


def _check_encoding(name: str | None) -> None:
    from consent_service.importing.source import known_encoding

    if name is not None and not known_encoding(name):
        raise typer.BadParameter(
            f"no encoding of text is named {name!r}: utf-8, utf-16, windows-1252 and iso-8859-1 are",
            param_hint="--encoding",
        )


def _opened(file: Path) -> BufferedReader:
    if file.is_dir():
        raise ImportRefused(f"{file} is a folder: name the export's file in it")
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
