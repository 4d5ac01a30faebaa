"""Script: a site's script and inline stub, built once from the shipped bundles and the site's public configuration.

Reads the bundles' files; knows nothing of HTTP or of where the script is served.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

DIGEST_CHARACTERS: Final = 20
_TABLES: Final = ("prior", "prior_ids")
"""Facts that the file `prior` is made with; the script is told its address alone."""
_IS_NEW: Final = (
    "!(window.privacyChoices?.flag?.call&&(window.__gppLocator||!performance.timing.domInteractive))"
)
"""False where the inline part has run in this document: frameworks, and a snippet pasted twice, run it once more. A
page that was written anew, which it can be only once it was read, has lost the frame, and an element of that name has
no such function."""


@dataclass(frozen=True, slots=True)
class BuiltScript:
    """One site's script and inline stub, the files that the script loads, the debug panel where the site allows it.

    `views`: by language, what the visitor sees, with its words. `prior`: what reads another consent tool's cookies,
    with the site's tables. `behind`: what stands behind the stub in the page itself, by name, where the site asks
    for it.
    """

    body: bytes
    stub: str
    views: Mapping[str, bytes]
    settings: bytes
    writing: bytes
    prior: bytes | None = None
    panel: bytes | None = None
    behind: Mapping[str, str] = field(default_factory=dict)

    @property
    def inline(self) -> str:
        """Return the inline part of a page. It is one script element, so that one hash lets it run."""
        return f"if({_IS_NEW}){{{';'.join((self.stub, *self.behind.values()))}}}"

    @property
    def digest(self) -> str:
        """The part of the immutable address, hexadecimal."""
        return digest_of(self.body)

    @property
    def files(self) -> Mapping[str, bytes]:
        """Return the files under immutable addresses, by digest."""
        bodies = (self.body, *self.views.values(), self.settings, self.writing, self.prior, self.panel)
        return {digest_of(body): body for body in bodies if body}

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
) -> BuiltScript:
    """The script for this public configuration, from the bundles in `dist`.

    What only some sites use stands before the script of those sites alone. The script loads the others by itself: the
    view in the page's language, with the `words` of that language, beside its first call; the settings when somebody
    opens them; `writing` before the first marked script runs; `prior` where another tool's cookies are. `behind`:
    bundles that stand behind the stub, in this order, and what each is given; one that is given nothing is left out.
    """
    looks = [(dist / "looks.css").read_text(encoding="utf-8")] if "look" in public else []
    views = {lang: _given(dist, "view", "__WORDS__,__LOOKS__", said, *looks) for lang, said in words.items()}
    fetched = _fetched(dist, public, debug=debug)
    base = f"{public.get('api', public['service'])}/w/{stub['s']}"

    def address(body: bytes) -> str:
        return f"{base}.{digest_of(body)}.js"

    public = {
        **{name: value for name, value in public.items() if name not in _TABLES},
        "views": {lang: address(body) for lang, body in views.items()},
        **{name: address(body) for name, body in fetched.items()},
    }
    extras = [extra for extra, wanted in _EXTRAS.items() if wanted(public)]
    bundles = "".join(_bundle(dist, name) for name in ("natives", *extras, "widget"))
    return BuiltScript(
        f"(($,_)=>{{{bundles}}})({_alone(public)},{{}});\n".encode(),
        _wrapped(dist, "stub", stub),
        views,
        fetched["settings"],
        fetched["writing"],
        fetched.get("prior"),
        fetched.get("debug"),
        {name: _wrapped(dist, name, given) for name, given in (behind or {}).items() if given},
    )


def _fetched(dist: Path, public: Mapping[str, object], *, debug: bool) -> dict[str, bytes]:
    """The files that the script fetches besides the views, by the names of their addresses in its configuration."""
    files = {name: _bundle(dist, name).encode() for name in ("settings", "writing")}
    tables = {name: public[name] for name in _TABLES if name in public}
    if tables:
        files["prior"] = _given(dist, "prior", "__PRIOR__", tables)
    if debug:
        files["debug"] = _bundle(dist, "debug").encode()
    return files


def _wants_erasing(public: Mapping[str, object]) -> bool:
    """Partners' traces go, and other tools' words under the names of our cookies where ours are one host's alone."""
    alone = public.get("cookie_domain", "") is None and "no_string_cookies" not in public
    return alone or "traces" in public


_EXTRAS: Final[Mapping[str, Callable[[Mapping[str, object]], bool]]] = {
    "earlier": lambda public: "prior" in public,
    "erasing": _wants_erasing,
    "former": lambda public: public.get("cookie_domain", "") is None,
    "debugging": lambda public: "debug" in public,
}
"""A part of the widget -> whether a site with these facts asks for it."""


def _wrapped(dist: Path, name: str, given: object) -> str:
    """Return an inline part: the bundle as a function of what it is given. One that fails leaves the others alone."""
    return f"try{{($=>{{{_bundle(dist, name).rstrip()}}})({_literal(given)})}}catch{{}}"


def _given(dist: Path, name: str, parameters: str, *given: object) -> bytes:
    """A file that the script fetches: the bundle as a function of what it is given."""
    return f"(function({parameters}){{{_bundle(dist, name)}}})({','.join(map(_literal, given))});\n".encode()


def _alone(value: Mapping[str, object]) -> str:
    """A literal that inherits nothing: what a page's scripts hang on all objects is not configuration."""
    return f'{{"__proto__":null,{_literal(value)[1:]}'


def _bundle(dist: Path, name: str) -> str:
    return (dist / f"{name}.js").read_text(encoding="utf-8")


def digest_of(body: bytes) -> str:
    """Return the part of an immutable address that names these bytes, hexadecimal."""
    return hashlib.sha256(body).hexdigest()[:DIGEST_CHARACTERS]


def _literal(value: object) -> str:
    """JSON that is also safe inside a script element."""
    text = msgspec.json.encode(value).decode()
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
