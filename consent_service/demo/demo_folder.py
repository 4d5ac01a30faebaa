"""The demo's folder: its configuration, its own keys, its store and its log.

Only the demo makes keys for itself; a real service is given them. A configuration that was edited by hand is
never overwritten.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from json import dumps
from pathlib import Path
from urllib.parse import urlsplit

from consent_service.config import Config, parse_config
from consent_service.config.loader import KEYS, SECRETS
from consent_service.demo.site_addresses import SITE, Addresses
from consent_service.errors import CannotStart, ConfigError
from consent_service.identity.key_ring import SECRET_BYTES, encode_ring, new_ring

_CONFIGURATION = """\
# The demo's configuration. Change what you like and start the demo again: it is written only where there is none.

[service]
public_url = {service}
store = {store}
port = {port}
metrics_port = 0

[business]
name = "Acme Incorporated"
contact = "privacy@acme.example"

[limits]
writes_per_minute = 0  # no limit: here one address plays every visitor

[sites.{site}]
name = "Acme Shop"
origins = [{shop}, {shop_by_number}]
regime = "us-ca"
gpc_since = 2026-01-01

[[sites.{site}.disclosures]]
category = "Identifiers"
purpose = "advertising"
sold_to = ["adnet"]
shared_to = ["adnet"]
retention = "13 months"

[partners.adnet]
name = "adnet"
domains = ["adnet.localhost"]
sites = ["{site}"]
"""


@dataclass(frozen=True, slots=True)
class DemoFolder:
    """The files of one demo."""

    path: Path

    @property
    def configuration(self) -> Path:
        """File of the configuration."""
        return self.path / "consent.toml"

    @property
    def keys(self) -> Path:
        """File of the key ring."""
        return self.path / "keys.json"

    @property
    def store(self) -> Path:
        """File of the store."""
        return self.path / "consent.db"

    @property
    def log(self) -> Path:
        """File of the service's log."""
        return self.path / "service.log"

    def child_env(self, env: Mapping[str, str]) -> dict[str, str]:
        """Return the service's environment: this folder's keys, and the store that its configuration names."""
        child_variables = {
            name: value for name, value in env.items() if name.removesuffix("_FILE") not in SECRETS
        }
        return child_variables | {f"{KEYS}_FILE": str(self.keys)}


def prepare_folder(path: Path, addresses: Addresses, now: int) -> tuple[DemoFolder, Config]:
    """Make the folder with all that the service needs. Return it with its configuration.

    Raises CannotStart if the folder can't be used, ConfigError if its configuration was edited and is broken.
    """
    folder = DemoFolder(path.resolve())
    try:
        folder.path.mkdir(parents=True, exist_ok=True)
        _make_keys(folder, now)
        _make_configuration(folder, addresses)
        text = folder.configuration.read_text(encoding="utf-8")
    except OSError as error:
        raise CannotStart(f"can't use {folder.path}: {error.strerror}; give another --data") from error
    config = parse_config(text, folder.child_env({}))
    if _addresses_in(config) != addresses:
        raise CannotStart(
            f"{folder.configuration} was changed and names other ports or addresses; "
            "change them there, or give another --data"
        )
    return folder, config


def configuration_text(folder: DemoFolder, addresses: Addresses) -> str:
    """Return the text of `consent.toml` for these addresses."""
    return _CONFIGURATION.format(
        site=SITE,
        port=addresses.port,
        service=dumps(addresses.service),
        store=dumps(f"sqlite:///{folder.store}"),
        shop=dumps(addresses.shop),
        shop_by_number=dumps(addresses.shop_by_number),
    )


def _make_keys(folder: DemoFolder, now: int) -> None:
    """Write the demo's own key ring, readable by this user alone, if there is none yet."""
    ring = new_ring(now, secrets.token_bytes(SECRET_BYTES), secrets.token_bytes(SECRET_BYTES))
    with suppress(FileExistsError):
        descriptor = os.open(folder.keys, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(encode_ring(ring))


def _make_configuration(folder: DemoFolder, addresses: Addresses) -> None:
    """Write the configuration where there is none, or ours as it was written for other ports."""
    if not folder.configuration.exists() or _is_untouched(folder):
        folder.configuration.write_text(configuration_text(folder, addresses), encoding="utf-8")


def _is_untouched(folder: DemoFolder) -> bool:
    text = folder.configuration.read_text(encoding="utf-8")
    try:
        written_for = _addresses_in(parse_config(text, {}))
    except ConfigError:
        return False
    return written_for is not None and text == configuration_text(folder, written_for)


def _addresses_in(config: Config) -> Addresses | None:
    """Return the addresses that this configuration is for, or None if they are not the demo's."""
    site = config.sites.get(SITE)
    ports = [urlsplit(origin).port for origin in site.origins] if site else []
    addresses = Addresses(config.service.port, ports[0] or 0) if ports else None
    if site is None or addresses is None or config.service.public_url != addresses.service:
        return None
    return addresses if {addresses.shop, addresses.shop_by_number} <= set(site.origins) else None
