"""The patterns for plain pages, React and Vue, bundled from the page about frameworks and run in the shop."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.docs.pages import ROOT, blocks
from tests.e2e.conftest import ONCE, Arrive
from tests.e2e.visiting import opt_out

pytestmark = pytest.mark.e2e
in_the_browser = pytest.mark.asyncio(loop_scope="session")

MODULES = ROOT / "widget" / "node_modules"
REACT = """\
import { createRoot } from 'react-dom/client'
import { useMaySell } from './pattern'
const Said = () => <p id="said">{String(useMaySell())}</p>
const root = createRoot(document.body.appendChild(document.createElement('div')))
root.render(<Said />)
window.unmount = () => root.unmount()
"""
REACT_ON_SERVER = """\
import { renderToString } from 'react-dom/server'
import { useMaySell } from './pattern'
const Said = () => <p>{String(useMaySell())}</p>
console.log(renderToString(<Said />))
"""
VUE = """\
import { createApp, h } from 'vue'
import { useMaySell } from './pattern'
const Said = { setup() { const maySell = useMaySell(); return () => h('p', { id: 'said' }, String(maySell.value)) } }
const app = createApp(Said)
app.mount(document.body.appendChild(document.createElement('div')))
window.unmount = () => app.unmount()
"""
COUNTS_LISTENERS = """(() => {
  const {addEventListener, removeEventListener} = window;
  window.listening = 0;
  const counts = (act, by) => function (name, ...given) {
    if (name === "privacychoices:change") window.listening += by;
    return act.call(this, name, ...given);
  };
  window.addEventListener = counts(addEventListener, 1);
  window.removeEventListener = counts(removeEventListener, -1);
})()"""


def bundled(folder: Path, entry: str, language: str) -> str:
    """The entry with the page's one block of this language beside it, as one script."""
    [pattern] = blocks("docs/site/frameworks.md", language)
    suffix = {"jsx": "jsx", "ts": "js"}[language]  # without types, so that it is good for both
    (folder / f"pattern.{suffix}").write_text(pattern, encoding="utf-8")
    (folder / "entry.jsx").write_text(entry, encoding="utf-8")
    command = [
        str(MODULES / ".bin" / "esbuild"),
        "entry.jsx",
        *("--bundle", "--format=iife", "--jsx=automatic", "--log-level=error"),
        '--define:process.env.NODE_ENV="production"',
        "--define:__VUE_OPTIONS_API__=false",
        "--define:__VUE_PROD_DEVTOOLS__=false",
        "--define:__VUE_PROD_HYDRATION_MISMATCH_DETAILS__=false",
    ]
    if "server" in entry:
        command += ["--platform=node"]
    environment = {**os.environ, "NODE_PATH": str(MODULES)}
    done = subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True, text=True)
    return done.stdout


async def shown_and_changed(page: Page, script: str) -> None:
    """Check the component's text at first, and after an opt-out."""
    await page.evaluate(COUNTS_LISTENERS)
    await page.evaluate(script)
    await expect(page.locator("#said")).to_have_text("true")
    assert await page.evaluate("() => window.listening") == 1
    await opt_out(page)
    await expect(page.locator("#said")).to_have_text("false")
    await page.evaluate("() => window.unmount()")
    assert await page.evaluate("() => window.listening") == 0


@ONCE
@in_the_browser
@pytest.mark.parametrize(("entry", "language"), [(REACT, "jsx"), (VUE, "ts")], ids=["React", "Vue"])
async def test_a_component_follows_the_flag_and_leaves_no_listener_behind(
    arrive: Arrive, tmp_path: Path, entry: str, language: str
) -> None:
    visitor = await arrive()
    page = await visitor.visit()
    visitor.complaints.clear()
    await shown_and_changed(page, bundled(tmp_path, entry, language))
    assert visitor.complaints == []


def test_a_component_rendered_on_the_server_shows_the_flag_as_denied(tmp_path: Path) -> None:
    script = bundled(tmp_path, REACT_ON_SERVER, "jsx")
    done = subprocess.run(["node", "-"], input=script, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "<p>false</p>"


@ONCE
@in_the_browser
async def test_a_plain_page_follows_the_flag_also_where_the_script_never_comes(arrive: Arrive) -> None:
    [pattern] = blocks("docs/site/frameworks.md", "javascript")
    visitor = await arrive()
    page = await visitor.visit()
    await page.evaluate(f"() => {{ {pattern} }}")
    sale = "document.documentElement.dataset.sale"
    assert await page.evaluate(sale) == "allowed"
    await opt_out(page)
    assert await page.evaluate(sale) == "denied"

    await visitor.context.route("**/w/acme*.js", lambda route: route.abort())
    page = await visitor.visit(until="parsed")
    await page.evaluate(f"() => {{ {pattern} }}")
    assert await page.evaluate(sale) == "denied"
