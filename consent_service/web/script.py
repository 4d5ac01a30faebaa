"""Script: what a site embeds, built once from the shipped bundle and the site's public configuration.

`/w/{site}.js` is short-lived; `/w/{site}.{digest}.js` never changes. Bytes that were handed out under a digest
stay in the store for thirteen months, so that a page with an integrity attribute outlives an upgrade.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
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

TYPES: Final = "privacy-choices.d.ts"
KEPT_SECONDS: Final = 396 * 86_400
_RENEWED_BELOW: Final = KEPT_SECONDS - 30 * 86_400
_SHORT: Final = "public, max-age=300, stale-while-revalidate=86400"
_LONG: Final = "public, max-age=34214400, immutable"
_DIGEST_CHARACTERS: Final = 20
_IS_NEW: Final = (
    "!(window.privacyChoices?.flag?.call&&(window.__gppLocator||!performance.timing.domInteractive))"
)
"""False where the inline part has run in this document: frameworks, and a snippet pasted twice, run it once more. A
page that was written anew, which it can be only once it was read, has lost the frame, and an element of that name has
no such function."""


@dataclass(frozen=True, slots=True)
class Script:
    """One site's script and inline stub, the files that the script loads, the debug panel where the site allows it.

    `views`: by language, what the visitor sees, with its words. `behind`: what stands behind the stub in the page
    itself, by name, where the site asks for it.
    """

    body: bytes
    stub: str
    views: Mapping[str, bytes]
    settings: bytes
    writing: bytes
    panel: bytes | None = None
    behind: Mapping[str, str] = field(default_factory=dict)

    @property
    def inline(self) -> str:
        """Return the inline part of a page. It is one script element, so that one hash lets it run."""
        return f"if({_IS_NEW}){{{';'.join((self.stub, *self.behind.values()))}}}"

    @property
    def digest(self) -> str:
        """The part of the immutable address, hexadecimal."""
        return _digest(self.body)

    @property
    def files(self) -> Mapping[str, bytes]:
        """Return the files under immutable addresses, by digest."""
        bodies = (self.body, *self.views.values(), self.settings, self.writing, self.panel)
        return {_digest(body): body for body in bodies if body}

    @property
    def integrity(self) -> str:
        """The value of the `integrity` attribute."""
        return "sha384-" + base64.b64encode(hashlib.sha384(self.body).digest()).decode()

    @property
    def inline_hash(self) -> str:
        """The source expression that lets the inline part run under a content security policy."""
        return "'sha256-" + base64.b64encode(hashlib.sha256(self.inline.encode()).digest()).decode() + "'"


def build(
    dist: Path,
    public: Mapping[str, object],
    stub: Mapping[str, object],
    words: Mapping[str, Mapping[str, str]],
    *,
    behind: Mapping[str, object] | None = None,
    debug: bool = False,
) -> Script:
    """The script for this public configuration, from the bundles in `dist`.

    What only some sites use stands before the script of those sites alone. The script loads the others by itself: the
    view in the page's language, with the `words` of that language, beside its first call; the settings when somebody
    opens them; `writing` before the first marked script runs. `behind`: bundles that stand behind the stub, in this
    order, and what each is given; one that is given nothing is left out.
    """
    view = _bundle(dist, "view")
    views = {
        lang: f"(function(__WORDS__){{{view}}})({_literal(said)});\n".encode() for lang, said in words.items()
    }
    settings, writing = (_bundle(dist, name).encode() for name in ("settings", "writing"))
    panel = _bundle(dist, "debug").encode() if debug else None
    base = f"{public.get('api', public['service'])}/w/{stub['s']}"

    def address(body: bytes) -> str:
        return f"{base}.{_digest(body)}.js"

    public = {
        **public,
        "views": {lang: address(body) for lang, body in views.items()},
        "settings": address(settings),
        "writing": address(writing),
        **({"debug": address(panel)} if panel else {}),
    }
    extras = [extra for extra, wanted in _EXTRAS.items() if wanted(public)]
    bundles = "".join(_bundle(dist, name) for name in ("natives", *extras, "widget"))
    return Script(
        f"(($,_)=>{{{bundles}}})({_alone(public)},{{}});\n".encode(),
        _wrapped(dist, "stub", stub),
        views,
        settings,
        writing,
        panel,
        {name: _wrapped(dist, name, given) for name, given in (behind or {}).items() if given},
    )


def _wants_erasing(public: Mapping[str, object]) -> bool:
    """Partners' traces go, and other tools' words under the names of our cookies where ours are one host's alone."""
    alone = public.get("cookie_domain", "") is None and "no_string_cookies" not in public
    return alone or "traces" in public


_EXTRAS: Final[Mapping[str, Callable[[Mapping[str, object]], bool]]] = {
    "prior": lambda public: "prior" in public or "prior_ids" in public,
    "erasing": _wants_erasing,
    "former": lambda public: public.get("cookie_domain", "") is None,
    "looks": lambda public: "look" in public,
    "debugging": lambda public: "debug" in public,
}
"""A part of the widget -> whether a site with these facts asks for it."""


def _wrapped(dist: Path, name: str, given: object) -> str:
    """An inline part: the bundle as a function of what it is given. One that fails leaves the others alone."""
    return f"try{{($=>{{{_bundle(dist, name).rstrip()}}})({_literal(given)})}}catch{{}}"


def _alone(value: Mapping[str, object]) -> str:
    """A literal that inherits nothing: what a page's scripts hang on all objects is not configuration."""
    return f'{{"__proto__":null,{_literal(value)[1:]}'


def _bundle(dist: Path, name: str) -> str:
    return (dist / f"{name}.js").read_text(encoding="utf-8")


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:_DIGEST_CHARACTERS]


def _literal(value: object) -> str:
    """JSON that is also safe inside a script element."""
    text = msgspec.json.encode(value).decode()
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


class ScriptFiles:
    """Serves the scripts, today's from memory and earlier ones from the store."""

    def __init__(
        self, sites: Mapping[str, Site], scripts: Mapping[str, Script], store: Store, dist: Path
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
            raise HTTPException(404, "no site has this key")
        if not dot:
            return _script(script.body, _SHORT)
        body = script.files.get(digest) or await self._earlier(site, digest)
        if body is None:
            raise HTTPException(
                404, "this version of the script was never served, or longer than 13 months ago"
            )
        return _script(body, _LONG)

    async def types(self, _request: Request) -> Response:
        """`GET /w/privacy-choices.d.ts`: what `window.privacyChoices` offers, for the sites' own compilers."""
        return Response(self._types, headers={"cache-control": _SHORT}, media_type="text/plain")

    async def keep(self, now: int) -> None:
        """Put today's scripts into the store, so that they outlive the next upgrade."""
        for site, script in self._scripts.items():
            for digest, body in script.files.items():
                await self._keep(Key(desk_shard(site), script_name(digest)), body, now)

    async def _keep(self, key: Key, body: bytes, now: int) -> None:
        (found,) = await self._store.get([key])
        if found is not None and (found.expires_at or 0) - now > _RENEWED_BELOW:
            return
        put = Put(key.name, body, now + KEPT_SECONDS)
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
        "etag": f'"{_digest(body)}"',
    }
    return Response(body, headers=headers, media_type="text/javascript")
