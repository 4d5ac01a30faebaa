"""The US Privacy string, uspv1: four characters that old tags still read.

Pure; knows the string alone. Format: IAB US Privacy v1.0 (deprecated since 31 January 2024, emitted for
compatibility): version `1`, notice given, opted out of sale, covered by the LSPA; each `Y`, `N` or `-`.
"""

from __future__ import annotations

from typing import Final

NOT_APPLICABLE: Final = "1---"
"""Where the law does not apply, all three answers are `-`."""


def encode(*, notice: bool, opted_out: bool, lspa: bool = False) -> str:
    """The string for a visitor to whom the law applies, e.g. `1YYN`."""
    return "1" + "".join("Y" if answer else "N" for answer in (notice, opted_out, lspa))
