"""Forms: the fields that our own pages post, and the address of the way back to a site. Decides nothing."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Iterable
from typing import Final

from starlette.exceptions import HTTPException
from starlette.formparsers import FormParser, MultiPartException
from starlette.requests import Request

from consent_service.errors import InvalidBody
from consent_service.web.visitor.bodies import body_deadline, media_type, read_bytes

MEDIA_TYPE: Final = "application/x-www-form-urlencoded"
_LONGEST_ADDRESS: Final = 1024
_MOST_FIELDS: Final = 1000
_PRINTABLE: Final = re.compile(r"[\x21-\x7e]+")


async def read_form(request: Request) -> dict[str, str]:
    """Return the form's fields, the last of each name. Raises BodyTooLarge, InvalidBody for too many, or 415."""
    if media_type(request) not in ("", MEDIA_TYPE):
        raise HTTPException(415, f"send {MEDIA_TYPE}, as forms do")
    body = _one_chunk(await read_bytes(request, body_deadline()))
    try:
        form = await FormParser(request.headers, body, max_fields=_MOST_FIELDS).parse()
    except MultiPartException as error:
        raise InvalidBody(f"the form has too many fields; send at most {_MOST_FIELDS}") from error
    return {name: value for name, value in form.multi_items() if isinstance(value, str)}


async def _one_chunk(body: bytes) -> AsyncGenerator[bytes]:
    yield body


def return_address(address: str, origins: Iterable[str]) -> str:
    """Return the address if it is on one of the site's origins, else "".

    It is compared as text from its first character on, so that no two parsers can disagree: `javascript:`,
    `https://shop.example.evil` and `https://shop.example@evil` begin with no origin that ends there.
    """
    if len(address) > _LONGEST_ADDRESS or not _PRINTABLE.fullmatch(address):
        return ""
    on_site = any(
        address == origin or address.startswith((f"{origin}/", f"{origin}?", f"{origin}#"))
        for origin in origins
    )
    return address if on_site else ""
