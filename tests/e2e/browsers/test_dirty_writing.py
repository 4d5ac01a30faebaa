"""Released tags write to their own place or nowhere, in order, and never over the page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.browsers.dirty import Dirt, dirt
from tests.e2e.browsers.webkit import Screen
from tests.e2e.embedding import Written

pytestmark = pytest.mark.e2e

REST = '<p id="rest">rest of page</p>'
TAG = '<script type="text/plain" data-right="sale"{more}>{text}</script>'
LAST = TAG.format(more="", text="ran.push('last')")
LATE = "document.write('<i>late</i>'); ran.push('late');"


@pytest.fixture(scope="module")
def page(engine: str, tmp_path_factory: pytest.TempPathFactory, webkit_screen: Screen) -> Iterator[Dirt]:
    with dirt(engine, tmp_path_factory.mktemp("writing"), webkit_screen) as opened:
        yield opened


def inline(text: str) -> str:
    return TAG.format(more="", text=text)


def external(page: Dirt, text: str, more: str = "") -> str:
    """A marked tag with a file of its own."""
    path = f"/script/{len(page.shop.scripts)}.js"
    page.shop.scripts[path] = text
    return TAG.format(more=f' src="{path}"{more}', text="")


def whole(page: Dirt) -> bool:
    """Return True when the page is still there, around the text that was written."""
    there: bool = page.run(
        "document.querySelector('h1')?.textContent === 'Shop' && document.querySelector('#rest') !== null"
        " && document.querySelector('#privacy-choices') !== null"
    )
    return there


def shop_with(page: Dirt, tags: str, ran: str = "last") -> None:
    """Open a page with these tags between its parts, and wait until this one has run."""
    page.open(Written(body=f"<h1>Shop</h1><main>{tags}</main>{REST}"))
    page.becomes(f"ran.includes('{ran}') && document.readyState === 'complete'")


def text(page: Dirt) -> str:
    """The text between the page's parts."""
    seen: str = page.run("document.querySelector('main').innerText.replace(/\\s+/g, ' ').trim()")
    return seen


def test_what_an_inline_tag_writes_stands_where_the_tag_does(page: Dirt) -> None:
    tags = inline("document.write('<b>ad</b>'); ran.push(document.querySelector('b').textContent)")
    shop_with(page, f"<p>one</p>{external(page, 'ran.push(1)')}{tags}<p>two</p>{LAST}")
    assert page.run("ran") == [1, "ad", "last"], "it is there as soon as it is written"
    assert whole(page)
    assert text(page) == "one ad two"


def test_what_a_file_writes_stands_where_its_tag_does(page: Dirt) -> None:
    file = "document.writeln('<b>ad</b>', '<i>two</i>'); document.write('<u>three</u>')"
    shop_with(page, f"<p>one</p>{external(page, file)}<p>two</p>{LAST}")
    assert whole(page)
    assert text(page) == "one adtwo three two"


@pytest.mark.parametrize(
    "later",
    [
        "setTimeout(() => {{ {late} }})",
        "setTimeout(function named() {{ {late} }}, 5)",
        "Promise.resolve().then(() => {{ {late} }})",
        "const image = new Image(); image.onerror = () => {{ {late} }}; image.src = 'data:,'",
        "addEventListener('message', () => {{ {late} }}, {{once: true}}); postMessage(1)",
    ],
)
@pytest.mark.parametrize("way", ["inline", "file"])
def test_what_a_tag_writes_later_stands_where_the_tag_does(page: Dirt, later: str, way: str) -> None:
    code = later.format(late=LATE)
    tag = inline(code) if way == "inline" else external(page, code)
    shop_with(page, f"<p>one</p>{tag}<p>two</p>", ran="late")
    assert whole(page)
    assert text(page) == "one late two"


def test_what_is_written_in_pieces_is_one_and_scripts_in_it_run_in_order(page: Dirt) -> None:
    inner = "document.write('<i>inner</i><script>ran.push(\"written by inner\")</scr' + 'ipt>'); ran.push('inner')"
    page.shop.scripts["/script/inner.js"] = inner
    writes = (
        "document.write('<div><scr'); document.write('ipt src=\"/script/inner.js\"></' + 'script><u>be'); "
        "document.write('hind</u><script>ran.push(\"after\")</' + 'script>'); document.write('</div>'); "
        "ran.push('outer')"
    )
    shop_with(page, f"<p>one</p>{inline(writes)}{LAST}")
    assert page.run("ran") == ["outer", "written by inner", "inner", "after", "last"]
    assert whole(page)
    assert text(page) == "one innerbehind"
    assert page.run("document.querySelector('div > i + script + u').textContent") == "behind"


def test_what_is_left_open_is_closed_and_harms_nobody(page: Dirt) -> None:
    tags = inline('document.write("<p>open <b"); document.write(">bold")') + inline(
        "document.write('</p></main></body></html>, <em>')"
    )
    shop_with(page, f"{tags}<p>two</p>{LAST}")
    assert whole(page)
    assert text(page) == "open bold , two"
    assert page.run("getComputedStyle(document.querySelector('#rest')).fontStyle") == "normal"


def test_opening_and_closing_the_document_does_nothing(page: Dirt) -> None:
    opens = "document.open(); document.write('<b>ad</b>'); document.close();"
    shop_with(page, f"{inline(opens)}{external(page, opens)}{LAST}")
    assert whole(page)
    assert text(page) == "adad"


@pytest.mark.parametrize("more", [' data-type="module"', " defer", " async"])
def test_where_browsers_overlook_what_is_written_the_page_stays(page: Dirt, more: str) -> None:
    tag = external(page, "document.write('<b>ad</b>'); ran.push('wrote')", more)
    shop_with(page, f"{tag}{LAST}", ran="wrote")
    assert whole(page)


@pytest.mark.parametrize("way", ["inline", "file"])
def test_a_script_that_a_tag_adds_writes_over_nothing(page: Dirt, way: str) -> None:
    added = external(page, "setTimeout(() => document.write('<b>late</b>')); ran.push('added')")
    path = added.split('"')[5]
    adds = (
        "const script = document.createElement('script'); script.text = \"document.write('<b>ad</b>')\"; "
        f"document.body.append(script); const other = document.createElement('script'); other.src = '{path}'; "
        "document.body.append(other);"
    )
    tag = inline(adds) if way == "inline" else external(page, adds)
    shop_with(page, f"{tag}{LAST}", ran="added")
    page.becomes("document.querySelectorAll('b').length === 2")
    assert whole(page)


def test_a_tag_in_the_head_writes_over_nothing(page: Dirt) -> None:
    head = inline("document.write('<style>h1 { color: red }</style><b>ad</b>')")
    page.open(Written(head=head, body=f"<h1>Shop</h1>{REST}{LAST}"))
    page.becomes("ran.includes('last')")
    assert whole(page)
    assert page.run("getComputedStyle(document.querySelector('h1')).color") == "rgb(255, 0, 0)"


def test_the_pages_own_frames_and_its_own_parsing_are_written_as_ever(page: Dirt) -> None:
    own = "<script>document.write('<b>own</b>')</script>"
    frame = (
        "const frame = document.createElement('iframe'); document.querySelector('main').append(frame); "
        "frame.contentDocument.open(); frame.contentDocument.write('<b>framed</b>'); "
        "frame.contentDocument.close();"
    )
    shop_with(page, f"{inline(frame)}{own}{LAST}")
    assert whole(page)
    assert text(page) == "own"
    assert page.run("document.querySelector('main iframe').contentDocument.body.textContent") == "framed"


@pytest.mark.parametrize(
    "code",
    [
        "document.open(); document.write('<p>new</p>'); document.close()",
        "document.write('<p>new</p>'); document.close()",
    ],
)
@pytest.mark.parametrize("way", ["inline", "file", "button"])
def test_what_the_page_itself_writes_later_is_its_own_affair(page: Dirt, code: str, way: str) -> None:
    page.shop.scripts["/script/own.js"] = f"window.anew = () => {{ {code} }}"
    own = {
        "inline": f"<script>\n\nwindow.anew = () => {{ {code} }}</script>",
        "file": '<script src="/script/own.js"></script>',
        "button": f'\n\n\n<button onclick="{code}">Anew</button>',
    }[way]
    tag = inline("document.write('<b>ad</b>')")
    page.open(Written(body=f"<h1>Shop</h1>{own}{tag}{LAST}"))
    page.becomes("ran.includes('last') && document.readyState === 'complete'")
    act = "document.querySelector('button').click()" if way == "button" else "setTimeout(anew)"
    page.run(f"({act}, true)")
    page.becomes("document.querySelector('h1') === null && document.querySelector('p').textContent === 'new'")
