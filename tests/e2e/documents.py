"""Documents that a framework draws as a whole, or all in the body, and pages that are drawn anew by other means.

Each is a page of a shop with the snippet in its head. Knows how such pages are bundled and what must be there once
the page is drawn; nothing of browsers.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Final

from tests.docs.pages import ROOT
from tests.e2e.embedding import Shop, Written

MODULES: Final = ROOT / "widget" / "node_modules"

FRAMES: Final = "!!(frames.__gppLocator && frames.__uspapiLocator)"
"""Other documents find the page that answers `__gpp` and `__uspapi`."""
HELD: Final = f"window.early === true && {FRAMES}"
"""A frame of the page found them too, while the page was being parsed."""
CHILD: Final = "parent.early = !!(parent.frames.__gppLocator && parent.frames.__uspapiLocator)"

_REACT_APP: Final = """\
import React from 'react'
export function App({ stub, script, wrong, middle }) {
  const [n, set] = React.useState(0)
  React.useEffect(() => { set(1) }, [])
  const tag = <script async={!middle} src={script} />
  const [now, later] = middle ? [null, tag] : [tag, null]
  return (<html lang="en"><head><meta charSet="utf-8" /><title>t</title>
    <script suppressHydrationWarning dangerouslySetInnerHTML={{ __html: stub }} />
    {now}<link rel="icon" href="data:," /></head>
    <body><h1 id="h">Shop {n}</h1><iframe src="/child" />{later}
    <button id="b" onClick={() => set(n + 1)}>more</button><p>{wrong}</p>
    <a href="#" id="l" data-privacy-choices="icon">choices</a>
    <script src="/client.js" defer={!middle} /></body></html>)
}
"""
_REACT_CLIENT: Final = """\
import React from 'react'
import { hydrateRoot } from 'react-dom/client'
import { App } from './app.jsx'
window.recovered = []
const { stub, script, middle, late, wrong } = GIVEN
const hydrate = () => hydrateRoot(document,
  <App stub={stub} script={script} middle={middle} wrong={wrong && 'client'} />,
  { onRecoverableError: (error) => window.recovered.push(String(error.message).slice(0, 160)) })
if (late) privacyChoices.ready.then(hydrate); else hydrate()
"""
_REACT_SERVER: Final = """\
import React from 'react'
import { renderToString } from 'react-dom/server'
import { App } from './app.jsx'
const { stub, script, middle, wrong } = GIVEN
console.log('<!doctype html>' + renderToString(
  <App stub={stub} script={script} middle={middle} wrong={wrong && 'server'} />))
"""
_VUE_APP: Final = """\
import { createSSRApp, h, ref, onMounted } from 'vue'
const App = { setup() {
  const n = ref(0)
  onMounted(() => { n.value = 1 })
  return () => h('main', [h('h1', { id: 'h' }, 'Shop ' + n.value), h('iframe', { src: '/child' }),
    h('button', { id: 'b', onClick: () => n.value++ }, 'more'),
    h('a', { href: '#', id: 'l', 'data-privacy-choices': 'icon' }, 'choices')])
} }
export const app = () => createSSRApp(App)
"""
_VUE_CLIENT: Final = """\
import { app } from './app.jsx'
window.recovered = []
const hydrate = () => { app().mount(document.body) }
if (GIVEN.late) privacyChoices.ready.then(hydrate); else hydrate()
"""
_VUE_SERVER: Final = """\
import { renderToString } from 'vue/server-renderer'
import { app } from './app.jsx'
renderToString(app()).then((html) => console.log(
  '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>t</title><script>' + GIVEN.stub +
  '</script><script async src="' + GIVEN.script + '"></script><link rel="icon" href="data:,">' +
  '<script src="/client.js" defer></script></head><body>' + html + '</body></html>'))
"""
_SOURCES: Final = {
    "react": (_REACT_APP, _REACT_CLIENT, _REACT_SERVER),
    "vue": (_VUE_APP, _VUE_CLIENT, _VUE_SERVER),
}
_ALIASES: Final = {"react18": ("--alias:react=react18", "--alias:react-dom=react-dom18")}

PLAIN: Final = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>t</title><script>{stub}</script>'
    '<script async src="{service}/w/acme.js"></script><link rel="icon" href="data:,"></head>BETWEEN<body>'
    '<h1 id="h">Shop</h1><iframe src="/child"></iframe><p>A page.</p></body></html>'
)


def hydrated(site: Shop, folder: Path, framework: str, **given: object) -> None:
    """Put a page that this framework (`react18`, `react`, `vue`) rendered and hydrates at the site's root."""
    app, client, server = _SOURCES[framework.rstrip("18")]
    facts = {"stub": site.inline, "script": f"{site.service}/w/acme.js", **given}
    for name, text in (("app.jsx", app), ("client.jsx", client), ("server.jsx", server)):
        (folder / name).write_text(text.replace("GIVEN", f"({json.dumps(facts)})"), encoding="utf-8")
    rendering = _bundled(folder, "server.jsx", framework, "--platform=node")
    done = subprocess.run(["node", "-"], input=rendering, check=True, capture_output=True, text=True)
    _put(site, done.stdout, client=_bundled(folder, "client.jsx", framework))


def plain(site: Shop, between: str) -> None:
    """Put a page without a framework there; `between` is what stands between its head and its body."""
    _put(site, PLAIN.replace("BETWEEN", between), client="")


def _put(site: Shop, document: str, *, client: str) -> None:
    site.pages["/"] = Written(whole=document)
    site.pages["/child"] = Written(whole=f"<!doctype html><script>{CHILD}</script>")
    site.scripts["/client.js"] = client


def _bundled(folder: Path, entry: str, framework: str, *more: str) -> str:
    command = [
        *(str(MODULES / ".bin" / "esbuild"), entry, "--bundle", "--format=iife", "--log-level=error"),
        '--define:process.env.NODE_ENV="production"',
        "--define:__VUE_OPTIONS_API__=false",
        "--define:__VUE_PROD_DEVTOOLS__=false",
        "--define:__VUE_PROD_HYDRATION_MISMATCH_DETAILS__=false",
        *_ALIASES.get(framework, ()),
        *more,
    ]
    environment = {**os.environ, "NODE_PATH": str(MODULES)}
    done = subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True, text=True)
    return done.stdout


REDRAWINGS: Final = {
    "another body": "document.body.replaceWith(Object.assign(document.createElement('body'), {innerHTML: '<p>x'}))",
    "all markup": "document.documentElement.innerHTML = '<head><title>x</title></head><body><p>x</p></body>'",
    "an empty body": "document.body.textContent = ''",
    "an empty head": "document.head.textContent = ''",
    "another html element": """(() => {
      const html = document.createElement('html');
      html.append(document.createElement('head'), document.createElement('body'));
      document.documentElement.remove();
      document.append(html);
    })()""",
    "a visit as Turbo makes it": """(() => {
      for (const node of [...document.head.children]) if (!node.matches('script,style,link')) node.remove();
      document.body.replaceWith(Object.assign(document.createElement('body'), {innerHTML: '<p>x'}));
    })()""",
}
"""Ways to draw a page anew, as scripts."""

AGAIN_AND_AGAIN: Final = """(() => {
  for (let times = 0; times < 60; times++)
    setTimeout(() => document.querySelectorAll('#privacy-choices,iframe').forEach((one) => one.remove()));
})()"""
"""Somebody takes all of ours out, many times."""
