"""A page's own consent commands come after ours: a decision is said once more, and nothing is loosened."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.browsers.dirty import SIGNAL, Dirt, dirt
from tests.e2e.browsers.webkit import Screen
from tests.e2e.embedding import Written

pytestmark = pytest.mark.e2e

TAGS = """
[sites.acme.tags]
google_consent_mode = true
google_restricted_data_processing = true
meta_limited_data_use = true
microsoft_uet = true
"""
GTAG = "window.dataLayer = window.dataLayer || []; function gtag() { dataLayer.push(arguments) }"
STORAGES = ("ad_storage", "analytics_storage", "ad_user_data", "ad_personalization")
GRANTED = "{" + ", ".join(f"{name}: 'granted'" for name in STORAGES) + "}"
# As the library does it: it takes what waits, and puts its own method behind the array's.
COMES = """(() => {
  const {push} = dataLayer;
  window.processed = dataLayer.map((entry) => [...entry]);
  dataLayer.push = (...given) => {
    const done = push.apply(dataLayer, given);
    processed.push(...given.map((entry) => [...entry]));
    return done;
  };
  return true;
})()"""
PIXEL = """(function (page) {
  if (page.fbq) return;
  const pixel = (page.fbq = function () {
    if (pixel.callMethod) pixel.callMethod.apply(pixel, arguments); else pixel.queue.push(arguments);
  });
  if (!page._fbq) page._fbq = pixel;
  pixel.push = pixel; pixel.loaded = true; pixel.version = '2.0'; pixel.queue = [];
})(window);"""
LIMITED = ["dataProcessingOptions", ["LDU"], 1, 1000]


@pytest.fixture(scope="module")
def page(engine: str, tmp_path_factory: pytest.TempPathFactory, webkit_screen: Screen) -> Iterator[Dirt]:
    with dirt(engine, tmp_path_factory.mktemp("consent"), webkit_screen, TAGS) as opened:
        yield opened


def state(page: Dirt) -> list[tuple[str, str]]:
    """Google's consent commands in order: default or update, and the state of advertising."""
    entries: list[list[Any]] = page.run("dataLayer.map((entry) => [...entry])")
    return [(entry[1], entry[2]["ad_storage"]) for entry in entries if entry[0] == "consent"]


def script(*statements: str) -> str:
    return f"<script>{'; '.join(statements)}</script>"


def test_a_default_of_the_pages_own_is_followed_by_what_is_decided(page: Dirt) -> None:
    default = f"gtag('consent', 'default', {GRANTED})"
    head = script(GTAG, default, "gtag('js', new Date())", default, "gtag('config', 'G-X')")
    page.open(Written(before=SIGNAL, head=head))
    after = [("default", "granted"), ("update", "denied")]
    assert state(page) == [("default", "denied"), *after, *after]
    commands = page.run("dataLayer.map((entry) => entry[0] + (entry[0] === 'consent' ? entry[1] : ''))")
    assert commands.index("js") > commands.index("consentupdate"), "before anything else is said"
    page.run(COMES)
    page.run(f"({default}, true)")
    assert state(page)[-2:] == after
    assert ["consent", "update"] in [entry[:2] for entry in page.run("processed")[-2:]]


def test_a_default_from_before_the_snippet_binds_no_region_against_the_signal(page: Dirt) -> None:
    regional = GRANTED.replace("{", "{region: ['US-CA'], ", 1)
    page.open(Written(before=SIGNAL + script(GTAG, f"gtag('consent', 'default', {regional})")))
    assert state(page) == [("default", "granted"), ("default", "denied"), ("update", "denied")]


def test_a_page_that_grants_by_an_update_is_answered_too(page: Dirt) -> None:
    page.open(Written(before=SIGNAL, head=script(GTAG, f"gtag('consent', 'update', {GRANTED})")))
    assert state(page)[1:] == [("update", "granted"), ("update", "denied")]


def test_what_the_page_denies_by_default_is_not_allowed_by_a_mere_default(page: Dirt) -> None:
    denied = GRANTED.replace("granted", "denied").replace("}", ", wait_for_update: 500}")
    head = script(
        GTAG, f"gtag('consent', 'default', {denied})", "gtag('event', 'x')", "dataLayer.push({event: 'y'})"
    )
    page.open(Written(head=head))
    entries = page.run("dataLayer.map((entry) => entry[0] === 'consent' && [entry[1], entry[2].ad_storage])")
    assert [entry for entry in entries if entry] == [["default", "granted"], ["default", "denied"]]


def test_a_denial_later_on_the_page_outweighs_every_default(page: Dirt) -> None:
    page.open(Written(head=script(GTAG)))
    page.run("(privacyChoices.optOut(), true)")
    page.run(f"(gtag('consent', 'default', {GRANTED}), true)")
    assert state(page) == [
        ("default", "granted"),
        ("update", "denied"),
        ("default", "granted"),
        ("update", "denied"),
    ]


def test_restricted_processing_is_not_lifted_by_the_page(page: Dirt) -> None:
    ads = (
        "window.ads = {said: [], setPrivacySettings(given) { this.said.push(given.restrictDataProcessing) }};"
        "googletag.pubads = () => ads; const waiting = googletag.cmd; googletag.cmd = {push: (act) => act()};"
        "waiting.forEach((act) => act()); googletag.pubads().setPrivacySettings({restrictDataProcessing: false});"
    )
    head = script(GTAG, "gtag('set', 'restricted_data_processing', false)", ads)
    page.open(Written(before=SIGNAL, head=head))
    said = page.run("dataLayer.map((entry) => [...entry])")
    settings = [entry[2] for entry in said if entry[:2] == ["set", "restricted_data_processing"]]
    assert settings == [True, False, True]
    assert page.run("ads.said") == [True, True]


def test_microsofts_default_is_followed_by_what_is_decided(page: Dirt) -> None:
    default = "uetq.push('consent', 'default', {ad_storage: 'granted'})"
    page.open(Written(before=SIGNAL, head=script("window.uetq = window.uetq || []", default)))
    assert page.run("uetq") == [
        *("consent", "default", {"ad_storage": "denied"}),
        *("consent", "default", {"ad_storage": "granted"}),
        *("consent", "update", {"ad_storage": "denied"}),
    ]


def test_metas_options_are_said_once_more_where_the_page_lifts_them(page: Dirt) -> None:
    lifts = "fbq('dataProcessingOptions', [])"
    page.open(
        Written(before=SIGNAL, head=script(PIXEL, lifts, "fbq('init', '1')", "window.same = fbq === _fbq"))
    )
    assert page.run("fbq.queue.map((given) => [...given])") == [
        LIMITED,
        ["dataProcessingOptions", []],
        LIMITED,
        ["init", "1"],
    ]
    assert page.run("same") is True
    page.run("(window.sent = [], fbq.callMethod = (...given) => sent.push(given), true)")
    page.run(f"({lifts}, true)")
    assert page.run("sent") == [["dataProcessingOptions", []], LIMITED]
    page.open(Written(head=script(PIXEL, "fbq('dataProcessingOptions', ['LDU'], 0, 0)")))
    assert len(page.run("fbq.queue")) == 2, "where it is allowed the page's own limits stay"
