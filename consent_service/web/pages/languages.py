"""Languages: the language of a page of the service for one request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from starlette.requests import Request

from consent_service.services.sites import Site
from consent_service.texts import nearest
from consent_service.web.http.request_headers import MOST_QUERY

_MOST: Final = 20


def language_of(request: Request, site: Site, came_from: str = "") -> str:
    """Return the language of the page.

    It is named by the address, else by the page that the visitor came from, else by the browser, else by the site.
    """
    requested = (
        request.query_params.get("lang", "") if len(request.scope["query_string"]) <= MOST_QUERY else ""
    )
    preferred = [requested, came_from, *_accepted(request.headers.get("accept-language", ""))]
    return nearest(preferred, site.texts) or site.lang


def _accepted(header: str) -> Iterator[str]:
    """Return the header's languages, the most wanted first (RFC 9110 section 12.5.4)."""
    ranges = [part.partition(";") for part in header.split(",", _MOST)[:_MOST]]
    weighed = [(_weight(parameter), tag.strip()) for tag, _, parameter in ranges]
    return (tag for weight, tag in sorted(weighed, key=lambda pair: -pair[0]) if tag and weight > 0)


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    try:
        return float(value) if name.strip().lower() == "q" else 1.0
    except ValueError:
        return 0.0
