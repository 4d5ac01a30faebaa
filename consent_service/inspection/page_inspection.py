"""Inspection of one page: load it with the signal set, and report the blocked partners that it reaches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

from consent_service.config import Config
from consent_service.config.first_party import origin_of
from consent_service.config.gpc_statement_addresses import gpc_addresses, gpc_resource
from consent_service.errors import UnknownSite
from consent_service.inspection.blocked_partners import BlockedPartners, blocked_partners
from consent_service.inspection.chromium import run_chromium
from consent_service.inspection.devtools import DevTools
from consent_service.inspection.gpc_statement import statement_fault
from consent_service.inspection.leaks import Leak
from consent_service.inspection.markup import leaks_in_header, leaks_in_markup
from consent_service.inspection.page_load import LoadedPage, load_page, read_address


class Inspection(NamedTuple):
    """Result of an inspection: fetches that reach a blocked partner, and hints for the site's origins."""

    findings: list[Leak]
    hints: list[Leak]


def inspect_page(config: Config, url: str) -> Inspection:
    """Return everything on this page that reaches a blocked partner while sale and sharing are denied.

    The hints name the site's origins that don't say that they act on the signal. Raises UnknownSite for a
    page of no site, and InspectionFailed if the page can't be loaded.
    """
    site = _site_of(config, url)
    partners = blocked_partners(site, config.partners.values())
    with run_chromium() as tools:
        findings = list(_page_leaks(load_page(tools, url), partners))
        return Inspection(findings, list(_statement_hints(tools, config, site)))


def _statement_hints(tools: DevTools, config: Config, site: str) -> Iterator[Leak]:
    """Yield a hint for each of the site's origins without its own statement."""
    resource = gpc_resource(site, config.service.public_url)
    for address in gpc_addresses(config.sites[site]):
        fault = statement_fault(read_address(tools, address))
        if fault:
            yield Leak("gpc.json", None, f"{address} {fault}", resource=resource)


def _site_of(config: Config, url: str) -> str:
    origin = origin_of(urlsplit(url))
    site = next((key for key, facts in config.sites.items() if origin in facts.origins), None)
    if site is None:
        raise UnknownSite(
            f"{origin or url} is not an origin of any site: give --url a page of one of the sites"
        )
    return site


def _page_leaks(page: LoadedPage, partners: BlockedPartners) -> Iterator[Leak]:
    """Yield every leak in the page's headers, markup and requests."""
    if page.sale != "denied":
        reason = (
            f"the page's flag says {page.sale!r} under the signal" if page.sale else "the page has no stub"
        )
        yield Leak("stub", None, reason)
    yield from leaks_in_header(page.links, page.address, partners)
    yield from leaks_in_markup(page.html, page.address, partners)
    for fetch in dict.fromkeys(page.requests):
        owner = partners.owner_of(fetch.address, page.address)
        if owner:
            yield Leak("request", owner, f"{fetch.kind} {fetch.address} (begun by {fetch.by})")
