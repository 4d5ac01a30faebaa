"""A marked script that a browser never fetches, or that never comes, does not take those behind it with it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.browsers.dirty import PATIENT, Dirt, dirt
from tests.e2e.browsers.webkit import Screen
from tests.e2e.embedding import Written

pytestmark = pytest.mark.e2e

MARKED = '<script type="text/plain" data-right="sale" {attributes}></script>'
SECOND = MARKED.format(attributes='src="/tag/second.js"')
THIRD = '<script type="text/plain" data-right="sale">ran.push("third")</script>'
FRAME = '<iframe data-right="share" data-src="/frame"></iframe>'
# None of these has an event that says it is over, or it has one at once.
NEVER = [
    'data-type="text/partytown" src="/tag/never.js"',
    'data-type="application/ld+json" src="/tag/never.js"',
    'data-type="importmap" src="/tag/never.js"',
    'data-type="speculationrules" src="/tag/never.js"',
    'data-type="text/template" src="/tag/never.js"',
    'data-type="text/javascript; charset=utf-8" src="/tag/never.js"',
    'language="vbscript" src="/tag/never.js"',
    'nomodule src="/tag/never.js"',
    'for="window" event="onunload" src="/tag/never.js"',
    'src=""',
    'src=" "',
    'src="http://"',
    'src="javascript:ran.push(0)"',
    'src="blob:nothing"',
    'src="/tag/never.js" integrity="sha384-AAAA"',
    'src="/none.js"',
    'data-type="module" src="/none.js"',
]


@pytest.fixture(scope="module")
def page(engine: str, tmp_path_factory: pytest.TempPathFactory, webkit_screen: Screen) -> Iterator[Dirt]:
    with dirt(engine, tmp_path_factory.mktemp("waiting"), webkit_screen) as opened:
        yield opened


@pytest.mark.parametrize("attributes", NEVER)
def test_tags_behind_a_script_that_never_runs_do_not_wait(page: Dirt, attributes: str) -> None:
    never = MARKED.format(attributes=attributes)
    page.open(Written(before=PATIENT, body=never + SECOND + THIRD + FRAME))
    page.becomes("ran.includes('third') && document.querySelector('iframe[data-right]').src !== ''")
    assert page.run("ran") == ["second", "third"]


def test_tags_behind_a_script_that_a_policy_blocks_do_not_wait(page: Dirt) -> None:
    policy = f"script-src 'nonce-n0nce' 'self' {page.shop.service}"
    elsewhere = MARKED.format(attributes='src="http://elsewhere.localhost:9/never.js" nonce=""')
    body = elsewhere.replace("<script", "<SCRIPT") + SECOND + THIRD
    page.open(Written(before=PATIENT, body=body, policy=policy, nonce="n0nce"))
    page.becomes("ran.includes('third')")
    assert page.run("ran") == ["second", "third"]


def test_a_tag_with_an_empty_address_counts_as_external_and_its_text_does_not_run(page: Dirt) -> None:
    both = '<script type="text/plain" data-right="sale" src="">ran.push("never")</script>'
    page.open(Written(before=PATIENT, body=both + THIRD))
    page.becomes("ran.includes('third')")
    assert page.run("ran") == ["third"]


@pytest.mark.parametrize(
    "attributes",
    [
        'data-type="text/javascript"',
        'data-type=" Text/JavaScript "',
        'data-type="application/x-ecmascript"',
        'data-type="module"',
        'language="JavaScript"',
        'data-type="module" nomodule',
        "defer",
    ],
)
def test_tags_behind_a_script_that_runs_wait_for_it(page: Dirt, attributes: str) -> None:
    first = MARKED.format(attributes=f'{attributes} src="/tag/first.js"')
    page.open(Written(before=PATIENT, body=first + SECOND + THIRD))
    page.becomes("ran.includes('third')")
    assert page.run("ran") == ["first", "second", "third"]


def test_a_tag_that_hangs_delays_only_the_tags_of_its_queue_and_not_for_ever(page: Dirt) -> None:
    hanging = [MARKED.format(attributes=f'src="/hang/{number}.js"') for number in range(3)]
    quick = MARKED.format(attributes='async src="/tag/quick.js"')
    page.open(
        Written(before=PATIENT, body=hanging[0] + SECOND + hanging[1] + hanging[2] + THIRD + quick + FRAME)
    )
    page.becomes("ran.includes('quick') && document.querySelector('iframe[data-right]').src !== ''")
    assert page.run("ran") == ["quick"], "neither frames nor asynchronous scripts stand in a line"
    for expected in (["quick", "second"], ["quick", "second"], ["quick", "second", "third"]):
        page.becomes("patient.length > 0")
        page.run("(patient.splice(0).forEach((act) => act()), true)")
        page.becomes(f"ran.length === {len(expected)}")
        assert page.run("ran") == expected
