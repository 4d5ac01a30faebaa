"""Loading: one page, opened by somebody whose browser sends the signal, and everything that it asks for.

Besides, what a single address answers with.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from consent_service.errors import InspectionFailed
from consent_service.inspection.devtools import DevTools

_QUIET: Final = 2.0  # seconds without a request after which a page is taken to be done
_LONGEST: Final = 30.0
_BLANK: Final = "about:blank"
_SIGNAL: Final = "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', {get: () => true});"
_DENIED: Final = "(() => { try { return privacyChoices.flag().sale } catch (_) { return '' } })()"
_PREPARED: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("Network.enable", {}),
    ("Network.setExtraHTTPHeaders", {"headers": {"Sec-GPC": "1"}}),
    ("Page.enable", {}),
    ("Page.addScriptToEvaluateOnNewDocument", {"source": _SIGNAL}),
    ("Target.setAutoAttach", {"autoAttach": True, "waitForDebuggerOnStart": True, "flatten": True}),
)
"""Commands for each target of the browser: report all events, send the signal."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request. `by`: the address and line of the script, or the page, that began it."""

    address: str
    kind: str
    by: str


@dataclass(frozen=True, slots=True)
class Document:
    """Answer of an address, redirects followed. `status` 0: no answer."""

    status: int = 0
    media_type: str = ""
    body: str = ""


@dataclass
class Loaded:
    """A loaded page: its documents and requests. `sale`: the page's own flag, "" where it has none."""

    address: str
    html: str = ""
    links: str = ""
    sale: str = ""
    asked: list[Asked] = field(default_factory=list)


@dataclass
class _Watch:
    """Main document while it is loading."""

    session: str
    asked: list[Asked] = field(default_factory=list)
    document: str = ""
    address: str = ""
    links: str = ""
    failed: str = ""
    loaded: bool = False


def load(tools: DevTools, url: str) -> Loaded:
    """The page, once it asks for nothing more. Raises InspectionFailed when it does not come."""
    session = _tab(tools)
    # Answered one by one: the browser navigates without waiting for what its page's own process was told.
    for method, parameters in _PREPARED:
        tools.ask(method, session, **parameters)
    gone = tools.ask("Page.navigate", session, url=url)
    if gone.get("errorText"):
        raise InspectionFailed(f"{url} does not come: {gone['errorText']}")
    watch = _Watch(session, document=gone.get("loaderId", ""))
    _listen(tools, watch)
    if watch.failed:
        raise InspectionFailed(f"{url} does not come: {watch.failed}")
    said = tools.ask("Runtime.evaluate", session, expression=_DENIED, returnByValue=True)
    html = _body(tools, session, watch.document)
    sale = str(said["result"].get("value", ""))
    return Loaded(watch.address or url, html, watch.links, sale, watch.asked)


def read(tools: DevTools, url: str) -> Document:
    """Return the answer of an address, read as a document of its own."""
    session = _tab(tools)
    tools.ask("Network.enable", session)
    gone = tools.ask("Page.navigate", session, url=url)
    document, answer = gone.get("loaderId", ""), Document()
    ends = time.monotonic() + _LONGEST
    while not gone.get("errorText") and (event := tools.next_event(ends - time.monotonic())) is not None:
        given = event.get("params", {})
        if event.get("sessionId") != session or given.get("requestId") != document:
            continue
        if event["method"] == "Network.responseReceived":
            answer = Document(given["response"]["status"], given["response"]["mimeType"])
        elif event["method"] == "Network.loadingFinished":
            return replace(answer, body=_body(tools, session, document))
        elif event["method"] == "Network.loadingFailed":
            break
    return answer


def _tab(tools: DevTools) -> str:
    """The session of a new, empty tab."""
    target = tools.ask("Target.createTarget", url=_BLANK)["targetId"]
    session: str = tools.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    return session


def _body(tools: DevTools, session: str, request: str) -> str:
    body = tools.ask("Network.getResponseBody", session, requestId=request)
    text: str = (
        base64.b64decode(body["body"]).decode(errors="replace") if body["base64Encoded"] else body["body"]
    )
    return text


def _join(tools: DevTools, session: str) -> None:
    """Prepare a target that waits to be let go; the page goes on meanwhile."""
    for method, parameters in (*_PREPARED, ("Runtime.runIfWaitingForDebugger", {})):
        tools.say(method, session, **parameters)


def _listen(tools: DevTools, watch: _Watch) -> None:
    """Until the page is loaded, and nothing was asked for a while since."""
    ends = quiet = time.monotonic() + _LONGEST
    while (now := time.monotonic()) < min(ends, quiet):
        event = tools.next_event(min(ends, quiet) - now)
        if event is None:
            return
        if event.get("method") == "Target.attachedToTarget":
            _join(tools, event["params"]["sessionId"])  # a frame of another site, or a worker
        elif _note(event, watch) and watch.loaded:
            quiet = time.monotonic() + _QUIET


def _note(event: Mapping[str, Any], watch: _Watch) -> bool:
    """Take down what this event says; whether something was asked or came."""
    method, given = str(event.get("method", "")), event.get("params", {})
    of_page = event.get("sessionId") == watch.session and given.get("requestId") == watch.document
    if method == "Network.requestWillBeSent":
        watch.asked.append(Asked(given["request"]["url"], given.get("type", "Other"), _begun(given)))
    elif method == "Network.responseReceived" and of_page:
        watch.address = given["response"]["url"]
        headers = {name.lower(): value for name, value in given["response"]["headers"].items()}
        watch.links = headers.get("link", "")
    elif method == "Network.loadingFailed" and of_page:
        watch.failed = given.get("errorText", "it failed")
        watch.loaded = True
    elif method == "Page.loadEventFired" and event.get("sessionId") == watch.session:
        watch.loaded = True
    return method.startswith(("Network.", "Page.loadEventFired"))


def _begun(given: Mapping[str, Any]) -> str:
    """Return the initiator of a request, as far as the browser knows."""
    begun = given.get("initiator", {})
    stack = begun.get("stack") or {}
    while not stack.get("callFrames") and stack.get("parent"):
        stack = stack["parent"]
    frames = stack.get("callFrames")
    if frames:
        return f"{frames[0]['url']}:{frames[0]['lineNumber'] + 1}"
    line = begun.get("lineNumber")
    return f"{begun.get('url', given.get('documentURL', ''))}" + (
        f":{int(line) + 1}" if line is not None else ""
    )
