"""Well-known: what a site says of itself in public, for its `/.well-known/gpc.json` to point to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from consent_service.errors import UnknownSite


class GpcFiles:
    """`/s/{site}/gpc.json`: that the site acts on the signal, and since when (GPC-7). Never of the visitor."""

    def __init__(self, since: Mapping[str, date]) -> None:
        self._since = since

    async def serve(self, request: Request) -> Response:
        since = self._since.get(request.path_params["site"])
        if since is None:
            raise UnknownSite("no site has this key")
        body = msgspec.json.encode({"gpc": True, "lastUpdate": since.isoformat()})
        headers = {"cache-control": "public, max-age=86400", "access-control-allow-origin": "*"}
        return Response(body, headers=headers, media_type="application/json")
