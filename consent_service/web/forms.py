"""Forms: what our own pages post, and the way back to a site. Reads bodies; decides nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request

from consent_service.errors import InvalidBody
from consent_service.web.bodies import read_bytes

MEDIA_TYPE: Final = "application/x-www-form-urlencoded"
_MOST_FIELDS: Final = 16
_LONGEST_ADDRESS: Final = 1024
_PRINTABLE: Final = re.compile(r"[\x21-\x7e]+")


async def read_form(request: Request) -> dict[str, str]:
    """The form's fields, the last of each name. Raises InvalidBody, BodyTooLarge, or 415."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in ("", MEDIA_TYPE):
        raise HTTPException(415, f"send {MEDIA_TYPE}, as forms do")
    body = await read_bytes(request)
    try:
        text = body.decode("ascii")
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="replace"))
    except ValueError as error:
        raise InvalidBody("the body must be a form of a few fields, encoded as browsers do") from error


def return_address(given: str, origins: Iterable[str]) -> str:
    """The address itself when it lies on one of the site's origins, else "".

    Compared as text from its first character on, so that no two ways of reading an address can part here:
    `javascript:`, `https://shop.example.evil` and `https://shop.example@evil` don't begin like an origin that ends.
    """
    if len(given) > _LONGEST_ADDRESS or not _PRINTABLE.fullmatch(given):
        return ""
    lies_there = any(
        given == origin or given.startswith((f"{origin}/", f"{origin}?", f"{origin}#")) for origin in origins
    )
    return given if lies_there else ""
