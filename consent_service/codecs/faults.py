"""What the codecs raise, and nothing else: one error that says where the fault lies.

Knows nothing of any format, so that every codec can share it.
"""

from __future__ import annotations


class CodecError(ValueError):
    """The text can't be decoded, or the values can't be encoded.

    `section`: the section's name, `header`, or "" for the whole. `field`: the field's name, or "". `bit`: how many
    bits of that section (or sub-section) stand before the fault, None where there are no bits to count.
    """

    def __init__(self, said: str, *, section: str = "", field: str = "", bit: int | None = None) -> None:
        place = ".".join(part for part in (section, field) if part)
        offset = "" if bit is None else f" at bit {bit}"
        super().__init__(f"{place}{offset}: {said}" if place or offset else said)
        self.section = section
        self.field = field
        self.bit = bit
