"""Load of one page in a browser that sends the signal, with all its requests; and the answer of a single
address.
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
class LoadedRequest:
    """One request. `by`: the address and line of the script, or the page, that began it."""

    address: str
    kind: str
    by: str


@dataclass(frozen=True, slots=True)
class AddressAnswer:
    """Answer of an address, redirects followed. `status` 0: no answer."""

    status: int = 0
    media_type: str = ""
    body: str = ""


@dataclass
class LoadedPage:
    """A loaded page: its documents and requests. `sale`: the page's own flag, "" where it has none."""

    address: str
    html: str = ""
    links: str = ""
    sale: str = ""
    requests: list[LoadedRequest] = field(default_factory=list)


@dataclass
class _Watch:
    """Main document while it is loading."""

    session: str
    requests: list[LoadedRequest] = field(default_factory=list)
    document: str = ""
    address: str = ""
    links: str = ""
    failed: str = ""
    loaded: bool = False


def load_page(tools: DevTools, url: str) -> LoadedPage:
    """Return the page once it requests nothing more. Raises InspectionFailed if it does not load."""
    session = _open_tab(tools)
    # Answered one by one: the browser navigates without waiting for what its page's own process was told.
    for method, parameters in _PREPARED:
        tools.run_command(method, session, **parameters)
    navigation = tools.run_command("Page.navigate", session, url=url)
    if navigation.get("errorText"):
        raise InspectionFailed(f"{url} does not load: {navigation['errorText']}")
    watch = _Watch(session, document=navigation.get("loaderId", ""))
    _watch_page(tools, watch)
    if watch.failed:
        raise InspectionFailed(f"{url} does not load: {watch.failed}")
    evaluated = tools.run_command("Runtime.evaluate", session, expression=_DENIED, returnByValue=True)
    html = _read_body(tools, session, watch.document)
    sale = str(evaluated["result"].get("value", ""))
    return LoadedPage(watch.address or url, html, watch.links, sale, watch.requests)


def read_address(tools: DevTools, url: str) -> AddressAnswer:
    """Return the answer of an address, read as a document of its own."""
    session = _open_tab(tools)
    tools.run_command("Network.enable", session)
    navigation = tools.run_command("Page.navigate", session, url=url)
    document, answer = navigation.get("loaderId", ""), AddressAnswer()
    ends = time.monotonic() + _LONGEST
    while (
        not navigation.get("errorText") and (event := tools.next_event(ends - time.monotonic())) is not None
    ):
        parameters_of_event = event.get("params", {})
        if event.get("sessionId") != session or parameters_of_event.get("requestId") != document:
            continue
        if event["method"] == "Network.responseReceived":
            answer = AddressAnswer(
                parameters_of_event["response"]["status"], parameters_of_event["response"]["mimeType"]
            )
        elif event["method"] == "Network.loadingFinished":
            return replace(answer, body=_read_body(tools, session, document))
        elif event["method"] == "Network.loadingFailed":
            break
    return answer


def _open_tab(tools: DevTools) -> str:
    """Open an empty tab and return its session."""
    target = tools.run_command("Target.createTarget", url=_BLANK)["targetId"]
    session: str = tools.run_command("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    return session


def _read_body(tools: DevTools, session: str, request: str) -> str:
    body = tools.run_command("Network.getResponseBody", session, requestId=request)
    text: str = (
        base64.b64decode(body["body"]).decode(errors="replace") if body["base64Encoded"] else body["body"]
    )
    return text


def _prepare_target(tools: DevTools, session: str) -> None:
    """Prepare a paused target, then let it run; the page goes on meanwhile."""
    for method, parameters in (*_PREPARED, ("Runtime.runIfWaitingForDebugger", {})):
        tools.send_command(method, session, **parameters)


def _watch_page(tools: DevTools, watch: _Watch) -> None:
    """Watch until the page is loaded and has requested nothing for a while."""
    ends = quiet = time.monotonic() + _LONGEST
    while (now := time.monotonic()) < min(ends, quiet):
        event = tools.next_event(min(ends, quiet) - now)
        if event is None:
            return
        if event.get("method") == "Target.attachedToTarget":
            _prepare_target(tools, event["params"]["sessionId"])  # a frame of another site, or a worker
        elif _note_event(event, watch) and watch.loaded:
            quiet = time.monotonic() + _QUIET


def _note_event(event: Mapping[str, Any], watch: _Watch) -> bool:
    """Record the contents of an event. Return True if it is about the network or the page's load."""
    method, parameters_of_event = str(event.get("method", "")), event.get("params", {})
    of_page = (
        event.get("sessionId") == watch.session and parameters_of_event.get("requestId") == watch.document
    )
    if method == "Network.requestWillBeSent":
        watch.requests.append(
            LoadedRequest(
                parameters_of_event["request"]["url"],
                parameters_of_event.get("type", "Other"),
                _initiator_of(parameters_of_event),
            )
        )
    elif method == "Network.responseReceived" and of_page:
        watch.address = parameters_of_event["response"]["url"]
        headers = {name.lower(): value for name, value in parameters_of_event["response"]["headers"].items()}
        watch.links = headers.get("link", "")
    elif method == "Network.loadingFailed" and of_page:
        watch.failed = parameters_of_event.get("errorText", "it failed")
        watch.loaded = True
    elif method == "Page.loadEventFired" and event.get("sessionId") == watch.session:
        watch.loaded = True
    return method.startswith(("Network.", "Page.loadEventFired"))


def _initiator_of(parameters_of_event: Mapping[str, Any]) -> str:
    """Return the initiator of a request, as far as the browser knows."""
    begun = parameters_of_event.get("initiator", {})
    stack = begun.get("stack") or {}
    while not stack.get("callFrames") and stack.get("parent"):
        stack = stack["parent"]
    frames = stack.get("callFrames")
    if frames:
        return f"{frames[0]['url']}:{frames[0]['lineNumber'] + 1}"
    line = begun.get("lineNumber")
    return f"{begun.get('url', parameters_of_event.get('documentURL', ''))}" + (
        f":{int(line) + 1}" if line is not None else ""
    )
