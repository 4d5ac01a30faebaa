"""The US Privacy string, uspv1: four characters that old tags still read.

Pure; knows the string alone. Format: IAB US Privacy v1.0 (deprecated since 31 January 2024, emitted for
compatibility): version `1`, notice given, opted out of sale, covered by the LSPA; each `Y`, `N` or `-`.
"""

from __future__ import annotations

from typing import Final

from consent_service.codecs.codec_error import CodecError
from consent_service.codecs.fields import Fields, Value

SECTION_ID: Final = 6
"""Its number where it stands inside a GPP string."""
NAME: Final = "uspv1"
NOT_APPLICABLE: Final = "1---"
"""String for a place where the law does not apply: all three answers are `-`."""

_VERSION: Final = 1
_ANSWERS: Final = ("Notice", "OptOutSale", "LspaCovered")


def encode(*, notice: bool, opted_out: bool, lspa: bool = False) -> str:
    """Return the string of a visitor to whom the law applies, for example `1YYN`."""
    return "1" + "".join("Y" if answer else "N" for answer in (notice, opted_out, lspa))


def encode_fields(fields: Fields) -> str:
    """Return the string of `Notice`, `OptOutSale` and `LspaCovered`: each `Y`, `N`, or `-` if not given.

    Raises CodecError for another field or value.
    """
    for name in fields.keys() - {"Version", *_ANSWERS}:
        raise CodecError("there is no such field", section=NAME, field=name)
    if fields.get("Version", _VERSION) != _VERSION:
        raise CodecError(f"{fields['Version']!r} is not {_VERSION}", section=NAME, field="Version")
    return str(_VERSION) + "".join(_checked_letter(name, fields.get(name, "-")) for name in _ANSWERS)


def decode(text: str) -> dict[str, Value]:
    """Return the fields of the string, with `Version`: the inverse of `encode_fields`. Raises CodecError."""
    if len(text) != 1 + len(_ANSWERS):
        raise CodecError(f"{len(text)} characters, wanted {1 + len(_ANSWERS)}", section=NAME)
    if text[0] != str(_VERSION):
        raise CodecError(f"{text[0]!r} is not {_VERSION}", section=NAME, field="Version")
    answers = {name: _checked_letter(name, letter) for name, letter in zip(_ANSWERS, text[1:], strict=True)}
    return {"Version": _VERSION, **answers}


def _checked_letter(name: str, letter: Value) -> str:
    if letter not in ("Y", "N", "-"):
        raise CodecError(f"{letter!r} is not Y, N or -", section=NAME, field=name)
    return str(letter)
