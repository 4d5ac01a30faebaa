"""A configuration that the process tests serve with, written into a folder of theirs."""

from __future__ import annotations

from pathlib import Path

from consent_service.identity.key_ring import encode_ring, new_ring

RING = new_ring(1_795_341_600, b"a" * 32, b"h" * 32)


def consent_toml(
    folder: Path,
    port: int = 8000,
    metrics_port: int = 0,
    name: str = "Shop",
    more: str = "",
    store: str | None = None,
) -> str:
    """A small `consent.toml` whose store lies in the folder, unless it is named."""
    return f"""\
[service]
public_url = "http://127.0.0.1:{port}"
port = {port}
metrics_port = {metrics_port}
store = "{store or f"sqlite:///{folder}/consent.db"}"
{more}
[business]
name = "Acme"
[sites.acme]
name = "{name}"
origins = ["https://shop.example.com"]
regime = "us-ca"
"""


def write_config(folder: Path, text: str) -> dict[str, str]:
    """Write the configuration and a key ring; the environment that names the ring."""
    (folder / "consent.toml").write_text(text)
    (folder / "keys.json").write_text(encode_ring(RING))
    return {"CONSENT_KEYS_FILE": str(folder / "keys.json")}
