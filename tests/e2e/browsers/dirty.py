"""Dirty pages: a shop that serves pages as the web has them, and a browser of each engine that looks at them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from tests.e2e.browsers.browsing import Browsing
from tests.e2e.browsers.chromium import chromium
from tests.e2e.browsers.firefox import firefox
from tests.e2e.browsers.webkit import Screen, webkit
from tests.e2e.embedding import Shop, Written, shop
from tests.support.demo import Demo

SIGNAL: Final = (
    "<script>Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', {get: () => true})</script>"
)

_FORGET: Final = """(document.cookie.split('; ').forEach((pair) => {
  document.cookie = `${pair.split('=')[0]}=; Path=/; Max-Age=0`;
}), localStorage.clear(), sessionStorage.clear(), true)"""

PATIENT: Final = """<script>
  window.patient = [];
  const {setTimeout: start, clearTimeout: stop} = window;
  const patience = {
    setTimeout: (act, wait, ...given) =>
      wait > 1000 && wait < 9000 ? (patient.push(act), act) : start(act, wait, ...given),
    clearTimeout: (timer) =>
      typeof timer === 'function' ? void (patient = patient.filter((act) => act !== timer)) : stop(timer),
  };
  Object.assign(window, patience);
  // The widget takes its timers from a frame, too.
  const {get} = Object.getOwnPropertyDescriptor(HTMLIFrameElement.prototype, 'contentWindow');
  Object.defineProperty(HTMLIFrameElement.prototype, 'contentWindow', {
    get() { return Object.assign(get.call(this), patience); },
  });
  new MutationObserver(() => [...document.querySelectorAll('iframe')].map((frame) => frame.contentWindow))
    .observe(document, {childList: true, subtree: true});
</script>"""
"""Before the snippet: no patience ends before the test calls what waits in `patient`. Drivers have longer ones."""


@dataclass(frozen=True)
class Dirt:
    """One browser, and the shop whose pages it visits."""

    browsing: Browsing
    shop: Shop

    def open(self, page: Written, path: str = "/", *, ready: bool = True) -> None:
        """Visit this page as somebody new; `ready` waits for the service's answer."""
        self.forget()
        self.shop.pages[path] = page
        self.browsing.go(self.shop.origin + path)
        if ready:
            self.becomes("privacyChoices.ready.then(() => true)")

    def forget(self) -> None:
        """Take from the shop what it has put into the browser."""
        self.run(f"location.origin !== '{self.shop.origin}' || {_FORGET}")

    def run(self, expression: str) -> Any:
        return self.browsing.run(expression)

    def becomes(self, expression: str) -> Any:
        return self.browsing.becomes(expression)


@contextmanager
def dirt(engine: str, folder: Path, screen: Screen, more: str = "") -> Iterator[Dirt]:
    """A browser of this engine beside a shop of its own; `screen` is where WebKit shows itself."""
    with ExitStack() as stack:
        site = stack.enter_context(shop(folder, more))
        stack.enter_context(site.serving())
        if engine == "chromium":
            wire: Any = stack.enter_context(chromium(folder))
        else:
            wire = stack.enter_context(firefox(folder) if engine == "firefox" else webkit(screen))
        # These pages have nothing to do with the demo.
        yield Dirt(Browsing(wire, cast("Demo", None)), site)
