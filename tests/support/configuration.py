"""Configuration: the one builder of a small `consent.toml`, and the key ring that tests serve with."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from consent_service.identity.key_ring import encode_ring, new_ring
from tests.support.clock import START

RING: Final = new_ring(START, b"a" * 32, b"h" * 32)
NO_LIMITS: Final = "[limits]\nwrites_per_minute = 0\n"
"""Lines for `more`: every call is answered, however many there are."""


def consent_toml(
    folder: Path,
    port: int = 8000,
    metrics_port: int = 0,
    name: str = "Shop",
    more: str = "",
    store: str | None = None,
    *,
    public_url: str | None = None,
    business: str = "Acme",
    origins: Sequence[str] = ("https://shop.example.com",),
    regime: str = "us-ca",
    site: str = "",
) -> str:
    """Return a small `consent.toml` with the site `acme`, whose store lies in the folder unless it is named.

    `more`: further lines of `[service]`, and other tables. `site`: further lines of `[sites.acme]`, and other tables.
    """
    return f"""\
[service]
public_url = "{public_url or f"http://127.0.0.1:{port}"}"
port = {port}
metrics_port = {metrics_port}
store = "{store or sqlite_url(folder)}"
{more}
[business]
name = "{business}"
[sites.acme]
name = "{name}"
origins = {json.dumps(list(origins))}
regime = "{regime}"
{site}"""


def sqlite_url(folder: Path) -> str:
    """Return the URL of the store's file in this folder."""
    return f"sqlite:///{folder}/consent.db"


def write_config(folder: Path, text: str, name: str = "consent.toml") -> dict[str, str]:
    """Write the configuration and a key ring; return the environment that names the ring."""
    (folder / name).write_text(text)
    (folder / "keys.json").write_text(encode_ring(RING))
    return {"CONSENT_KEYS_FILE": str(folder / "keys.json")}
