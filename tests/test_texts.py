"""The shipped words: complete in every language, and found for whoever asks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from consent_service.texts import PAGES_ONLY, keys, nearest, of_script, shipped, words

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
    assert same == set()


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


def test_what_only_the_pages_say_stays_out_of_the_script() -> None:
    assert of_script({f"{PAGES_ONLY}title": "x", "keep": "y"}) == {"keep": "y"}
