"""Import of opt-outs as a use case: read an export, and record its opt-outs in the configured store.

May run beside the service. Run again, it finds what it has recorded and resumes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from io import BufferedReader
from typing import NamedTuple

from consent_service.config import Config
from consent_service.config.prior_cmp import cookie_of
from consent_service.errors import ImportRefused
from consent_service.importing.header import separator_of
from consent_service.importing.layout import Named, Reading, read
from consent_service.importing.outcomes import Outcome
from consent_service.importing.recording import Place, Recorder
from consent_service.importing.rows import rows
from consent_service.importing.source import open_source
from consent_service.services.configured_store import configured_store
from consent_service.services.key_rings import take_up


class ExportForm(NamedTuple):
    """Operator's description of an export: its columns, separator and encoding. None: told from the file."""

    columns: Named
    separator: str | None = None
    encoding: str | None = None


def read_export(file: BufferedReader, form: ExportForm) -> Reading:
    """Return the records of an export, which are read as they are asked for. Raises ImportRefused."""
    source = open_source(file, form.encoding)
    separator = form.separator or separator_of(source.head, form.columns.columns)
    return read(rows(source.lines, separator), form.columns, int(time.time()))


class OptOutImport:
    """Import of one tool's opt-outs into one site.

    `tool`: the tool's name, or the cookie in which it kept its visitors' ids. Raises UnknownSite, ConfigError if
    there is no key ring, and ImportRefused if the site's pages would never look for an id of this tool.
    """

    def __init__(self, config: Config, site: str, tool: str) -> None:
        cookie = cookie_of(tool)
        if cookie not in dict(config.require_site(site).id_patterns):
            raise ImportRefused(
                f"the pages of {site!r} look for no id of {tool!r}, so no imported opt-out would ever be found: name "
                f"the tool in sites.{site}.prior_ids, or its cookie with an id in sites.{site}.prior_cookies"
            )
        self._service = config.service
        self._ring = config.require_ring()
        self._place = Place(site, cookie)

    async def record(
        self,
        reading: Reading,
        hear: Callable[[Outcome], None],
        warn: Callable[[str], None],
        *,
        dry_run: bool = False,
    ) -> None:
        """Record every opt-out, one commit for each shard of a batch. Raises KeyRingForeign, StoreError.

        `hear` is called with the outcome of each line in order, once it is durable; `warn` with a sentence on each
        key that the ring lacks. `dry_run` writes nothing.
        """
        async with configured_store(self._service) as store:
            for sentence in await take_up(store, self._ring, int(time.time()), dry=dry_run):
                warn(sentence)
            recorder = Recorder(store, self._ring, self._place, time.time, dry=dry_run)
            async for outcome in recorder.record(reading.said):
                hear(outcome)
