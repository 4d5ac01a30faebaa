"""Addresses of `gpc.json`: each origin of a site says there that it acts on Global Privacy Control. Pure.

The statement speaks for the origin that serves it, and for no other origin of the site (w3c/gpc, June 2026).
An origin may redirect, so all of them can lead to the statement that the service serves for the site.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from consent_service.config.schema import Config, SiteFacts

GPC_PATH: Final = "/.well-known/gpc.json"


def gpc_resource(site: str, public_url: str) -> str:
    """Return the address at which the service serves the site's statement."""
    return f"{public_url}/s/{site}/gpc.json"


def gpc_addresses(site: SiteFacts) -> list[str]:
    """Return the addresses of the site's `gpc.json`: one for each origin."""
    return [f"{origin}{GPC_PATH}" for origin in site.origins]


def gpc_hints(config: Config) -> Iterator[str]:
    """Yield a hint for each site of several origins: the addresses that must redirect to its statement."""
    for key, site in config.sites.items():
        if len(site.origins) > 1:
            resource = gpc_resource(key, config.service.public_url)
            sentence = (
                f"sites.{key}: gpc.json speaks for one origin alone; redirect each of these to {resource}:"
            )
            yield "\n".join((sentence, *(f"    {address}" for address in gpc_addresses(site))))
