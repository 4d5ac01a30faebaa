"""The demo's folder: made once, kept, and never overwritten once somebody changed it."""

from __future__ import annotations

from pathlib import Path

import pytest

from consent_service.demo.demo_folder import prepare_folder
from consent_service.demo.site_addresses import Addresses
from consent_service.errors import CannotStart, ConfigError

NOW = 1_795_341_600
HERE = Addresses(8000, 8001)
ELSEWHERE = Addresses(9000, 9001)


def test_a_new_folder_has_keys_for_its_owner_alone_and_a_configuration_that_serves(tmp_path: Path) -> None:
    folder, config = prepare_folder(tmp_path / "deep" / "data", HERE, NOW)
    assert folder.keys.stat().st_mode & 0o777 == 0o600
    assert config.keys is not None
    assert config.service.public_url == "http://privacy.localhost:8000"
    assert config.sites["acme"].origins == ("http://shop.localhost:8001", "http://127.0.0.1:8001")
    assert config.sites["acme"].regime == "us-ca"
    assert config.partners["adnet"].domains == ("adnet.localhost",)
    assert config.service.store == f"sqlite:///{tmp_path}/deep/data/consent.db"


def test_keys_outlive_the_demo(tmp_path: Path) -> None:
    folder, _ = prepare_folder(tmp_path, HERE, NOW)
    keys = folder.keys.read_text()
    prepare_folder(tmp_path, HERE, NOW + 1)
    assert folder.keys.read_text() == keys


def test_what_was_changed_by_hand_is_kept(tmp_path: Path) -> None:
    folder, _ = prepare_folder(tmp_path, HERE, NOW)
    text = folder.configuration.read_text().replace("Acme Shop", "Lamps and More")
    folder.configuration.write_text(text)
    _, config = prepare_folder(tmp_path, HERE, NOW)
    assert config.sites["acme"].name == "Lamps and More"
    assert folder.configuration.read_text() == text


def test_an_untouched_configuration_follows_the_ports(tmp_path: Path) -> None:
    prepare_folder(tmp_path, HERE, NOW)
    _, config = prepare_folder(tmp_path, ELSEWHERE, NOW)
    assert config.service.port == 9000
    assert config.sites["acme"].origins[0] == "http://shop.localhost:9001"


def test_a_changed_configuration_for_other_ports_is_refused_and_kept(tmp_path: Path) -> None:
    folder, _ = prepare_folder(tmp_path, HERE, NOW)
    text = folder.configuration.read_text().replace("Acme Shop", "Lamps and More")
    folder.configuration.write_text(text)
    with pytest.raises(CannotStart, match="names other ports"):
        prepare_folder(tmp_path, ELSEWHERE, NOW)
    assert folder.configuration.read_text() == text


@pytest.mark.parametrize(
    "changes",
    [
        {"sites.acme": "sites.other", '["acme"]': '["other"]'},
        {"privacy.localhost": "elsewhere.localhost"},
        {', "http://127.0.0.1:8001"': ""},
    ],
    ids=["another site", "another address", "an origin missing"],
)
def test_a_configuration_that_is_not_the_demos_is_refused(tmp_path: Path, changes: dict[str, str]) -> None:
    folder, _ = prepare_folder(tmp_path, HERE, NOW)
    text = folder.configuration.read_text()
    for ours, others in changes.items():
        text = text.replace(ours, others)
    folder.configuration.write_text(text)
    with pytest.raises(CannotStart, match="names other ports"):
        prepare_folder(tmp_path, HERE, NOW)


def test_a_broken_configuration_names_its_fault(tmp_path: Path) -> None:
    folder, _ = prepare_folder(tmp_path, HERE, NOW)
    folder.configuration.write_text(folder.configuration.read_text().replace("us-ca", "us-xx"))
    with pytest.raises(ConfigError, match=r"sites\.acme\.regime"):
        prepare_folder(tmp_path, HERE, NOW)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CannotStart, match=r"can't use .*/file/data: Not a directory; give another --data"):
        prepare_folder(tmp_path / "file" / "data", HERE, NOW)


def test_the_services_environment_has_these_keys_and_no_others(tmp_path: Path) -> None:
    folder, _ = prepare_folder(tmp_path, HERE, NOW)
    given = {"PATH": "/bin", "CONSENT_KEYS": "x", "CONSENT_STORE_FILE": "y"}
    assert folder.child_env(given) == {"PATH": "/bin", "CONSENT_KEYS_FILE": str(folder.keys)}
