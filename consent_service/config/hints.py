"""Hints: trust that a valid configuration still grants, each with its key and line. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from consent_service.config.loader import locate_faults
from consent_service.config.schema import Config
from consent_service.config.struct_reader import Misread
from consent_service.errors import Fault


def config_hints(text: str, config: Config) -> tuple[Fault, ...]:
    """Return the hints for this `consent.toml`, in the order of its lines."""
    return locate_faults(_shared_cookies(config), text)


def _shared_cookies(config: Config) -> Iterator[Misread]:
    for key, site in config.sites.items():
        if site.cookie_domain is not None:
            yield Misread(
                ("sites", key, "cookie_domain"),
                f"every host below {site.cookie_domain} can set the site's cookie, and so allow what a visitor "
                "denied; leave cookie_domain out unless you trust each of them",
            )
