"""A configuration's own look-ups: the site and the key ring that a caller needs."""

from __future__ import annotations

from pathlib import Path

import pytest

from consent_service.config import parse_config
from consent_service.errors import ConfigError, UnknownSite
from tests.support.configuration import RING, consent_toml, write_config


def test_a_site_is_named_by_its_key(tmp_path: Path) -> None:
    config = parse_config(consent_toml(tmp_path), {})
    assert config.require_site("acme").name == "Shop"
    with pytest.raises(UnknownSite) as refused:
        config.require_site("acne")
    assert str(refused.value) == "there is no site 'acne'; configured sites: acme"


def test_a_missing_key_ring_names_the_command_that_makes_one(tmp_path: Path) -> None:
    text = consent_toml(tmp_path)
    assert parse_config(text, write_config(tmp_path, text)).require_ring() == RING
    with pytest.raises(ConfigError) as refused:
        parse_config(text, {}).require_ring()
    assert "`consent-service keys new FILE`" in str(refused.value)
    assert str(refused.value).startswith("CONSENT_KEYS: ")
