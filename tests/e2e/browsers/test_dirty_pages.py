"""Links, views and the snippet itself on pages as the web has them: one widget, one link, every view counted once."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.e2e.browsers.dirty import Dirt, dirt
from tests.e2e.browsers.webkit import Screen
from tests.e2e.embedding import Written

pytestmark = pytest.mark.e2e

OWN = "document.querySelector('#privacy-choices').shadowRoot.querySelector('#privacy-choices-link')"
DIALOG = "document.querySelector('#privacy-choices').shadowRoot.querySelector('dialog[open]')"
LINK = '<a href="#gone" data-privacy-choices>Your Privacy Choices</a>'
SETTLED = "document.readyState === 'complete' && new Promise((done) => setTimeout(() => done(true), 50))"


@pytest.fixture(scope="module")
def page(engine: str, tmp_path_factory: pytest.TempPathFactory, webkit_screen: Screen) -> Iterator[Dirt]:
    with dirt(engine, tmp_path_factory.mktemp("pages"), webkit_screen) as opened:
        yield opened


def test_the_link_waits_for_no_picture(page: Dirt) -> None:
    page.open(Written(body='<p>x</p><img src="/hang/picture.gif">'))
    page.becomes(f"{OWN} !== null")
    assert page.run("document.readyState") == "interactive"


ELEMENT = """<script>customElements.define('{name}', class extends HTMLElement {{
  connectedCallback() {{ {act} }}
}})</script>"""
ATTACH = f"this.attachShadow({{{{mode: 'open'}}}}).innerHTML = '{LINK}'"
NESTED = "this.attachShadow({{mode: 'open'}}).innerHTML = '<div><site-link></site-link></div>'"
ROOTS = {
    "there from the beginning": "<site-link></site-link>"
    + ELEMENT.format(name="site-link", act=ATTACH.format()),
    "one in another": "<site-footer></site-footer>"
    + ELEMENT.format(name="site-footer", act=NESTED.format())
    + ELEMENT.format(name="site-link", act=ATTACH.format()),
    "declared in markup": f'<div><template shadowrootmode="open">{LINK}</template></div>',
    "attached later": "<div id=late></div><script>privacyChoices.ready.then(() => setTimeout(() => { "
    f"late.attachShadow({{mode: 'open'}}).innerHTML = '{LINK}' }}))</script>",
    "filled later": "<div id=late></div><script>late.attachShadow({mode: 'open'}); "
    f"privacyChoices.ready.then(() => setTimeout(() => {{ late.shadowRoot.innerHTML = '{LINK}' }}))</script>",
}
FIND = """(function find(root) {
  for (const element of root.querySelectorAll('*')) {
    if (element.matches('[data-privacy-choices]')) return element;
    const found = element.shadowRoot && element.id !== 'privacy-choices' && find(element.shadowRoot);
    if (found) return found;
  }
  return null;
})(document)"""


@pytest.mark.parametrize("body", ROOTS.values(), ids=ROOTS)
def test_a_link_in_an_open_shadow_root_opens_the_settings_and_is_the_pages_own(page: Dirt, body: str) -> None:
    page.open(Written(body=f"<p>x</p>{body}"))
    page.becomes(f"{FIND} !== null && document.readyState === 'complete'")
    page.becomes(f"{OWN} === null")
    page.run(f"({FIND}.click(), true)")
    page.becomes(f"{DIALOG} !== null")
    assert page.run("location.hash") == "", "the link leads nowhere else"
    page.run(f"({FIND}.remove(), true)")
    page.becomes(f"{OWN} !== null")


def test_a_link_that_a_framework_draws_later_takes_the_place_of_ours_and_leaves_it_again(page: Dirt) -> None:
    page.open(Written(body="<footer></footer>"))
    page.becomes(f"{OWN} !== null")
    page.run(f"(document.querySelector('footer').innerHTML = '{LINK}', true)")
    page.becomes(f"{OWN} === null")
    page.run("(document.querySelector('footer').innerHTML = '', true)")
    page.becomes(f"{OWN} !== null")


ROUTER = """<div id="app"></div><script>
function draw() {
  app.innerHTML = '<h1>' + location.hash + '</h1>';
  const tag = document.createElement('script');
  tag.type = 'text/plain';
  tag.dataset.right = 'sale';
  tag.textContent = 'ran.push(location.hash)';
  app.append(tag);
}
addEventListener('hashchange', draw);
HASH;
draw();
</script>"""


@pytest.mark.parametrize(("first", "second"), [("#/a", "#/b"), ("#!a", "#!b"), ("#users/1", "#users/2")])
def test_another_route_behind_the_hash_is_another_view(page: Dirt, first: str, second: str) -> None:
    page.open(Written(body=ROUTER.replace("HASH", f"location.hash = '{first}'")))
    page.becomes("ran.length > 0")
    for route in (second, first):
        page.run(f"(location.hash = '{route}', true)")
        page.becomes(f"ran[ran.length - 1] === '{route}'")
    assert page.run("ran")[-3:] == [first, second, first]


def test_a_place_within_the_page_is_the_same_view(page: Dirt) -> None:
    page.open(Written(body=ROUTER.replace("HASH", "0")))
    page.becomes("ran.length === 1")
    page.run("(location.hash = '#section', true)")
    page.becomes("document.querySelector('h1').textContent === '#section'")
    page.becomes(SETTLED)
    assert page.run("ran") == [""]


TURBO = """<script>window.visit = (path) => {
  history.pushState(null, '', path);
  const fresh = document.createElement('body');
  fresh.innerHTML = window.markup;
  document.body.replaceWith(fresh);
  for (const old of fresh.querySelectorAll('script:not([data-right])')) {
    const script = document.createElement('script');
    for (const {name, value} of old.attributes) script.setAttribute(name, value);
    script.text = old.text;
    old.replaceWith(script);
  }
};</script>"""
TAG = '<script type="text/plain" data-right="sale">ran.push(location.pathname)</script>'


def test_a_snippet_in_a_body_that_is_drawn_anew_makes_one_widget_and_counts_each_view(page: Dirt) -> None:
    html = page.shop.html(Written())
    snippet = html[html.index("<script>if(") : html.index("</head>")]
    body = f"{snippet}<h1>One</h1>{TAG}"
    # As it was sent: by now our own element may stand in the body.
    again = json.dumps(body).replace("</", "<\\/")
    marked = f"{TURBO}</head><body>{body}<script>window.markup = {again}</script>"
    page.open(Written(body=marked))
    page.becomes("ran.length === 1")
    page.run("(privacyChoices.kept = true, window.changes = 0, true)")
    for path in ("/two", "/three"):
        page.run(f"(visit('{path}'), true)")
        page.becomes(f"ran[ran.length - 1] === '{path}'")
    page.becomes(
        "performance.getEntriesByType('resource').filter(({name}) => /acme\\.js/.test(name)).length > 0"
    )
    page.becomes(SETTLED)
    assert page.run("ran") == ["/", "/two", "/three"]
    assert page.run("document.querySelectorAll('#privacy-choices').length") == 1
    assert page.run("document.querySelectorAll('iframe[name=__gppLocator]').length") == 1
    assert page.run("privacyChoices.kept") is True, "it is the same one"


def test_a_call_between_two_snippets_is_not_lost(page: Dirt) -> None:
    html = page.shop.html(Written())
    snippet = html[html.index("<script>if(") : html.index("</head>")]
    page.open(Written(body=f"<script>privacyChoices.optOut()</script>{snippet}{snippet}"))
    assert page.run("privacyChoices.flag().sale") == "denied"
    assert page.run("document.querySelectorAll('#privacy-choices').length") == 1
