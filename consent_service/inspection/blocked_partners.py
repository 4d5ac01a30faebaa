"""Blocked partners: the addresses that a page must not fetch while sale and sharing are denied. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from consent_service.config import PartnerFacts
from consent_service.config.first_party import is_below


@dataclass(frozen=True, slots=True)
class BlockedPartners:
    """The blocked partners of one site, by domain."""

    domains: tuple[tuple[str, PartnerFacts], ...]

    def owner_of(self, address: str, page: str) -> PartnerFacts | None:
        """Return the partner that owns this address on this page, or None."""
        try:
            host = (urlsplit(urljoin(page, address.strip())).hostname or "").rstrip(".")
        except ValueError:  # no address: a browser asks nobody
            return None
        return next((partner for domain, partner in self.domains if is_below(host, domain)), None)


def blocked_partners(site: str, partners: Iterable[PartnerFacts]) -> BlockedPartners:
    """Return the site's partners that are blocked under the signal.

    The signal says nothing about sensitive information alone (CCPA regs § 7025(c)(1)).
    """
    denied = (
        partner
        for partner in partners
        if site in partner.sites and partner.when_denied == "block" and set(partner.rights) != {"sensitive"}
    )
    return BlockedPartners(tuple((domain, partner) for partner in denied for domain in partner.domains))
