"""Tags: contradictions among the switches of tags and the partners that rely on them.

Knows nothing of lines or files, nor of what a page is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from consent_service.config.key_lines import Path
from consent_service.config.schema import PartnerFacts, SiteFacts, TagFacts
from consent_service.config.struct_reader import Misread
from consent_service.config.tag_switches import switch_keys

_OF_CONSENT_MODE: Final = ("analytics_storage", "regions", "wait_for_update")
_FOLLOWED: Final = frozenset({"sale", "share"})


def tag_faults(tags: TagFacts) -> Iterator[Misread]:
    """Yield faults of keys of consent mode on a site that does not use it."""
    if not tags.google_consent_mode:
        for name in _OF_CONSENT_MODE:
            if getattr(tags, name) != getattr(TagFacts(), name):
                yield Misread((name,), "has no effect without google_consent_mode")


def restriction_faults(partner: PartnerFacts, sites: Mapping[str, SiteFacts]) -> Iterator[Misread]:
    """Yield faults of a partner that nobody restricts. `sites`: the well-formed ones, by key.

    Without a contract, or a tag that is told to keep to what a service provider may, it stays a sale
    (Civ. Code 1798.140(ag)).
    """
    if partner.adapter and partner.when_denied == "block":
        yield Misread(("adapter",), 'has no effect where when_denied is "block"')
    elif partner.adapter:
        yield from _adapter_faults(partner, switch_keys(partner.adapter), sites)
    elif partner.when_denied == "restrict" and not partner.service_provider_contract.strip():
        message = '"restrict" needs adapter or service_provider_contract; else use "block"'
        yield Misread(("when_denied",), message)


def _adapter_faults(
    partner: PartnerFacts, switches: tuple[str, ...], sites: Mapping[str, SiteFacts]
) -> Iterator[Misread]:
    for right in sorted({*partner.rights} - _FOLLOWED):
        yield Misread(("adapter",), f"adapters follow sale and share, but the partner needs {right!r} too")
    wanted = " or ".join(switches)
    for key in partner.sites:
        site = sites.get(key)
        if site and not any(getattr(site.tags, switch) for switch in switches):
            yield Misread(("adapter",), f"is off at {key!r}: sites.{key}.tags needs {wanted}")


def sites_among(parts: Mapping[Path, object]) -> dict[str, SiteFacts]:
    """Return the document's well-formed sites, by key."""
    return {str(path[-1]): part for path, part in parts.items() if isinstance(part, SiteFacts)}
