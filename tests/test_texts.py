"""The shipped words: complete in every language, and found for whoever asks."""

from __future__ import annotations

import json
import re
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from consent_service.texts import PAGES_ONLY, keys, nearest, of_view, shipped, words

FOLDER = Path(__file__).resolve().parent.parent / "templates" / "texts"


def no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    assert len(set(names)) == len(names), sorted(names)
    return dict(pairs)


def test_every_language_has_exactly_the_same_keys_in_the_same_order() -> None:
    tables = {
        file.stem: json.loads(file.read_text(), object_pairs_hook=no_key_twice)
        for file in FOLDER.glob("*.json")
    }
    assert tables.keys() >= {"en", "es"}
    assert {lang: list(table) for lang, table in tables.items()} == {lang: list(keys()) for lang in tables}


@pytest.mark.parametrize("lang", sorted(shipped()))
def test_every_text_is_plain_text_that_says_something(lang: str) -> None:
    assert not [key for key, text in shipped()[lang].items() if not text.strip() or set("<>&") & set(text)]


def test_no_language_is_left_in_english() -> None:
    same = {key for key in keys() if shipped()["es"][key] == shipped()["en"][key]}
    assert same == {"dir"}


@pytest.mark.parametrize("lang", sorted(shipped()))
def test_no_switch_is_called_by_what_it_is_not(lang: str) -> None:
    """CCPA regs § 7004(a)(3): a switch that itself says no makes turning it off a double negative."""
    noes = re.compile(r"\b(not|no|ni|don't|never|nunca)\b", re.IGNORECASE)
    assert not [key for key in ("sale_share", "sensitive") if noes.search(shipped()[lang][key])]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (["es-MX"], "es"),
        (["ES"], "es"),
        (["de-CH", "en-GB"], "en"),
        (["zh-Hant-TW", "es"], "zh-Hant"),
        (["de"], None),
        ([""], None),
        ([], None),
    ],
)
def test_the_nearest_language_is_the_one_that_is_wanted_first(wanted: list[str], found: str | None) -> None:
    assert nearest(wanted, ["en", "es", "zh-Hant"]) == found


def test_a_sites_own_words_stand_over_the_shipped_ones_and_a_regions_over_its_languages() -> None:
    own = {"es": {"keep": "a", "close": "b"}, "es-MX": {"close": "c"}}
    said = words("es-MX", own)
    assert (said["keep"], said["close"]) == ("a", "c")
    assert said["opt_out"] == shipped()["es"]["opt_out"]


def test_what_the_widget_never_says_stays_out_of_its_view() -> None:
    said = {f"{PAGES_ONLY}title": "x", "keep": "y", "sensitive_on": "z"}
    assert of_view(said, sensitive=False) == {"keep": "y"}
    assert of_view(said, sensitive=True) == {"keep": "y", "sensitive_on": "z"}


def memory(wanted: str) -> int:
    """Bytes that the search for this language takes at most."""
    tracemalloc.start()
    nearest([wanted], ["en", "es"])
    try:
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_wanted_tag_of_any_number_of_parts_takes_as_much_work_as_it_has_bytes() -> None:
    for unit in ("a-", "-"):
        assert memory(unit * 8000) <= 12 * memory(unit * 1000)
    assert nearest([f"es{'-a' * 20_000}"], ["en", "es"]) == "es"
