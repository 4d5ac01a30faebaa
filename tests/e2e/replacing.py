"""Replacing: pages that put something else in place of the browser's own functions, and what a visitor meets there.

Such a page breaks the driver that looks into it, and may never answer. So a clean page frames it and looks with
functions of its own; no step of the walk waits for an answer that may not come.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

from tests.e2e.embedding import Written

DIST: Final = Path(__file__).parents[2] / "widget" / "dist"
BUILT: Final = ("stub", "guard", "widget", "view", "settings", "writing")
KINDS: Final = {
    "a function that throws": "() => function () { throw Error('replaced'); }",
    "a function that returns something else": "() => function () { return {lat: 34}; }",
    "an object": "() => ({lat: 34, lng: -118})",
}
_SIGNAL: Final = "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', {get: () => true});"
NOTE: Final = f"""<script>window.faults = [];
  addEventListener('error', (event) => faults[faults.length] = event.message);
  addEventListener('unhandledrejection', (event) => faults[faults.length] = `${{event.reason}}`);
  if (parent.walking.signal) {{ {_SIGNAL} }}</script>"""
# What the guard leaves alone, kept by a third party's script before anything is replaced.
KEEPS: Final = """<script>
  window.kept = {apply: Reflect.apply, append: Element.prototype.append};
  kept.createElement = Document.prototype.createElement;
</script>"""
# What the guard hooks, taken by that script behind the guard, and what it does when it is told to.
ATTACKS: Final = """<script>(() => {
  const {apply, append, createElement} = kept;
  const act = (one) => { try { return one(); } catch (_) {} };
  const {fetch, XMLHttpRequest: Request} = window;
  const open = act(() => Request.prototype.open), send = act(() => Request.prototype.send);
  const sendBeacon = act(() => Navigator.prototype.sendBeacon);
  const make = (kind) => apply(createElement, document, [kind]);
  window.attack = (to) => {
    act(() => {
      const script = make('script');
      script.src = to + '/tag.js';
      apply(append, document.head, [script]);
    });
    act(() => { make('img').src = to + '/pixel.gif'; });
    act(() => apply(sendBeacon, navigator, [to + '/beacon', 'x']));
    (async () => { try { await fetch(to + '/fetch'); } catch (_) {} })();
    act(() => {
      const request = new Request();
      apply(open, request, ['GET', to + '/xhr']);
      apply(send, request, []);
    });
  };
  act(() => parent.meet(window));
})()</script>"""
# What a page does for itself, behind the guard: as text, what came of each.
WORKS: Final = """<script>window.works = async () => {
  const {apply, createElement} = kept, said = [];
  const note = (act) => {
    try { said[said.length] = `${act()}`; } catch (error) { said[said.length] = error.message; }
  };
  const make = (kind) => apply(createElement, document, [kind]);
  note(() => { const p = make('p'); p.innerHTML = '<b>x</b>'; return p.firstChild.localName; });
  note(() => { const image = make('img'); image.src = '/own.png'; return image.src; });
  note(() => { const image = make('img'); image.setAttribute('src', '/own.png'); return image.src; });
  note(() => { const request = new XMLHttpRequest(); return request.open('GET', '/own.txt'); });
  note(() => new DOMParser().parseFromString('<i>x</i>', 'text/html').body.firstChild.localName);
  note(() => navigator.sendBeacon('/own', 'x'));
  note(() => document.documentElement.children.length + ' ' + document.head.textContent.includes('[object'));
  try { said[said.length] = (await fetch('/')).status; } catch (error) { said[said.length] = error.message; }
  window.worked = said;
}</script>"""
# As old libraries and pages do it.
OLD_LIBRARY: Final = """<script>
  var URL = '/shop', Map = {lat: 34}, Hash = {}, Set = [], JSON2 = {}, name = 'x', status = 'y';
  Array.prototype.toJSON = function () { return '[' + this.length + ']'; };
  Array.prototype.each = Array.prototype.forEach = function (act) {
    for (var i = 0; i < this.length; i++) act(this[i]);
  };
  Array.prototype.reduce = Array.prototype.filter = Array.prototype.map = function () {
    return {size: this.length};
  };
  Array.prototype.entries = function () { return this; };
  Array.from = function (list) { return list.length; };
  Function.prototype.bind = function (self) {
    var act = this;
    return function () { return act.apply(self, arguments); };
  };
  String.prototype.startsWith = String.prototype.includes = function () { return false; };
  Object.extend = Object.assign = function (to, from) { for (var key in from) to[key] = from[key]; return to; };
  Object.keys = Object.entries = function () { throw TypeError(); };
  Element.prototype.remove = Element.prototype.select = function () { return this.hidden = true; };
  document.getElementsByClassName = function () { return []; };
</script>"""
_REPLACE: Final = """<script>(() => {
  const made = {KINDS}[parent.walking.kind], {defineProperty: define, getOwnPropertyDescriptor: look} = Object;
  const put = [];
  const owners = Object.getOwnPropertyNames(window).map((name) => look(window, name).value);
  for (const name of parent.walking.names) {
    if (name[0] != '#') put.push([window, name]);
    else for (const held of owners) {
      if (typeof held != 'function' || !held.prototype || held == Object) continue;
      if (typeof look(held.prototype, name.slice(1))?.value == 'function') put.push([held.prototype, name.slice(1)]);
      if (typeof look(held, name.slice(1))?.value == 'function') put.push([held, name.slice(1)]);
    }
  }
  for (const [owner, name] of put) define(owner, name, {value: made(), writable: true, configurable: true});
})()</script>""".replace("KINDS", ", ".join(f"{json.dumps(kind)}: {made}" for kind, made in KINDS.items()))
BODY: Final = (
    '<p>x</p><a href="#" data-privacy-choices>Your Privacy Choices</a>'
    '<script type="text/plain" data-right="sale">window.ran[window.ran.length] = "tag"</script>'
)
# Which of these words are a browser's own: globals, and methods of its classes.
_NATIVES: Final = """(words) => {
  const found = new Set();
  for (const name of Object.getOwnPropertyNames(window)) {
    const {configurable, value, get, set} = Object.getOwnPropertyDescriptor(window, name);
    if (get && !set) continue; // `var` can't replace it
    if (configurable && words.includes(name)) found.add(name);
    if (typeof value != 'function' || !value.prototype) continue;
    for (const owner of [value.prototype, value]) for (const method of Object.getOwnPropertyNames(owner)) {
      const held = Object.getOwnPropertyDescriptor(owner, method).value;
      if (/^(constructor|prototype)$/.test(method) || typeof held != 'function') continue;
      if (words.includes(method)) found.add('#' + method);
    }
  }
  return [...found].sort();
}"""
_WALK: Final = """
window.forget = () => {
  document.querySelector('iframe')?.remove();
  for (const pair of document.cookie.split('; ')) document.cookie = pair.split('=')[0] + '=; Path=/; Max-Age=0';
  localStorage.clear();
  sessionStorage.clear();
};
/** What this gives as soon as it gives something, and never longer than a few seconds. */
const until = async (look, patience = 5000) => {
  for (const end = performance.now() + patience; performance.now() < end; ) {
    try { const seen = look(); if (seen) return seen; } catch (_) {}
    await new Promise((done) => setTimeout(done, 4));
  }
};
const reading = (look) => { try { return look() ?? null; } catch (_) { return null; } };
/** What a function of that page calls back with at once. */
const heard = (look) => reading(() => { let got = null; look((given) => { got = given; }); return got; });
const query = (root, selector) => {
  const {prototype} = root.nodeType == 9 ? Document : root.host ? DocumentFragment : Element;
  return prototype.querySelector.call(root, selector);
};
const framed = async (path) => {
  document.querySelector('iframe')?.remove();
  const frame = document.createElement('iframe');
  Object.assign(frame, {width: 900, height: 700, src: path});
  const loaded = new Promise((done) => frame.addEventListener('load', done));
  document.body.append(frame);
  await loaded;
  return frame.contentWindow;
};
const part = (inside, id) => query(query(inside.document, '#privacy-choices').shadowRoot, '#privacy-choices-' + id);
const press = (element) => HTMLElement.prototype.click.call(element);
const spoken = (inside) => ({
  flag: reading(() => inside.privacyChoices.flag().sale),
  field: heard((done) => inside.__gpp('getField', done, 'usca.SaleOptOut')),
  text: heard((done) => inside.__gpp('ping', (ping) => done(ping.gppString + ping.signalStatus))),
  usp: heard((done) => inside.__uspapi('getUSPData', 1, (data) => done(data && data.uspString))),
});
/** A new visitor meets the banner and a tag that may run, opens the settings, and opts out. */
window.walk = async (walking) => {
  window.walking = walking;
  if (!walking.kept) forget();
  const inside = await framed(walking.path);
  const {denied} = walking;
  const said = {};
  said.shown = !!(await until(() => part(inside, denied ? 'status' : 'banner')));
  said.released = denied ? inside.ran.length > 0 : !!(await until(() => inside.ran.length));
  press(query(inside.document, '[data-privacy-choices]'));
  said.settings = !!(await until(() => reading(() => inside.document) ? part(inside, 'dialog').open : "elsewhere"));
  if (!reading(() => inside.document)) return said;
  if (said.settings) press(part(inside, 'settings-close'));
  if (!denied && said.shown) press(part(inside, 'opt-out'));
  said.acknowledged = denied || !!(await until(() => inside.privacyChoices.flag().max_age));
  Object.assign(said, spoken(inside));
  reading(() => inside.attack(walking.to));
  said.faults = [...inside.faults];
  return said;
};
/** The framed page just behind its stub, before the script is there. */
window.meet = (inside) => { walking.early = spoken(inside); };
/** What somebody meets whose denial stands: behind the stub, and once the page has loaded. */
window.look = async (walking) => {
  window.walking = walking;
  const inside = await framed(walking.path);
  const said = {early: walking.early, late: spoken(inside), released: inside.ran.length > 0};
  inside.works();
  said.works = await until(() => inside.worked, 2000);
  reading(() => inside.attack(walking.to));
  return said;
};"""
FRAMING: Final = Written(
    whole=f'<!doctype html><meta charset="utf-8"><title>Walk</title><body><script>{_WALK}</script>'
)


def words() -> list[str]:
    """Every word of the built code."""
    built = "".join((DIST / f"{name}.js").read_text() for name in BUILT)
    return sorted(set(re.findall(r"[A-Za-z_]\w*", built)))


def natives() -> str:
    """An expression for the names in the built code that are the browser's: globals, and methods as `#name`."""
    return f"({_NATIVES})({json.dumps(words())})"


AFTER: Final = Written(before=NOTE + KEEPS, head=ATTACKS + _REPLACE, body=BODY)
BEFORE: Final = Written(before=NOTE + KEEPS + _REPLACE, head=WORKS + ATTACKS, body=BODY)
WITHOUT_US: Final = Written(
    whole='<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Shop</title>'
    f"<script>window.ran = []</script>{NOTE}{KEEPS}{_REPLACE}{WORKS}</head><body>{BODY}</body></html>"
)
"""The same page without the snippet."""
BESIDE_AN_OLD_LIBRARY: Final = Written(before=NOTE + KEEPS, head=ATTACKS + OLD_LIBRARY, body=BODY)
# The stub's frame finds no place there: the script takes what it needs from a frame of its own, which is gone after.
PLACING_ITS_OWN_WAY: Final = Written(
    before=NOTE + KEEPS,
    head=ATTACKS + "<script>Element.prototype.append = function () { throw Error('mine'); };</script>",
    body=BODY,
)


def call(act: str, walking: dict[str, Any]) -> str:
    """An expression for the walk, or the look, on such a page."""
    return f"{act}({json.dumps(walking)})"
