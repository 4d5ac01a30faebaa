"""Reloading: what can serve, and what only a restart can change."""

from __future__ import annotations

from pathlib import Path

import pytest

from consent_service.errors import ConfigError
from consent_service.identity.key_ring import encode_ring, new_ring, rotate_ring
from consent_service.process.serving_config import ServingConfig, load_serving, needs_restart, read_text
from tests.support.configuration import RING, consent_toml, write_config


def loaded(folder: Path, text: str, keys: str | None = None) -> ServingConfig:
    env = write_config(folder, text)
    if keys is not None:
        (folder / "keys.json").write_text(keys)
    return load_serving(folder / "consent.toml", env)


def test_a_configuration_without_keys_cannot_serve_and_the_fault_says_how_to_make_them(
    tmp_path: Path,
) -> None:
    write_config(tmp_path, consent_toml(tmp_path))
    with pytest.raises(ConfigError, match="consent-service keys new FILE"):
        load_serving(tmp_path / "consent.toml", {})


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist; name the configuration"):
        read_text(tmp_path / "consent.toml")
    (tmp_path / "consent.toml").write_bytes(b"a\xff")
    with pytest.raises(ConfigError, match="not UTF-8 at byte 1"):
        read_text(tmp_path / "consent.toml")


def test_what_is_valid_but_cannot_be_built_cannot_serve(tmp_path: Path) -> None:
    env = write_config(tmp_path, consent_toml(tmp_path))
    with pytest.raises(
        ConfigError, match=r"^sites\.acme: can't be served: no regime 'us-ca' in force on 1970"
    ):
        load_serving(tmp_path / "consent.toml", env, clock=lambda: 0.0)
    assert not (tmp_path / "consent.db").exists()


def test_facts_and_rotated_keys_need_no_restart(tmp_path: Path) -> None:
    running = loaded(tmp_path, consent_toml(tmp_path))
    fresh = loaded(
        tmp_path, consent_toml(tmp_path, name="Other"), encode_ring(rotate_ring(RING, 0, b"b" * 32))
    )
    assert needs_restart(running, fresh) == ()


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("host", 'host = "127.0.0.2"'),
        ("workers", "workers = 2"),
        ("metrics_host", 'metrics_host = "127.0.0.2"'),
    ],
)
def test_another_listener_or_number_of_workers_needs_a_restart(tmp_path: Path, key: str, change: str) -> None:
    running = loaded(tmp_path, consent_toml(tmp_path))
    [fault] = needs_restart(running, loaded(tmp_path, consent_toml(tmp_path, more=change)))
    assert str(fault) == f"service.{key}: changed; restart the service to apply it"


def test_another_store_or_port_needs_a_restart(tmp_path: Path) -> None:
    running = loaded(tmp_path, consent_toml(tmp_path))
    fresh = loaded(tmp_path, consent_toml(tmp_path / "other", port=8002, metrics_port=9200))
    keys = [fault.key for fault in needs_restart(running, fresh)]
    assert keys == ["service.port", "service.metrics_port", "service.store"]


def test_another_hashing_key_is_refused(tmp_path: Path) -> None:
    running = loaded(tmp_path, consent_toml(tmp_path))
    fresh = loaded(tmp_path, consent_toml(tmp_path), encode_ring(new_ring(0, b"a" * 32, b"i" * 32)))
    [fault] = needs_restart(running, fresh)
    assert fault.key == "CONSENT_KEYS"
