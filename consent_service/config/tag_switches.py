"""Tag switches: one row for each tag of others that the page can tell to restrict processing.

The schema of `[sites.<key>.tags]`, its reference, a partner's `adapter` and the page's configuration are made from
this table. In the widget an adapter is one file of `tags/` and its lines in `tags/index.ts`. Knows nothing
of how it is read.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class TagSwitch(NamedTuple):
    """Switch of one adapter.

    `key`: in `[sites.<key>.tags]`. `name`: in the page's configuration (widget: `wanted.NAME`). `meaning`: one
    sentence for the reference. `vendor`: a partner's `adapter` that it restricts; None if it restricts nobody.
    """

    key: str
    name: str
    meaning: str
    vendor: str | None = None


TAG_SWITCHES: Final = (
    TagSwitch("google_consent_mode", "consent", "Google's tags hear it as consent mode.", "google"),
    TagSwitch(
        "google_restricted_data_processing",
        "processing",
        "Google's advertising tags restrict data processing.",
        "google",
    ),
    TagSwitch("meta_limited_data_use", "meta", "Meta's pixel limits data use.", "meta"),
    TagSwitch("microsoft_uet", "uet", "Microsoft's tag hears it.", "microsoft"),
    TagSwitch("data_layer", "layer", "The data layer gets an event."),
)

VENDORS: Final = tuple(dict.fromkeys(switch.vendor for switch in TAG_SWITCHES if switch.vendor))


def switch_keys(vendor: str) -> tuple[str, ...]:
    """Return the keys of the switches that restrict this vendor's tags."""
    return tuple(switch.key for switch in TAG_SWITCHES if switch.vendor == vendor)
