"""The command line of erasing: who is meant, what stands, and that it goes. Works beside a service that runs."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Final, NamedTuple

import typer

from consent_service.cli.config_file import DEFAULT_CONFIG, ConfigFile, load_config
from consent_service.errors import IdentityError, LedgerError, UnknownSite

if TYPE_CHECKING:
    from consent_service.config import Config
    from consent_service.identity.signatures import Signer
    from consent_service.ledger.erasures import Erasures
    from consent_service.services.erasure import Erasing, Held
    from consent_service.store.contract import Key, Store

_HEX: Final = re.compile(r"[0-9a-fA-F]{32}")
_PAGE: Final = 5_000
_GONE: Final = "the receipt's number leads to nobody any more"


class _Who(NamedTuple):
    """Visitor to erase, by one of the other members. None of them: all whom the archive names. Site "": each site."""

    site: str
    visitor: str = ""
    receipt: str = ""
    imported: str = ""

    @property
    def named(self) -> bool:
        """True if a visitor is named."""
        return any(self[1:])


class _Found(NamedTuple):
    """One visitor who is meant, and what there is of them."""

    site: str
    key: Key
    held: Held


def erase(
    site: Annotated[str, typer.Option(help="The site's key; with --again, all when it is left out.")] = "",
    visitor: Annotated[
        str, typer.Option(help="Who: a visitor token, or a visitor's id in hexadecimal.")
    ] = "",
    receipt: Annotated[str, typer.Option(help="Who: whoever got the receipt with this id.")] = "",
    imported: Annotated[
        str,
        typer.Option(
            metavar="TOOL:ID", help="Whom an import made a record of: the tool, or its cookie; its id."
        ),
    ] = "",
    again: Annotated[
        bool,
        typer.Option(help="Everybody whom the archive says was erased, and a restored backup still has."),
    ] = False,
    dry_run: Annotated[bool, typer.Option(help="Only say what stands.")] = False,
    yes: Annotated[bool, typer.Option(help="Don't ask.")] = False,
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Erase a visitor, also while the service runs. Their entries stay, and nothing leads to them any more; what they
    denied stays denied.
    """
    if sum((bool(visitor), bool(receipt), bool(imported), again)) != 1:
        raise typer.BadParameter("give one of --visitor, --receipt, --imported and --again")
    loaded = load_config(config)
    found, through = asyncio.run(_find(loaded, _Who(site, visitor, receipt, imported)))
    for one in found:
        typer.echo(_said(one))
    left = [one for one in found if not one.held.erased]
    nothing = "nothing is left to erase" + (f": {_GONE}" if receipt and not found else "")
    if dry_run or (left and not (yes or typer.confirm(f"Erase {len(left)} for good?"))):
        typer.echo("nothing was erased" + ("" if left else f": {nothing}"))
        return
    asyncio.run(_erase(loaded, left, through))
    if left:
        typer.echo(f"erased {len(left)}; entries stay, and lead to nobody; sale and sharing stay denied")
    else:
        typer.echo(nothing)


class Redone(NamedTuple):
    """Outcome of erasing again: the number erased, and the reason why others may be missing ("": none are)."""

    erased: int
    unknown: str


class Before(NamedTuple):
    """State of a store that is about to be replaced: the numbers erased by its log, and its last checkpoint."""

    numbers: set[bytes]
    sealed: int


async def erased_here(config: Config) -> dict[str, Before]:
    """Return the store's knowledge of each site. Raises ConfigError, StoreError, LedgerError."""
    from consent_service.ledger.entries import ErasedEntry, decode
    from consent_service.store.keys import LEDGER, site_shards

    before = dict[str, Before]()
    async with _opened(config, any_ring=True) as (store, erasing):
        for site in config.sites:
            found = set[bytes]()
            page = await store.read(LEDGER, site_shards(site, store.shards), "", _PAGE)
            while page.entries:
                entries = (decode(one.payload) for one in page.entries if b'"kind":"erased"' in one.payload)
                found.update(bytes.fromhex(one.subject) for one in entries if isinstance(one, ErasedEntry))
                page = await store.read(LEDGER, site_shards(site, store.shards), page.cursor, _PAGE)
            before[site] = Before(found, (await erasing.reach(site)).sealed)
    return before


async def erase_again(config: Config, before: Mapping[str, Before]) -> Redone:
    """Erase whom a restored store holds again: these numbers', and whom the archive names. Raises StoreError."""
    count, unknown = 0, ""
    async with _opened(config) as (_store, erasing):
        for site in config.sites:
            numbers, sealed = before.get(site, Before(set(), 0))
            known, through = set(numbers), None
            try:
                if config.ledger.archive or sealed:  # what was sealed, the log may have forgotten
                    archived, through = await _erased(config, erasing, site, sealed)
                    known |= archived
            except (LedgerError, IdentityError) as error:
                unknown = str(error)
            for key in await erasing.bearing(site, known) if known else ():
                count += await erasing.erase(site, key)
            if through is not None:
                await erasing.note_redone(site, through)
    return Redone(count, unknown)


def number_of(config: Config, site: str, visitor: str) -> str:
    """The number that this visitor's entries bear, in hex; "" when there is no record that says it."""
    (found,), _ = asyncio.run(_find(config, _Who(site, visitor)))
    known = None if found.held.suppressed else found.held.known
    return known.subject.hex() if known else ""


async def _find(config: Config, who: _Who) -> tuple[list[_Found], dict[str, int]]:
    """Return the visitors to erase. Nobody named: those whom the archive names, with its last checkpoint by site."""
    sites = [who.site] if who.site or who.named else list(config.sites)
    unknown = [one for one in sites if one not in config.sites]
    if unknown:
        raise UnknownSite(f"there is no site {unknown[0]!r}; there are: {', '.join(config.sites)}")
    async with _opened(config) as (store, erasing):
        found, through = list[_Found](), dict[str, int]()
        for site in sites:
            if who.named:
                keys = await _keys(config, store, erasing, who)
            else:
                numbers, through[site] = await _erased(config, erasing, site)
                keys = await erasing.bearing(site, numbers)
            found += [_Found(site, key, await erasing.held(key)) for key in keys]
    if who.imported and found[0].held.record is None:
        raise LedgerError(
            "no import made a record of this id: check the tool, and the id as its export has it"
        )
    return found, through


async def _keys(config: Config, store: Store, erasing: Erasing, who: _Who) -> list[Key]:
    """Return the keys of the named visitor's records."""
    if who.receipt:
        return await erasing.bearing(who.site, await _number(config, store, who.site, who.receipt))
    derived = _imported_id(config, who.site, who.imported) if who.imported else None
    return [erasing.key(who.site, derived or _visitor_id(config, who.site, who.visitor))]


async def _erase(config: Config, found: Sequence[_Found], through: Mapping[str, int]) -> None:
    async with _opened(config) as (_store, erasing):
        for one in found:
            await erasing.erase(one.site, one.key)
        for site, number in through.items():
            await erasing.note_redone(site, number)


async def _number(config: Config, store: Store, site: str, receipt: str) -> set[bytes]:
    """The number in the receipt's entry."""
    from consent_service.ledger.archive import open_archive
    from consent_service.ledger.entries import decode
    from consent_service.services.receipts import Receipts

    kept = open_archive(config.ledger.archive) if config.ledger.archive else None
    proof = await Receipts(store, kept, _signer(config)).find(site, receipt)
    return {bytes.fromhex(decode(proof.payload).subject)}


async def _erased(config: Config, erasing: Erasing, site: str, sealed: int = 0) -> Erasures:
    """Return the erasures in the archive that this store may have forgotten. It must hold checkpoint `sealed`."""
    from consent_service.ledger.archive import open_archive
    from consent_service.ledger.erasures import erased

    if not config.ledger.archive:
        raise LedgerError("without an archive under [ledger] nothing says who was erased")
    kept, keys = open_archive(config.ledger.archive), _signer(config).public()
    known = await erasing.reach(site)
    known = known._replace(sealed=max(known.sealed, sealed))
    return await asyncio.to_thread(erased, kept, keys, site, known)


@asynccontextmanager
async def _opened(config: Config, *, any_ring: bool = False) -> AsyncIterator[tuple[Store, Erasing]]:
    """The store under its own key ring. `any_ring`: nothing is looked up by keys. Raises KeyRingForeign."""
    from consent_service.services.configured_store import configured_store
    from consent_service.services.erasure import Erasing
    from consent_service.services.key_rings import ring_of, take_up
    from consent_service.services.records.drafts import RandomIds

    ring = ring_of(config)
    async with configured_store(config.service) as store:
        if not any_ring:
            await take_up(store, ring, int(time.time()), dry=True)
        yield store, Erasing(store, ring, RandomIds(), time.time)


def _visitor_id(config: Config, site: str, visitor: str) -> bytes:
    from consent_service.identity.visitor_tokens import VisitorTokens
    from consent_service.services.key_rings import ring_of

    if _HEX.fullmatch(visitor):
        return bytes.fromhex(visitor)
    try:
        return VisitorTokens(ring_of(config)).unsign(site, visitor, int(time.time())).visitor_id
    except IdentityError as error:
        raise LedgerError(f"neither a visitor token of {site!r} nor an id in hexadecimal: {error}") from error


def _imported_id(config: Config, site: str, imported: str) -> bytes:
    from consent_service.config.prior_cmp import cookie_of
    from consent_service.identity.visitor_ids import imported_id_for
    from consent_service.services.key_rings import ring_of

    tool, _, foreign_id = imported.partition(":")  # no cookie's name has one (RFC 6265 § 4.1.1), an id may
    return imported_id_for(ring_of(config), site, cookie_of(tool), foreign_id)


def _signer(config: Config) -> Signer:
    from consent_service.identity.signatures import Signer
    from consent_service.services.key_rings import ring_of

    return Signer(ring_of(config))


def _said(found: _Found) -> str:
    """Return one line on the records that would be erased."""
    held = found.held
    if held.record is None:
        return f"{found.site}: no record, only the id"
    if held.suppressed:
        return f"{found.site}: erased before"
    if held.known is None:
        return f"{found.site}: a record that can't be read"
    number, standing = held.known
    stands = [
        f"{right} {choice.stance.name.lower()} since {_day(choice.at)}"
        for right, choice in (
            ("sale", standing.sale),
            ("sharing", standing.share),
            ("sensitive", standing.sensitive),
        )
        if choice.at
    ]
    stands += [f"a signal since {_day(standing.gpc_at)}"] if standing.gpc_at else []
    remembered = f"{len(held.requests)} requests remembered"
    return f"{found.site}: number {number.hex()}: {', '.join([*stands, remembered])}"


def _day(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).date().isoformat()
