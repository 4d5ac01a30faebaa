"""Replacing: pages that put something else in place of the browser's own functions, and what a visitor meets there.

Such a page breaks whoever looks into it, so a clean page frames it, and looks with functions of its own.
"""

from __future__ import annotations

from typing import Any, Final

from playwright.async_api import Browser

from tests.e2e.embedding import Shop, Written, guest

FRAMING: Final = Written(body='<iframe src="/replaced" width=900 height=700></iframe>')
NOTE: Final = """<script>window.faults = [];
  addEventListener('error', (event) => faults.push(event.message));
  addEventListener('unhandledrejection', (event) => faults.push(String(event.reason)));</script>"""
# What a third party's script keeps before anything is replaced, and does when it is told to.
THIRD: Final = """<script>(() => {
  const {fetch, XMLHttpRequest: Request} = window, {apply} = Reflect, {append} = Element.prototype;
  const {createElement} = Document.prototype, {open, send} = Request.prototype, {sendBeacon} = Navigator.prototype;
  const make = (kind) => apply(createElement, document, [kind]);
  window.attack = (to) => {
    const script = make('script');
    script.src = to + '/tag.js';
    apply(append, document.head, [script]);
    make('img').src = to + '/pixel.gif';
    apply(sendBeacon, navigator, [to + '/beacon', 'x']);
    (async () => { try { await fetch(to + '/fetch'); } catch (_) {} })();
    const request = new Request();
    apply(open, request, ['GET', to + '/xhr']);
    apply(send, request, []);
  };
})()</script>"""
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
WALK: Final = """async ({to, denied}) => {
  const {contentWindow: inside} = document.querySelector('iframe[src]');
  const until = async (look) => {
    for (let tries = 0; tries < 300; tries++) {
      try { const seen = look(); if (seen) return seen; } catch (_) {}
      await new Promise((done) => setTimeout(done, 10));
    }
  };
  const query = (root, selector) => {
    const {prototype} = root.nodeType == 9 ? Document : root.host ? DocumentFragment : Element;
    return prototype.querySelector.call(root, selector);
  };
  const part = (id) => query(query(inside.document, '#privacy-choices').shadowRoot, '#privacy-choices-' + id);
  const press = (element) => HTMLElement.prototype.click.call(element);
  const said = {};
  const call = (name, ...given) => new Promise((done) => inside[name](...given, done));
  await until(() => inside.document.readyState == 'complete');
  said.shown = !!(await until(() => part(denied ? 'status' : 'banner')));
  said.released = denied ? inside.ran.length > 0 : !!(await until(() => inside.ran.length));
  press(query(inside.document, '[data-privacy-choices]'));
  said.settings = !!(await until(() => part('dialog').open));
  if (said.settings) press(part('settings-close'));
  if (!denied && said.shown) press(part('opt-out'));
  said.flag = inside.privacyChoices.flag().sale;
  said.acknowledged = denied || !!(await until(() => inside.privacyChoices.flag().max_age));
  said.field = await new Promise((done) => inside.__gpp('getField', done, 'usca.SaleOptOut'));
  said.text = await new Promise((done) => inside.__gpp('ping', (ping) => done(ping.gppString + ping.signalStatus)));
  said.usp = await new Promise((done) => inside.__uspapi('getUSPData', 1, (data) => done(data && data.uspString)));
  inside.attack(to);
  said.faults = inside.faults;
  return said;
}"""
BODY: Final = (
    '<p>x</p><a href="#" data-privacy-choices>Your Privacy Choices</a>'
    '<script type="text/plain" data-right="sale">window.ran[window.ran.length] = "tag"</script>'
)


async def walked(browser: Browser, site: Shop, page: Written, to: str, *, denied: bool) -> dict[str, Any]:
    """Walk a new visitor through this page; returns what they met."""
    site.pages["/"] = FRAMING
    site.pages["/replaced"] = page
    headers = {"Sec-GPC": "1"} if denied else {}
    async with guest(browser, site, extra_http_headers=headers) as visitor:
        if denied:
            await visitor.context.add_init_script(
                "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', {get: () => true});"
            )
        opened = await visitor.context.new_page()
        await opened.goto(site.origin, wait_until="load")
        said: dict[str, Any] = await opened.evaluate(WALK, {"to": to, "denied": denied})
        return said
