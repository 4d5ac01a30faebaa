"""Paths of the files that are not Python: templates, the built widget, the tag manager's template.

An installed wheel carries them inside the package; a checkout has them beside it. Knows no file's meaning.
"""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
CHECKOUT = PACKAGE.parent


def templates_folder() -> Path:
    """The folder of Jinja2 templates."""
    return folder(PACKAGE / "_data" / "templates", CHECKOUT / "templates")


def widget_folder() -> Path:
    """The folder of the built widget: `stub.js` and `widget.js`."""
    return folder(PACKAGE / "_data" / "widget", CHECKOUT / "widget" / "dist")


def tag_manager_template() -> Path:
    """The template that Google Tag Manager imports."""
    return folder(PACKAGE / "_data" / "gtm", CHECKOUT / "widget" / "gtm") / "privacy-choices.tpl"


def folder(packaged: Path, in_checkout: Path) -> Path:
    """The packaged folder where there is one, else the checkout's."""
    for candidate in (packaged, in_checkout):
        if candidate.is_dir():
            return candidate
    raise FileNotFoundError(f"neither {packaged} nor {in_checkout} is there: reinstall consent-service")
