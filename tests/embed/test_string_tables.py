"""Strings that a page says by itself: the same strings as the service, and the same fields read from them."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from consent_service.codecs import gpp
from consent_service.codecs.sections import BY_NAME
from consent_service.config import parse_config
from consent_service.domain.flags import FlagTerms
from consent_service.domain.resolution import resolve, unavailable_resolution
from consent_service.domain.signals import sources_of
from consent_service.domain.strings import Mspa, StringTerms
from consent_service.domain.words import RIGHTS
from consent_service.embed.string_tables import doubt, layout_of, layouts, outcomes, us_privacy_table
from consent_service.services.sites import Site, site_of
from tests.codecs.random_fields import WRITTEN, random_fields
from tests.support.application import three_sites
from tests.support.clock import START

READER = Path(__file__).with_name("section_reader.mjs")
TRIES = 40


def site(*regimes: str, sensitive: bool = False) -> Site:
    """A site under these regimes, the first its own."""
    config = parse_config(three_sites(Path("/")), {})
    facts = config.sites["acme"]
    changed = type(facts)(
        name="A", origins=facts.origins, regime=regimes[0], regimes=regimes[1:], sensitive=sensitive
    )
    return site_of("acme", changed, config)


def said_of(table: dict[str, str], outcome: str) -> str | None:
    return next((text for names, text in table.items() if outcome in names.split()), None)


@pytest.mark.parametrize("regimes", [("us-ca",), ("us-co", "us-ca"), ("elsewhere", "us-ca"), ("us-md",)])
@pytest.mark.parametrize("sensitive", [False, True])
@pytest.mark.parametrize("gpc", [False, True])
def test_a_default_is_said_as_the_service_says_it(
    regimes: tuple[str, ...], sensitive: bool, gpc: bool
) -> None:
    one = site(*regimes, sensitive=sensitive)
    regime = one.regime(START)
    resolution = resolve(regime, sources_of(header=gpc), None, None, START)
    strings = one.strings(regime, resolution, START)
    letters = "".join(resolution.ruling(right).answer.value[0] for right in RIGHTS)
    said = said_of(outcomes(one, START), f"{letters}{gpc:d}")
    assert said == f"{','.join(map(str, strings.gpp_sid))} {strings.gpp}"
    assert us_privacy_table(one, START)[resolution.opted_out] == strings.us_privacy


@pytest.mark.parametrize("regimes", [("us-ca",), ("us-co", "us-tx"), ("elsewhere",), ("us-md",)])
@pytest.mark.parametrize("gpc", [False, True])
def test_doubt_is_said_as_the_service_says_it(regimes: tuple[str, ...], gpc: bool) -> None:
    one = site(*regimes)
    strings = one.strings(one.regime(START), unavailable_resolution(sources_of(header=gpc)), START)
    ids, *texts = doubt(one, START)
    assert (ids, texts[gpc]) == (strings.gpp_sid, strings.gpp)
    assert us_privacy_table(one, START)[2] == strings.us_privacy


def test_an_outcome_stands_once_and_a_signal_only_beside_a_denial() -> None:
    table = outcomes(site("elsewhere", "us-co", "us-ca"), START)
    names = [name for together in table for name in together.split()]
    assert len(names) == len(set(names))
    assert {name[:2] for name in names if name.endswith("1")} == {"dd"}
    assert {name[:3] for name in names} >= {"aaa", "aad", "dda", "ddd"}


def test_the_sections_are_those_that_may_speak() -> None:
    assert list(layouts(site("us-ca", "us-co"), START)) == ["8:usca", "10:usco"]
    assert list(layouts(site("us-md"), START)) == ["8:usca"]
    assert list(layouts(site("elsewhere"), START)) == ["8:usca"]
    signed = StringTerms(mspa=Mspa(national=True))
    national = replace(site("us-ca", "us-co"), terms=FlagTerms("acme", signed))
    assert list(layouts(national, START)) == ["7:usnat"]
    assert doubt(national, START)[0] == (7,)


def test_the_page_reads_every_section_as_the_codec_does() -> None:
    random = Random(8)
    asked: list[tuple[str, list[int], dict[str, str]]] = []
    for section in WRITTEN:
        texts = [gpp.encode({section.name: random_fields(random, section.name)}) for _ in range(TRIES)]
        newest = [
            text
            for text in texts
            if len(text.split("~")[1].split(".")[0]) in section.layouts[-1].text_lengths
        ]
        assert newest
        asked += [
            (text, [section.id], {f"{section.id}:{section.name}": layout_of(section)}) for text in newest
        ]
    for (text, _ids, _layouts), read in zip(asked, page_reads(asked), strict=True):
        assert read == shaped(text), text


def test_the_page_finds_each_section_of_several() -> None:
    every = {f"{section.id}:{section.name}": layout_of(section) for section in WRITTEN}
    names = ["usca", "usco", "ustx"]
    random = Random(10)
    text = gpp.encode({name: {**random_fields(random, name), "Gpc": True} for name in names})
    (read,) = page_reads([(text, [BY_NAME[name].id for name in names], every)])
    assert list(read) == names
    assert read == shaped(text)


def page_reads(asked: list[tuple[str, list[int], dict[str, str]]]) -> list[dict[str, Any]]:
    """Return the fields that the page's own reader finds in these strings."""
    done = subprocess.run(
        ["node", str(READER)], input=json.dumps(asked), capture_output=True, text=True, check=True
    )
    read: list[dict[str, Any]] = json.loads(done.stdout)
    return read


def shaped(text: str) -> dict[str, Any]:
    """Return the fields that the codec reads, as the API wants them: by prefix, an array of sub-sections."""
    sections: dict[str, Any] = {}
    for name, fields in gpp.decode(text).sections.items():
        plain = {field: list(value) if isinstance(value, tuple) else value for field, value in fields.items()}
        sub = {field: plain.pop(field) for field in ("SubsectionType", "Gpc") if field in plain}
        sections[name] = [plain, sub] if sub else [plain]
    return sections
