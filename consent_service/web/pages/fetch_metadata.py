"""Fetch metadata: the headers that a browser must send with a form before anything is opted in (design rule 3).

No page can set these headers in its visitor's browser (https://www.w3.org/TR/fetch-metadata/). `Sec-Fetch-User` is
not required: Safari never sends it. Knows headers, nothing of forms or visitors.
"""

from __future__ import annotations

from typing import Final

from starlette.datastructures import Headers

from consent_service.errors import NotPressed

_REQUIRED: Final = {
    "sec-fetch-site": "same-origin",
    "sec-fetch-mode": "navigate",
    "sec-fetch-dest": "document",
}


def check_pressed(headers: Headers, *, bare: bool) -> None:
    """Raise NotPressed unless the form came from a page of ours in a window or tab of its own.

    `bare`: accept a browser that sends none of these headers (development on this machine, over plain HTTP).
    """
    values = {name: headers.getlist(name) for name in _REQUIRED}
    if bare and not any(values.values()):
        return
    missing = [name for name in _REQUIRED if not values[name]]
    if missing:
        raise NotPressed(
            f"{', '.join(missing)} did not come with this form, so nobody can tell which page sent it; nothing was "
            "changed. Use a current browser; a proxy or an extension must pass these headers on",
            unsaid=True,
        )
    for name, required in _REQUIRED.items():
        if values[name] != [required]:
            raise NotPressed(
                f"{name} must be {required}: press the button on the service's own page, in a tab of its own"
            )
