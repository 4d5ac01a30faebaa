"""A thousand User-Agents that differ as real ones do: version, build, device."""

from __future__ import annotations

from itertools import islice, product
from typing import Final

_CHROME: Final = (
    "Mozilla/5.0 ({place}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{version}.0.{build}.0 Safari/537.36"
)
_FIREFOX: Final = "Mozilla/5.0 ({place}; rv:{version}.0) Gecko/20100101 Firefox/{version}.{build}"
_PLACES: Final = (
    "Windows NT 10.0; Win64; x64",
    "X11; Linux x86_64",
    "Macintosh; Intel Mac OS X 10_15_7",
    "Linux; Android 14; Pixel 8",
    "Linux; Android 13; SM-S911B",
)


def user_agents(count: int) -> list[str]:
    """The first `count` of them, all different."""
    every = product((_CHROME, _FIREFOX), _PLACES, range(110, 130), range(5000, 5010))
    return [
        form.format(place=place, version=v, build=build) for form, place, v, build in islice(every, count)
    ]
