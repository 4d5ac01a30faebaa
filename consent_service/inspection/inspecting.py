"""Inspecting: the one use case. Loads a page with the signal set and says what of blocked partners it reaches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

from consent_service.config import Config
from consent_service.config.first_party import origin_of
from consent_service.config.well_known import gpc_addresses, gpc_resource
from consent_service.errors import UnknownSite
from consent_service.inspection.chromium import chromium
from consent_service.inspection.devtools import DevTools
from consent_service.inspection.findings import Finding
from consent_service.inspection.loading import Loaded, load, read
from consent_service.inspection.markup import header_findings, markup_findings
from consent_service.inspection.partners import Blocked, blocked
from consent_service.inspection.statements import statement_fault


class Inspected(NamedTuple):
    """Result of an inspection: fetches that reach a blocked partner, and hints for the site's origins."""

    findings: list[Finding]
    hints: list[Finding]


def inspect(config: Config, url: str) -> Inspected:
    """Everything on this page that reaches a blocked partner of its site while sale and sharing are denied.

    The hints: which of the site's origins don't say that they act on the signal. Raises UnknownSite for a page of no
    site, and InspectionFailed when it can't be looked at.
    """
    site = _site_of(config, url)
    partners = blocked(site, config.partners.values())
    with chromium() as tools:
        findings = list(_findings(load(tools, url), partners))
        return Inspected(findings, list(_statements(tools, config, site)))


def _statements(tools: DevTools, config: Config, site: str) -> Iterator[Finding]:
    """Each of the site's origins answers for itself."""
    resource = gpc_resource(site, config.service.public_url)
    for address in gpc_addresses(config.sites[site]):
        fault = statement_fault(read(tools, address))
        if fault:
            yield Finding("gpc.json", None, f"{address} {fault}", resource=resource)


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
