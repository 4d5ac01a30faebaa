"""Script files: the scripts that sites embed, served under their addresses.

`/w/{site}.js` is cached for a short time; `/w/{site}.{digest}.js` never changes. A script that was served under a
digest stays in the store for thirteen months, so that a page with an integrity attribute outlives an upgrade.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from consent_service.embed.script import DIGEST_CHARACTERS, BuiltScript, digest_of
from consent_service.errors import Conflict
from consent_service.services.sites import NO_SUCH_SITE, Site
from consent_service.store.contract import Change, Key, Put, Store
from consent_service.store.names import desk_shard, script_name

TYPES: Final = "privacy-choices.d.ts"
KEPT_SECONDS: Final = 396 * 86_400
_RENEWED_BELOW: Final = KEPT_SECONDS - 30 * 86_400
_SHORT: Final = "public, max-age=300, stale-while-revalidate=86400"
_LONG: Final = "public, max-age=34214400, immutable"


class ScriptFiles:
    """Handlers of the scripts: today's come from memory, earlier ones from the store."""

    def __init__(
        self, sites: Mapping[str, Site], scripts: Mapping[str, BuiltScript], store: Store, dist: Path
    ) -> None:
        self._sites = sites
        self._scripts = scripts
        self._store = store
        self._types = (dist / TYPES).read_bytes()

    async def serve(self, request: Request) -> Response:
        """`GET /w/{name}.js`, with or without a digest in the name."""
        site, dot, digest = request.path_params["name"].partition(".")
        script = self._scripts.get(site)
        if script is None:
            raise HTTPException(404, NO_SUCH_SITE)
        if not dot:
            return _script(script.body, _SHORT)
        body = script.files.get(digest) or await self._earlier(site, digest)
        if body is None:
            raise HTTPException(
                404, "this version of the script was never served, or longer than 13 months ago"
            )
        return _script(body, _LONG)

    async def types(self, _request: Request) -> Response:
        """`GET /w/privacy-choices.d.ts`: the types of `window.privacyChoices`, for the sites' own compilers."""
        return Response(self._types, headers={"cache-control": _SHORT}, media_type="text/plain")

    async def keep(self, now: int) -> None:
        """Put today's scripts into the store, so that they outlive the next upgrade."""
        for site, script in self._scripts.items():
            for digest, body in script.files.items():
                await self._keep(Key(desk_shard(site), script_name(digest)), body, now)

    async def _keep(self, key: Key, body: bytes, now: int) -> None:
        (document,) = await self._store.get([key])
        if document is not None and (document.expires_at or 0) - now > _RENEWED_BELOW:
            return
        put = Put(key.name, body, now + KEPT_SECONDS)
        change = Change(key.shard, expect={key.name: document.version if document else 0}, put=[put])
        with contextlib.suppress(Conflict):  # another worker has just done it
            await self._store.commit(change)

    async def _earlier(self, site: str, digest: str) -> bytes | None:
        if len(digest) != DIGEST_CHARACTERS or not digest.isalnum():
            return None
        (document,) = await self._store.get([Key(desk_shard(site), script_name(digest))])
        return document.value if document else None


def _script(body: bytes, cache: str) -> Response:
    headers = {
        "cache-control": cache,
        "access-control-allow-origin": "*",  # an integrity attribute needs a CORS request; nothing here is secret
        "cross-origin-resource-policy": "cross-origin",
        "x-content-type-options": "nosniff",
        "etag": f'"{digest_of(body)}"',
    }
    return Response(body, headers=headers, media_type="text/javascript")
