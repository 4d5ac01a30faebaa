"""Pressing: what a browser says of a form's post, and what it must say before anything is opted in (design rule 3).

No page can set these headers in its visitor's browser (https://www.w3.org/TR/fetch-metadata/). `Sec-Fetch-User`
is not asked for: Safari never sends it. Knows headers, nothing of forms or visitors.
"""

from __future__ import annotations

from typing import Final

from starlette.datastructures import Headers

from consent_service.errors import NotPressed

_WANTED: Final = {
    "sec-fetch-site": "same-origin",
    "sec-fetch-mode": "navigate",
    "sec-fetch-dest": "document",
}


def check_pressed(headers: Headers, *, bare: bool) -> None:
    """Raise NotPressed unless the browser says that a page of ours was sent on, in a window or tab of its own.

    `bare`: a browser that sends none of these headers may pass (development on this machine, over plain HTTP).
    """
    said = {name: headers.getlist(name) for name in _WANTED}
    if bare and not any(said.values()):
        return
    missing = [name for name in _WANTED if not said[name]]
    if missing:
        raise NotPressed(
            f"{', '.join(missing)} did not come with this form, so nobody can tell which page sent it; nothing was "
            "changed. Use a current browser; a proxy or an extension must pass these headers on",
            unsaid=True,
        )
    for name, wanted in _WANTED.items():
        if said[name] != [wanted]:
            raise NotPressed(
                f"{name} must be {wanted}: press the button on the service's own page, in a tab of its own"
            )
