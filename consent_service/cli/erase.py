"""The command `ledger erase`: shows what is stored of a visitor, asks, and erases. Works beside a running service."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from consent_service.cli.options import DEFAULT_CONFIG, ConfigFile, Yes, load_config

if TYPE_CHECKING:
    from consent_service.config import Config
    from consent_service.services.erasure.visitors import Erasable, FoundVisitor, Target

Site = Annotated[str, typer.Option(help="Key of the site. Leave it out with --again to erase on every site.")]
Visitor = Annotated[str, typer.Option(help="Visitor token, or visitor id in hexadecimal.")]
Receipt = Annotated[str, typer.Option(help="Id of one of the visitor's receipts.")]
Imported = Annotated[
    str,
    typer.Option(
        metavar="TOOL:ID",
        help="Id from another consent tool's export, behind the name of the tool or of its cookie.",
    ),
]
Again = Annotated[
    bool,
    typer.Option(
        help="Erase every visitor whom the archive says was erased and a restored backup has brought back."
    ),
]
DryRun = Annotated[bool, typer.Option(help="Show what would be erased; write nothing.")]


def erase(
    site: Site = "",
    visitor: Visitor = "",
    receipt: Receipt = "",
    imported: Imported = "",
    again: Again = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Erase a visitor, also while the service runs.

    The visitor's entries stay in the ledger, but nothing links them to the visitor any more. What the visitor denied
    stays denied.
    """
    from consent_service.services.erasure.visitors import Target

    if sum((bool(visitor), bool(receipt), bool(imported), again)) != 1:
        raise typer.BadParameter("give exactly one of --visitor, --receipt, --imported and --again")
    loaded = load_config(config)
    target = None if again else Target(site, visitor, receipt, imported)
    erasable = asyncio.run(_find_visitors(loaded, site, target))
    for stored_visitor in erasable.visitors:
        typer.echo(_render_visitor(stored_visitor))
    count = len(erasable.remaining)
    nothing_left = "nothing is left to erase"
    if receipt and not erasable.visitors:
        nothing_left += ": no record has the number of this receipt any more"
    if dry_run or (count and not (yes or typer.confirm(f"Erase {count} for good?"))):
        typer.echo("nothing was erased" if count else f"nothing was erased: {nothing_left}")
        return
    asyncio.run(_erase_visitors(loaded, erasable))
    if count:
        typer.echo(f"erased {count}: their entries stay, linked to nobody; sale and sharing stay denied")
    else:
        typer.echo(nothing_left)


async def _find_visitors(config: Config, site: str, target: Target | None) -> Erasable:
    """Return whom the target means; without one, whom the archive says was erased on this site ("": on any)."""
    from consent_service.services.erasure.visitors import open_erasure

    sites = [site] if site or target else [*config.sites]
    for key in sites:
        config.require_site(key)  # before a store is opened, and made where there is none
    async with open_erasure(config) as erasure:
        return await (erasure.find_visitor(target) if target else erasure.find_archived(sites))


async def _erase_visitors(config: Config, erasable: Erasable) -> None:
    from consent_service.services.erasure.visitors import open_erasure

    async with open_erasure(config) as erasure:
        await erasure.erase_found(erasable)


def _render_visitor(visitor: FoundVisitor) -> str:
    """Return one line on what is stored of a visitor."""
    stored = visitor.stored
    if stored.document is None:
        return f"{visitor.site}: no record, only the id"
    if stored.is_suppressed:
        return f"{visitor.site}: erased before"
    if stored.record is None:
        return f"{visitor.site}: a record that can't be read"
    subject, standing = stored.record
    choices = {"sale": standing.sale, "sharing": standing.share, "sensitive": standing.sensitive}
    parts = [
        f"{right} {choice.stance.name.lower()} since {_day(choice.at)}"
        for right, choice in choices.items()
        if choice.at
    ]
    if standing.gpc_at:
        parts.append(f"a signal since {_day(standing.gpc_at)}")
    parts.append(f"{len(stored.retry_marks)} requests remembered")
    return f"{visitor.site}: number {subject.hex()}: {', '.join(parts)}"


def _day(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).date().isoformat()
