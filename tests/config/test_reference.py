"""The page on every key says what the code reads."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from consent_service.config.key_meanings import TABLES
from consent_service.config.reference import undescribed_keys
from consent_service.config.schema import Service

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "reference" / "configuration.md").read_text(encoding="utf-8")


def test_every_key_has_a_meaning_and_every_meaning_a_key() -> None:
    assert undescribed_keys() == set()
    assert undescribed_keys(TABLES[1:]) == {f"Service.{name}" for name in Service.__struct_fields__}


def test_a_key_stands_on_the_page_with_type_default_unit_and_meaning() -> None:
    [row] = re.findall(r"^\| `keep_alive_seconds` \| (.*) \|$", PAGE, re.MULTILINE)
    kind, default, unit, meaning = row.split(" | ")
    assert (kind, default, unit) == ("whole number, 1 to 3,600", "`75`", "seconds")
    assert "load balancer" in meaning


@pytest.mark.parametrize("header", re.findall(r"^## `(.*)`$", PAGE, re.MULTILINE))
def test_each_table_stands_under_the_header_that_toml_wants(header: str) -> None:
    assert tomllib.loads(header)


def test_defaults_are_as_toml_writes_them() -> None:
    for default in re.findall(r"^\| `\w+` \| .*? \| `(.*?)` \| [^|]* \| [^|]* \|$", PAGE, re.MULTILINE):
        assert default == "{}" or "x" in tomllib.loads(f"x = {default}")
