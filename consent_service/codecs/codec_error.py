"""The one error of the codecs; it names the place of the fault.

Knows nothing of any format, so that every codec can share it.
"""

from __future__ import annotations


class CodecError(ValueError):
    """A text that can't be decoded, or values that can't be encoded.

    `section`: name of the section, `header`, or "" for the whole string. `field`: name of the field, or "".
    `bit`: offset of the error in that section or sub-section, in bits; None where bits don't apply.
    """

    def __init__(self, problem: str, *, section: str = "", field: str = "", bit: int | None = None) -> None:
        place = ".".join(part for part in (section, field) if part)
        offset = "" if bit is None else f" at bit {bit}"
        super().__init__(f"{place}{offset}: {problem}" if place or offset else problem)
        self.section = section
        self.field = field
        self.bit = bit
