"""Readiness: can this process answer and promise choices now, and if not, why.

A store that can be read is not enough: a full disk, or servers that no longer keep what they acknowledge, take no
choice. So the store is asked as a commit would ask it. That may cost a disk a sync, so whoever asks meanwhile shares
the answer, and a good one is good for a second.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from consent_service.errors import StoreError
from consent_service.store.contract import Store
from consent_service.web.http.outage_log import OutageLog, reason_of

_PATIENCE: Final = 2.0
"""Seconds: as long as a choice may take."""
_HOLDS: Final = 1.0


class Readiness:
    """Asks the store. `shards`: where visitors' choices go."""

    def __init__(self, store: Store, shards: Sequence[str], outages: OutageLog) -> None:
        self._store = store
        self._shards = shards
        self._outages = outages
        self._good_until = float("-inf")
        self._asking: asyncio.Task[str] | None = None

    async def missing(self) -> str:
        """Return what keeps choices from being promised, as a sentence; "" when nothing does."""
        if self._asking is None:
            if asyncio.get_running_loop().time() < self._good_until:
                return ""
            self._asking = asyncio.create_task(self._ask())
        return await asyncio.shield(self._asking)

    async def _ask(self) -> str:
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._store.changed(None)
                await self._store.check_writable(self._shards)
        except (StoreError, TimeoutError) as error:
            self._outages.note(error)
            return reason_of(error)
        finally:
            self._asking = None
        self._good_until = asyncio.get_running_loop().time() + _HOLDS
        return ""
