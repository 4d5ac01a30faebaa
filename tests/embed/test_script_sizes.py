"""The bytes of the script as `/w/{site}.js` serves it, so that what a site pays for is what is held."""

from __future__ import annotations

from pathlib import Path

from consent_service.config import parse_config
from consent_service.demo.demo_folder import DemoFolder, configuration_text
from consent_service.demo.site_addresses import Addresses
from consent_service.embed.site_script import script_of
from tests.bench.pages.compressing import brotli
from tests.embed.test_script import BLOCKED, facts
from tests.support.clock import START

DEMO = 9_900
"""Bytes in brotli."""
EVERYTHING = 10_240
"""As the demo's, of a site in one language that asks for every extra."""


def test_the_demos_script_is_within_its_bytes(tmp_path: Path) -> None:
    text = configuration_text(DemoFolder(tmp_path), Addresses(8080, 8090))
    assert len(brotli(script_of(parse_config(text, {}), "acme", START).body)) <= DEMO


def test_the_script_of_a_site_with_every_extra_is_within_its_bytes(tmp_path: Path) -> None:
    more = """langs = ["en"]
prior_cmp = ["onetrust"]
prior_ids = ["onetrust"]
look = "corner"
debug = true
reload_on_opt_out = true"""
    text = facts(tmp_path).replace("[sites.acme]", f"[sites.acme]\n{more}") + BLOCKED
    text = text.replace('name = "adnet"', 'name = "adnet"\ncookies = ["_adnet"]', 1)
    assert len(brotli(script_of(parse_config(text, {}), "acme", START).body)) <= EVERYTHING


def test_another_language_adds_only_its_address(tmp_path: Path) -> None:
    both = facts(tmp_path)
    alone = both.replace("[sites.acme]", '[sites.acme]\nlangs = ["en"]')
    with_both, with_one = (
        len(brotli(script_of(parse_config(text, {}), "acme", START).body)) for text in (both, alone)
    )
    assert 0 < with_both - with_one <= 60
