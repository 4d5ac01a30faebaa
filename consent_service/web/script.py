"""Script: what a site embeds, built once from the shipped bundle and the site's public configuration.

`/w/{site}.js` is short-lived; `/w/{site}.{digest}.js` never changes. Bytes that were handed out under a digest
stay in the store for thirteen months, so that a page with an integrity attribute outlives an upgrade.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from consent_service.errors import Conflict
from consent_service.services.sites import Site
from consent_service.store.contract import Change, Key, Put, Store
from consent_service.store.keys import desk_shard, script_name

KEPT_SECONDS: Final = 396 * 86_400
_RENEWED_BELOW: Final = KEPT_SECONDS - 30 * 86_400
_SHORT: Final = "public, max-age=300, stale-while-revalidate=86400"
_LONG: Final = "public, max-age=34214400, immutable"
_DIGEST_CHARACTERS: Final = 20


@dataclass(frozen=True, slots=True)
class Script:
    """One site's script and inline stub."""

    body: bytes
    stub: str

    @property
    def digest(self) -> str:
        """The part of the immutable address, hexadecimal."""
        return hashlib.sha256(self.body).hexdigest()[:_DIGEST_CHARACTERS]

    @property
    def integrity(self) -> str:
        """The value of the `integrity` attribute."""
        return "sha384-" + base64.b64encode(hashlib.sha384(self.body).digest()).decode()

    @property
    def stub_hash(self) -> str:
        """The source expression that lets the inline stub run under a content security policy."""
        return "'sha256-" + base64.b64encode(hashlib.sha256(self.stub.encode()).digest()).decode() + "'"


def build(dist: Path, public: Mapping[str, object], stub: Mapping[str, object]) -> Script:
    """The script for this public configuration, from the bundles in `dist`."""
    bundle = (dist / "widget.js").read_text(encoding="utf-8").rstrip()
    inline = (dist / "stub.js").read_text(encoding="utf-8").rstrip()
    return Script(
        f"(function(__CONFIG__){{{bundle}\n}})({_literal(public)});\n".encode(),
        f"(function(__STUB__){{{inline}\n}})({_literal(stub)});",
    )


def _literal(value: Mapping[str, object]) -> str:
    """JSON that is also safe inside a script element."""
    text = msgspec.json.encode(value).decode()
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


class ScriptFiles:
    """Serves the scripts, today's from memory and earlier ones from the store."""

    def __init__(self, sites: Mapping[str, Site], scripts: Mapping[str, Script], store: Store) -> None:
        self._sites = sites
        self._scripts = scripts
        self._store = store

    async def serve(self, request: Request) -> Response:
        """`GET /w/{name}.js`, with or without a digest in the name."""
        site, _, digest = request.path_params["name"].partition(".")
        script = self._scripts.get(site)
        if script is None:
            raise HTTPException(404, "no site has this key")
        if not digest:
            return _script(script.body, _SHORT)
        body = script.body if digest == script.digest else await self._earlier(site, digest)
        if body is None:
            raise HTTPException(
                404, "this version of the script was never served, or longer than 13 months ago"
            )
        return _script(body, _LONG)

    async def keep(self, now: int) -> None:
        """Put today's scripts into the store, so that they outlive the next upgrade."""
        for site, script in self._scripts.items():
            key = Key(desk_shard(site), script_name(script.digest))
            (found,) = await self._store.get([key])
            if found is not None and (found.expires_at or 0) - now > _RENEWED_BELOW:
                continue
            put = Put(key.name, script.body, now + KEPT_SECONDS)
            change = Change(key.shard, expect={key.name: found.version if found else 0}, put=[put])
            with contextlib.suppress(Conflict):  # another worker has just done it
                await self._store.commit(change)

    async def _earlier(self, site: str, digest: str) -> bytes | None:
        if len(digest) != _DIGEST_CHARACTERS or not digest.isalnum():
            return None
        (found,) = await self._store.get([Key(desk_shard(site), script_name(digest))])
        return found.value if found else None


def _script(body: bytes, cache: str) -> Response:
    headers = {
        "cache-control": cache,
        "access-control-allow-origin": "*",  # an integrity attribute needs a CORS request; nothing here is secret
        "cross-origin-resource-policy": "cross-origin",
        "x-content-type-options": "nosniff",
        "etag": '"' + hashlib.sha256(body).hexdigest()[:_DIGEST_CHARACTERS] + '"',
    }
    return Response(body, headers=headers, media_type="text/javascript")
