"""Addresses that a page's own text reaches for, without a browser."""

from __future__ import annotations

import time

import pytest
from msgspec.structs import replace

from consent_service.config import PartnerFacts
from consent_service.inspection.blocked_partners import blocked_partners
from consent_service.inspection.leaks import Leak
from consent_service.inspection.markup import leaks_in_header, leaks_in_markup

PAGE = "https://shop.example/lamps"
ADNET = PartnerFacts(name="Adnet", domains=("ads.example",), sites=("acme",))


def found(html: str) -> list[Leak]:
    return leaks_in_markup(html, PAGE, blocked_partners("acme", [ADNET]))


@pytest.mark.parametrize(
    ("html", "kind"),
    [
        ("<script src=https://ads.example/t.js></script>", "script"),
        ("<script type=module async src=//cdn.ads.example/t.js></script>", "script"),
        ("<SCRIPT SRC=' HTTPS://ADS.EXAMPLE./t.js '></SCRIPT>", "script"),
        ('<script type="text/JavaScript; x" src="https://ads.example/t.js"></script>', "script"),
        ('<iframe data-right="share" src="https://ads.example/f"></iframe>', "frame"),
        ("<object data=https://ads.example/f></object>", "frame"),
        ('<img srcset="/own.png 1x, https://ads.example/p 2x">', "image"),
        ("<noscript><img src=https://ads.example/p></noscript>", "image"),
        ("<video poster=https://ads.example/p></video>", "image"),
        ("<link rel=preconnect href=https://ads.example>", "hint"),
        ("<link rel='DNS-Prefetch' href=//ads.example>", "hint"),
        ("<link rel=preload as=image imagesrcset='https://ads.example/p 1x'>", "hint"),
        ("<link rel='alternate stylesheet' href=https://ads.example/c.css>", "style"),
    ],
)
def test_what_the_browser_fetches_by_itself_is_found(html: str, kind: str) -> None:
    (finding,) = found(f"<!doctype html>\n<p>\n{html}")
    assert (finding.kind, finding.partner, finding.line) == (kind, ADNET, 3)


@pytest.mark.parametrize(
    "html",
    [
        '<script type="text/plain" data-right="sale share" src="https://ads.example/t.js"></script>',
        '<iframe data-right="share" data-src="https://ads.example/f"></iframe>',
        "<template><img src=https://ads.example/p></template>",
        "<!-- <script src=https://ads.example/t.js></script> -->",
        "<script>load('<img src=https://ads.example/p>')</script>",
        "<link rel=canonical href=https://ads.example>",
        "<a href=https://ads.example>an advertisement</a>",
        "<script src=https://notads.example/t.js></script><img src=https://ads.example.evil.example/p>",
        "<img src='https://['>",
        "<img src=/ads.example/p><img src>",
    ],
)
def test_what_is_marked_inert_or_somebody_elses_is_left_alone(html: str) -> None:
    assert found(html) == []


def test_after_a_template_the_page_goes_on() -> None:
    assert len(found("<template><p></template></template><img src=https://ads.example/p>")) == 1


def test_a_finding_names_the_line_the_partner_the_address_and_the_remedy() -> None:
    (finding,) = found("<script\n  async src=https://ads.example/t.js></script>")
    assert str(finding) == (
        "line 1: script (Adnet): <script async src=https://ads.example/t.js>\n"
        '    mark it: type="text/plain" data-right="sale share" (src may stay)'
    )


def test_links_of_the_answer_are_followed_too() -> None:
    links = "<https://shop.example/own.css>; rel=preload, <https://ads.example>; rel=preconnect"
    (finding,) = leaks_in_header(links, PAGE, blocked_partners("acme", [ADNET]))
    assert (finding.kind, finding.evidence) == ("header", "Link: <https://ads.example>")


def test_a_link_header_without_an_end_is_read_once() -> None:
    def seconds(size: int) -> float:
        began = time.thread_time()
        assert leaks_in_header("<" * size, PAGE, blocked_partners("acme", [ADNET])) == []
        return time.thread_time() - began

    once = min(seconds(4000) for _ in range(3))
    assert min(seconds(32_000) for _ in range(3)) < 24 * max(once, 1e-4)


def test_only_the_sites_own_partners_that_are_blocked_and_that_the_signal_denies_count() -> None:
    others = [
        replace(ADNET, sites=("other",)),
        replace(ADNET, when_denied="restrict", service_provider_contract="2026-01"),
        replace(ADNET, rights=("sensitive",)),
    ]
    assert blocked_partners("acme", others).domains == ()
    assert blocked_partners("acme", [*others, ADNET]).domains == (("ads.example", ADNET),)
