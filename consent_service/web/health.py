"""Operations: is the process alive, is it ready, and what it offers.

`/healthz` says that the process answers. `/readyz` says that choices can be promised and which configuration is
served; else it fails and says why, also while the service drains.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from consent_service.web.readiness import Readiness

DRAINING: Final = "draining"
"""The name of the file in the run folder that says so."""


class Operations:
    """The probes' answers."""

    def __init__(
        self, readiness: Readiness, config_digest: str, run_dir: Path | None, openapi: bytes
    ) -> None:
        self._readiness = readiness
        self._digest = config_digest
        self._draining = run_dir / DRAINING if run_dir else None
        self._openapi = openapi

    async def healthz(self, request: Request) -> Response:
        """Alive."""
        return _json({"status": "ok"}, 200)

    async def readyz(self, request: Request) -> Response:
        """Ready to take traffic, or 503 and why not."""
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
