"""Installation: a folder with configuration, key ring, store and archive, over which services are called."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import Any, TypeVar, cast

from consent_service.config import Config, parse_config
from consent_service.importing.line_outcomes import LineOutcome
from consent_service.importing.opt_outs import ExportForm, OptOutImport, read_export
from consent_service.importing.row_meaning import ExportColumns
from consent_service.services.erasure.visitors import VisitorErasure, open_erasure
from consent_service.services.restore import Restored, restore_store
from tests.support.application import Running, running
from tests.support.configuration import RING, consent_toml, write_config

T = TypeVar("T")


class Installation:
    """Everything that an operator has on one machine."""

    def __init__(self, folder: Path) -> None:
        (folder / "archive").mkdir()
        self.folder = folder
        self.archive = folder / "archive"
        self.store = folder / "consent.db"
        self.more = f'[ledger]\narchive = "{folder}/archive"'
        self.env = write_config(folder, consent_toml(folder, more=self.more))

    @property
    def config(self) -> Config:
        """The configuration as it stands in the file now."""
        return parse_config((self.folder / "consent.toml").read_text(), self.env)

    def serve(self, doing: Callable[[Running], Awaitable[T]]) -> T:
        """Return the result of this while the service runs, whose clock is the machine's."""

        async def serving() -> T:
            async with running(self.folder, ring=RING, more=self.more) as service:
                service.clock.now = time.time()
                return await doing(service)

        return asyncio.run(serving())

    def erasing(self, doing: Callable[[VisitorErasure], Awaitable[T]]) -> T:
        """Return the result of this over the opened store."""

        async def opened() -> T:
            async with open_erasure(self.config) as erasure:
                return await doing(erasure)

        return asyncio.run(opened())

    def restore(self, saved: Path) -> tuple[Restored, list[Path | None]]:
        """Put a backup in the store's place; return the outcome and the names that the file before it got."""
        replaced = list[Path | None]()
        return restore_store(self.config, saved, replaced=replaced.append), replaced

    def name_tool(self, tool: str) -> None:
        """Let the site's pages look for ids of this consent tool."""
        text = consent_toml(self.folder, more=self.more) + f'prior_ids = ["{tool}"]\n'
        (self.folder / "consent.toml").write_text(text)

    def import_export(
        self, tool: str, text: str, *, dry_run: bool = False
    ) -> tuple[list[LineOutcome], list[str]]:
        """Import this export; return the outcomes and the warnings."""
        importing, outcomes, warnings = (
            OptOutImport(self.config, "acme", tool),
            list[LineOutcome](),
            list[str](),
        )
        reading = read_export(cast(BufferedReader, BytesIO(text.encode())), ExportForm(ExportColumns()))
        asyncio.run(importing.record(reading, outcomes.append, warnings.append, dry_run=dry_run))
        return outcomes, warnings


async def choose(service: Running) -> dict[str, Any]:
    """Opt out as a visitor who is always the same; return the answer."""
    answer = await service.choose(sale_share="opt_out", id="0f0a9d6e-0000-4000-8000-000000000001")
    return dict(answer.json())


async def kinds(service: Running) -> list[str]:
    """Return the kinds of the ledger's entries, in order."""
    return [type(entry).__name__ for entry in await service.entries()]
