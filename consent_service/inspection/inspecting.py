"""Inspecting: the one use case. Loads a page with the signal set and says what of blocked partners it reaches."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from consent_service.config import Config
from consent_service.config.first_party import origin_of
from consent_service.errors import UnknownSite
from consent_service.inspection.chromium import chromium
from consent_service.inspection.findings import Finding
from consent_service.inspection.loading import Loaded, load
from consent_service.inspection.markup import header_findings, markup_findings
from consent_service.inspection.partners import Blocked, blocked


def inspect(config: Config, url: str) -> list[Finding]:
    """Everything on this page that reaches a blocked partner of its site while sale and sharing are denied.

    Raises UnknownSite for a page of no site, and InspectionFailed when it can't be looked at.
    """
    partners = blocked(_site_of(config, url), config.partners.values())
    with chromium() as tools:
        return list(_findings(load(tools, url), partners))


def _site_of(config: Config, url: str) -> str:
    origin = origin_of(urlsplit(url))
    site = next((key for key, facts in config.sites.items() if origin in facts.origins), None)
    if site is None:
        raise UnknownSite(f"{origin or url} is an origin of no site: --url wants a page of one of the sites")
    return site


def _findings(page: Loaded, partners: Blocked) -> Iterator[Finding]:
    if page.sale != "denied":
        said = f"the page's flag says {page.sale!r} under the signal" if page.sale else "the page has no stub"
        yield Finding("stub", None, said)
    yield from header_findings(page.links, page.address, partners)
    yield from markup_findings(page.html, page.address, partners)
    for asked in dict.fromkeys(page.asked):
        owner = partners.owner(asked.address, page.address)
        if owner:
            yield Finding("request", owner, f"{asked.kind} {asked.address} (begun by {asked.by})")
