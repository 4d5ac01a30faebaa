"""Health: `/healthz` says that the process answers, `/readyz` that it can promise choices, `/openapi.json` its calls.

A store that can be read is not enough: with a full disk, or servers that no longer keep what they acknowledge, it
takes no choice. So readiness asks the store as a commit would. That may cost a disk sync, so probes that come
meanwhile share the answer, and a good one counts for a second.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from consent_service.errors import StoreError
from consent_service.store.contract import Store
from consent_service.store.names import site_shards
from consent_service.web.http.outage_log import OutageLog, reason_of

DRAINING: Final = "draining"
"""Name of the file in the run folder that says that the service drains."""

_TIMEOUT: Final = 2.0
"""Seconds: as long as a choice may take."""
_GOOD_FOR: Final = 1.0
"""Seconds for which a good answer counts."""


class Readiness:
    """Check of the store, shared by all probes. `sites`: keys of the sites whose choices it must take."""

    def __init__(self, store: Store, sites: Iterable[str], outages: OutageLog) -> None:
        self._store = store
        self._shards = [shard for site in sites for shard in site_shards(site, store.shards)]
        self._outages = outages
        self._good_until = float("-inf")
        self._check: asyncio.Task[str] | None = None

    async def missing(self) -> str:
        """Return the reason why choices can't be promised, as a sentence; "" if they can."""
        if self._check is None:
            if asyncio.get_running_loop().time() < self._good_until:
                return ""
            self._check = asyncio.create_task(self._ask())
        return await asyncio.shield(self._check)

    async def _ask(self) -> str:
        try:
            async with asyncio.timeout(_TIMEOUT):
                await self._store.changed_since(None)
                await self._store.check_writable(self._shards)
        except (StoreError, TimeoutError) as error:
            self._outages.note(error)
            return reason_of(error)
        finally:
            self._check = None
        self._good_until = asyncio.get_running_loop().time() + _GOOD_FOR
        return ""


class HealthEndpoints:
    """Handlers of the probes and of the service's description. `run_dir`: where the supervisor reports draining."""

    def __init__(
        self, readiness: Readiness, config_digest: str, run_dir: Path | None, openapi: bytes
    ) -> None:
        self._readiness = readiness
        self._digest = config_digest
        self._draining = run_dir / DRAINING if run_dir else None
        self._openapi = openapi

    async def healthz(self, request: Request) -> Response:
        """`GET /healthz`: 200."""
        return _json({"status": "ok"}, 200)

    async def readyz(self, request: Request) -> Response:
        """`GET /readyz`: 200, or 503 and the reason."""
        if self._draining is not None and self._draining.exists():
            return _json({"status": "draining", "config": self._digest}, 503)
        if reason := await self._readiness.missing():
            answer = {"status": "store unavailable", "reason": reason, "config": self._digest}
            return _json(answer, 503)
        return _json({"status": "ready", "config": self._digest}, 200)

    async def openapi(self, request: Request) -> Response:
        """`GET /openapi.json`."""
        return Response(self._openapi, media_type="application/json")


def _json(body: dict[str, str], status: int) -> Response:
    return Response(
        msgspec.json.encode(body), status, {"cache-control": "no-store"}, media_type="application/json"
    )
