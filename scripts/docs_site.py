"""Hooks of the build of docs/: files that pages link to outside of it, and a site that asks no other host.

MkDocs calls the functions by their names. `make docs` and the test of the built site run it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
DOCS: Final = ROOT / "docs"
PROJECT: Final = "project"
"""Folder of the site that stands for the repository's root."""
PROJECT_PAGES: Final = ("ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")
_LINK: Final = re.compile(r"(\]\()([^)\s#]+)(#[^)\s]*)?(\))")
_LOADING: Final = {
    "audio",
    "embed",
    "iframe",
    "img",
    "input",
    "link",
    "object",
    "script",
    "source",
    "track",
    "video",
}
_NOT_LOADED: Final = {"canonical", "next", "prev"}
_STYLE_ADDRESS: Final = re.compile(r"""(?:url\(|@import)\s*['"]?((?:https?:)?//[^'")\s]+)""")


def on_files(files: Any, config: Any) -> Any:
    """Add the project's own pages, and every other file that a page links to."""
    from mkdocs.structure.files import File

    linked = {
        target for path in DOCS.rglob("*.md") for target in _targets(path) if not target.is_relative_to(DOCS)
    }
    for path in sorted(linked | {ROOT / name for name in PROJECT_PAGES}):
        files.append(File.generated(config, site_path(path), abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page: Any, **_others: Any) -> str:
    """Return the page with its links as they are between the files of the site."""
    return relinked(markdown, Path(page.file.abs_src_path))


def on_post_build(config: Any) -> None:
    """Raise BuildError if a page would load something from another host."""
    from mkdocs.exceptions import BuildError

    if addresses := sorted(set(foreign_addresses(Path(config["site_dir"])))):
        raise BuildError(
            "the site asks other hosts; keep these files in docs/assets: " + ", ".join(addresses)
        )


def site_path(path: Path) -> str:
    """Return the path in the site's sources of a file of the repository."""
    return str(path.relative_to(DOCS) if path.is_relative_to(DOCS) else PROJECT / path.relative_to(ROOT))


def relinked(markdown: str, source: Path) -> str:
    """Return a page's text with links to files as the site needs them. `source`: the page's file."""
    here = os.path.dirname(site_path(source))  # noqa: PTH120 - a path of the site, not of this machine

    def renamed(match: re.Match[str]) -> str:
        target = _file(source, match[2])
        if target is None:
            return match[0]
        return f"{match[1]}{os.path.relpath(site_path(target), here or '.')}{match[3] or ''}{match[4]}"

    return _LINK.sub(renamed, markdown)


def _targets(source: Path) -> Iterator[Path]:
    """Yield the files that a page links to."""
    for match in _LINK.finditer(source.read_text("utf-8")):
        if (target := _file(source, match[2])) is not None:
            yield target


def _file(source: Path, link: str) -> Path | None:
    """Return the file of the repository behind a link, or None for an address or a link that leads nowhere."""
    target = (source.parent / link).resolve()
    return target if "://" not in link and target.is_file() and target.is_relative_to(ROOT) else None


def foreign_addresses(site: Path) -> Iterator[str]:
    """Yield each address of another host that a page or a style sheet of the built site loads by itself.

    Links that a reader may follow are left out. Scripts are not read: the test of the built site runs them.
    """
    for path in sorted(site.rglob("*.html")):
        parser = _Loaded()
        parser.feed(path.read_text("utf-8"))
        yield from parser.addresses
    for path in sorted(site.rglob("*.css")):
        yield from _STYLE_ADDRESS.findall(path.read_text("utf-8"))


class _Loaded(HTMLParser):
    """Collects addresses of other hosts that a page loads."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        facts = {name: value or "" for name, value in attrs}
        self.addresses += _STYLE_ADDRESS.findall(facts.get("style", ""))
        if tag in _LOADING and facts.get("rel") not in _NOT_LOADED:
            values = (facts.get(name, "") for name in ("src", "srcset", "href", "data", "poster"))
            self.addresses += [value for value in values if re.match(r"(https?:)?//", value)]
