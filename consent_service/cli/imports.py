"""The command `import`: opt-outs from another consent tool's export, a CSV file, into the store."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import ExitStack
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TextIO

import typer

from consent_service.cli.options import DEFAULT_CONFIG, ConfigFile, load_config
from consent_service.cli.progress import progress_bar
from consent_service.errors import ImportRefused

if TYPE_CHECKING:
    from consent_service.importing.layout import Reading
    from consent_service.importing.outcomes import Outcome
    from consent_service.importing.report import Report
    from consent_service.store.transfer.copying import ShardProgress

Export = Annotated[Path, typer.Argument(help="The export: a CSV file with a header, in UTF-8 or UTF-16.")]
Site = Annotated[str, typer.Option(help="Key of the site in the configuration.")]
Tool = Annotated[
    str, typer.Option(help="Tool that made the export, or the cookie in which it kept its visitors' ids.")
]
IdColumn = Annotated[
    str, typer.Option("--id", metavar="COLUMN", help="Column with the ids from the tool's cookie.")
]
TimeColumn = Annotated[
    str | None,
    typer.Option("--time", metavar="COLUMN", help="Column with the time of the choice (default: `at`)."),
]
TimeForm = Annotated[
    str | None,
    typer.Option(
        metavar="FORM",
        help='Format of the times where it is ambiguous, such as "%m/%d/%Y %I:%M %p". Times without a zone are UTC.',
    ),
]
Where = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLUMN=VALUE",
        help="Rows that are opt-outs of sale and sharing. Case, blanks, hyphens and words such as pending are "
        "ignored. May be repeated: one of the values must match in each column that is named.",
    ),
]
Delimiter = Annotated[
    str | None,
    typer.Option(metavar="CHARACTER", help="Column separator, or `tab` (default: detected from the header)."),
]
Encoding = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="Encoding of the file, such as windows-1252 (default: detected from the file)."
    ),
]
ReportFile = Annotated[
    Path | None,
    typer.Option("--report", metavar="FILE", help="New CSV file for the result of each line and its reason."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be imported; write nothing.")]

_LINES_BETWEEN_UPDATES: Final = 1000
_SEPARATORS: Final = {
    "tab": "\t",
    "\\t": "\t",
    "comma": ",",
    "semicolon": ";",
    "pipe": "|",
    "space": " ",
}
"""Separators by names, for those that a shell makes hard to type."""


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

    Name the export's columns: --id "Consent ID" --time Date --where "Consent Status=Opt-Out", or --where
    Marketing=false.

    Opt-ins are never imported. Opt-outs that the other tool still wanted confirmed are imported.

    Exit status 1 when a line was refused, or when no line is an opt-out; then the column's values are shown.
    """
    from consent_service.importing.layout import Named
    from consent_service.importing.opt_outs import ExportForm, OptOutImport, read_export
    from consent_service.importing.outcomes import Result
    from consent_service.importing.report import Report

    separator = None if delimiter is None else _parse_separator(delimiter)
    _check_encoding(encoding)
    columns = Named(column, made_at, tuple(map(_parse_condition, where or ())), time_format)
    importing = OptOutImport(load_config(config), site, tool)
    with ExitStack() as files:
        export = files.enter_context(_open_export(file))
        reading = read_export(export, ExportForm(columns, separator, encoding))
        report = Report(None if report_to is None else files.enter_context(_create_report(report_to)))
        hear = _outcome_listener(report, _file_progress(export, files.enter_context(progress_bar("bytes"))))
        try:
            asyncio.run(importing.record(reading, hear, _print_warning, dry_run=dry_run))
        finally:  # an import that stops half-way has recorded that much
            _print_summary(report, reading, dry=dry_run)
    if report.counts[Result.REFUSED] or report.fruitless:
        raise typer.Exit(1)


def _print_summary(report: Report, reading: Reading, *, dry: bool) -> None:
    typer.echo(f"{report}{' (nothing was written: --dry-run)' if dry else ''}")
    typer.echo("; ".join([report.read, *report.skipped(reading.values)]))
    for line in (*report.refusals, *report.warnings(reading.values)):
        _print_warning(line)


def _print_warning(sentence: str) -> None:
    typer.echo(sentence, err=True)


def _outcome_listener(report: Report, update_bar: Callable[[], None]) -> Callable[[Outcome], None]:
    """Return a function that reports each outcome, and updates the progress bar now and then."""

    def hear(outcome: Outcome) -> None:
        report.add(outcome)
        if not outcome.line % _LINES_BETWEEN_UPDATES:
            update_bar()

    return hear


def _file_progress(export: BufferedReader, bar: ShardProgress) -> Callable[[], None]:
    """Return a function that moves the bar to where the file is read. A pipe's length is unknown: it has no bar."""
    if not export.seekable():
        return lambda: None
    size = os.fstat(export.fileno()).st_size
    return lambda: bar(export.tell(), size)


def _parse_condition(text: str) -> tuple[str, str]:
    column, equals_sign, value = text.partition("=")
    if not equals_sign:
        raise typer.BadParameter("expected COLUMN=VALUE", param_hint="--where")
    return column.strip(), value.strip()


def _parse_separator(text: str) -> str:
    separator = _SEPARATORS.get(text.lower(), text)
    if len(separator) != 1 or separator in '"\r\n':
        raise typer.BadParameter(
            f"expected one character, or one of {', '.join(name for name in _SEPARATORS if name.isalpha())}",
            param_hint="--delimiter",
        )
    return separator


def _check_encoding(name: str | None) -> None:
    from consent_service.importing.source import known_encoding

    if name is not None and not known_encoding(name):
        raise typer.BadParameter(
            f"unknown text encoding {name!r}; known ones are utf-8, utf-16, windows-1252 and iso-8859-1",
            param_hint="--encoding",
        )


def _open_export(file: Path) -> BufferedReader:
    if file.is_dir():
        raise ImportRefused(f"{file} is a folder: name the export's file in it")
    try:
        return file.open("rb")
    except OSError as error:
        raise ImportRefused(f"{file}: can't be read: {error.strerror}") from error


def _create_report(file: Path) -> TextIO:
    """Create the report's file. Never overwrites: a slip could name the export."""
    try:
        return file.open("x", encoding="utf-8", newline="")
    except OSError as error:
        raise ImportRefused(f"{file}: can't be made: {error.strerror}") from error
