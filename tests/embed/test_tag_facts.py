"""Facts for the adapters in the page, and the code behind the stub that needs them."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest

from consent_service.config import TagFacts
from consent_service.embed.snippet import Embed, render_snippet
from consent_service.embed.tag_facts import tags_of
from tests.embed.test_script import configured, script


@pytest.mark.parametrize(
    ("facts", "given"),
    [
        (TagFacts(), {}),
        (TagFacts(google_restricted_data_processing=True), {"processing": 1}),
        (
            TagFacts(meta_limited_data_use=True, microsoft_uet=True, data_layer=True),
            {"meta": 1, "uet": 1, "layer": 1},
        ),
        (
            TagFacts(google_consent_mode=True),
            {"consent": {"analytics": 1, "open": {"wait_for_update": 500}}},
        ),
        (
            TagFacts(google_consent_mode=True, regions=("US-CA", "US"), wait_for_update=0),
            {"consent": {"analytics": 1, "open": {"region": ("US-CA", "US")}}},
        ),
        (
            TagFacts(google_consent_mode=True, analytics_storage="granted", wait_for_update=0),
            {"consent": {}},
        ),
    ],
)
def test_the_page_is_given_whom_to_tell_and_nothing_else(facts: TagFacts, given: dict[str, object]) -> None:
    assert tags_of(facts) == given


def test_the_tags_stand_behind_the_stub_under_one_hash_where_a_site_wants_them(tmp_path: Path) -> None:
    plain, built = script(tmp_path), script(tmp_path, more="tags = { microsoft_uet = true }")
    assert plain.stub == built.stub
    assert built.inline == plain.inline.removesuffix("}") + f";{built.behind['tags']}}}"
    assert configured(built.behind["tags"]) == {"uet": 1}
    digest = hashlib.sha256(built.inline.encode()).digest()
    assert built.inline_hash == f"'sha256-{base64.b64encode(digest).decode()}'"
    assert built.body == plain.body, "the script does not know of them"


def test_the_snippet_prints_them_with_the_stub_and_says_how_large_they_are(tmp_path: Path) -> None:
    built = script(tmp_path, more="tags = { microsoft_uet = true }")
    said = render_snippet(Embed("acme", built, "https://privacy.example", None))
    assert f"<script>{built.inline}</script>" in said
    assert built.inline_hash in said
    sizes = f"{len(built.stub.encode())} bytes, tags behind it {len(built.behind['tags'].encode())}"
    assert f"The stub has {sizes}." in said
