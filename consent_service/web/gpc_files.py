"""GPC files: each site's public statement that it honours the signal, for its `/.well-known/gpc.json` to point to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from consent_service.config import SiteFacts
from consent_service.errors import UnknownSite
from consent_service.services.sites import NO_SUCH_SITE


class GpcFiles:
    """Endpoint of `/s/{site}/gpc.json`: the site acts on the signal, and since when (GPC-7). It names no visitor."""

    def __init__(self, sites: Mapping[str, SiteFacts]) -> None:
        self._since = {key: facts.gpc_since or _today() for key, facts in sites.items()}

    async def serve(self, request: Request) -> Response:
        """`GET /s/{site}/gpc.json`. Raises UnknownSite."""
        since = self._since.get(request.path_params["site"])
        if since is None:
            raise UnknownSite(NO_SUCH_SITE)
        body = msgspec.json.encode({"gpc": True, "lastUpdate": since.isoformat()})
        headers = {"cache-control": "public, max-age=86400", "access-control-allow-origin": "*"}
        return Response(body, headers=headers, media_type="application/json")


def _today() -> date:
    return datetime.now(UTC).date()
