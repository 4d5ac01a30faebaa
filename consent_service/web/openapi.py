"""OpenAPI: the description of the public contract, made from the types that the calls use."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any, Final

import msgspec

from consent_service.domain.flags import Flag
from consent_service.web.http import problems
from consent_service.web.http.guards import is_page
from consent_service.web.http.request_headers import MOST_HEAD
from consent_service.web.pages import forms
from consent_service.web.script_files import TYPES
from consent_service.web.visitor import bodies, receipt_endpoints

_STRUCTS: Final = (
    Flag,
    bodies.SignalsBody,
    bodies.SignalsAnswer,
    bodies.ChoicesBody,
    bodies.ChoicesAnswer,
    receipt_endpoints.ProofBody,
    problems.Problem,
)
_SITE: Final = {
    "name": "site",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{0,31}$"},
    "description": "The site's key in consent.toml.",
}
_ORIGIN: Final = {
    "name": "Origin",
    "in": "header",
    "required": True,
    "schema": {"type": "string"},
    "description": "One of the site's origins; browsers send it by themselves.",
}
_GPC: Final = {
    "name": "Sec-GPC",
    "in": "header",
    "schema": {"type": "string"},
    "description": "Exactly `1` is an opt-out of sale and sharing; anything else says nothing.",
}
_LANG: Final = {
    "name": "lang",
    "in": "query",
    "schema": {"type": "string"},
    "description": "The language wanted; else that of the page the visitor came from, then the browser's.",
}
_TEXT: Final = {"type": "string"}
_PROBLEM_TITLES: Final = {
    400: "The body is not what was expected, or the request does not name one host",
    403: "The origin is not the site's, or only a parent can consent",
    404: "There is nothing by this name",
    405: "The method is not allowed here",
    408: "The body did not come in time",
    409: "The id was used for something else",
    410: "The confirmation is no longer valid",
    413: "The body is too large",
    415: "The body's type is not supported",
    421: "The page was asked for under another host than the service's own",
    429: "Too many requests: `Retry-After` says when to send it again",
    431: f"Path, query and headers have more than {MOST_HEAD} bytes; beyond twice that there is no body",
    503: "Not stored, so not acknowledged: send it again with the same id",
}
_ANYWHERE: Final = (400, 431)
"""Statuses that every call may get."""

Json = dict[str, Any]


def describe(public_url: str) -> bytes:
    """Return the whole description as JSON."""
    _schemas, components = msgspec.json.schema_components(
        _STRUCTS, ref_template="#/components/schemas/{name}"
    )
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {
                "title": "consent-service",
                "version": version("consent-service"),
                "description": "Records opt-out choices, honours Global Privacy Control, answers the flag.",
            },
            "servers": [{"url": public_url}],
            "paths": {path: _misdirected(path, operations) for path, operations in _paths().items()},
            "components": {"schemas": components},
        }
    )


def _misdirected(path: str, operations: Json) -> Json:
    """Return the operations with the answer to a page under another host, as `guards.OwnHost` gives it."""
    for operation in operations.values() if is_page(path) else ():
        operation["responses"].update(_problems((421,)))
    return operations


def _paths() -> Json:
    json_file = {"200": _plain("application/json")}
    not_ready = {
        "503": _plain("application/json", "Draining, or no choice can be promised: `reason` says why")
    }
    script = {"200": _plain("text/javascript")}
    types = {"200": _plain("text/plain")}
    jwks = {"200": _plain("application/jwk-set+json")}
    return {
        "/v1/{site}/flag": {"get": _flag()},
        "/v1/{site}/signals": {"post": _signals()},
        "/v1/{site}/choices": {"post": _choices()},
        "/v1/{site}/receipts/{id}": {"get": _receipt()},
        "/s/{site}/confirm/{nonce}": {"get": _confirm("The page of the second step"), "post": _confirmed()},
        "/s/{site}/privacy-choices": {"get": _choices_page(), "post": _choices_posted()},
        "/s/{site}/privacy-choices/open": {"post": _handed_over()},
        "/s/{site}/privacy-choices/back": {"get": _taken_back()},
        "/s/{site}/gpc.json": {
            "get": _get(
                "Whether the site acts on the signal; each of its origins redirects here",
                [_SITE],
                json_file,
                (404,),
            )
        },
        "/w/{name}.js": {
            "get": _get("A site's script, or one version of it", [_path("name")], script, (404, 503))
        },
        f"/w/{TYPES}": {"get": _get("The types of `window.privacyChoices`", [], types, ())},
        "/.well-known/jwks.json": {
            "get": _get("The public keys that promises and checkpoints are signed with", [], jwks, ())
        },
        "/healthz": {"get": _get("Alive", [], json_file, ())},
        "/readyz": {"get": _get("Ready to take traffic", [], {**json_file, **not_ready}, ())},
        "/openapi.json": {"get": _get("This description", [], json_file, ())},
    }


def _signals() -> Json:
    answers = {"200": _json("The flag and what to show", "SignalsAnswer")}
    summary = "Answer a page view; record a signal on its first sight"
    return _write(summary, "SignalsBody", _renewing(answers), (400, 403, 404, 408, 413, 415, 429, 503))


def _choices() -> Json:
    answers = {
        "201": _json("Recorded", "ChoicesAnswer"),
        "202": _json("Opting in needs the second step on `confirm_url`", "ChoicesAnswer"),
    }
    answers = _renewing(answers)
    return _write("Record a choice", "ChoicesBody", answers, (400, 403, 404, 408, 409, 413, 415, 429, 503))


def _flag() -> Json:
    visitor = {
        "name": "visitor",
        "in": "query",
        "schema": {"type": "string"},
        "description": "The visitor token. One that can't be honoured is answered denied, `unavailable`.",
    }
    return _get(
        "The flag",
        [_SITE, _GPC, visitor],
        {"200": _json("The flag", "Flag"), "304": {"description": "The same but for `as_of`"}},
        (403, 404),
    )


def _receipt() -> Json:
    answers = {"200": _json("The entry, a signed promise, and the proof once it is sealed", "ProofBody")}
    return _get("What a receipt proves", [_SITE, _path("id")], answers, (404, 429, 503))


def _write(summary: str, body: str, answers: Json, statuses: tuple[int, ...]) -> Json:
    content = {"schema": _ref(body)}
    return {
        "summary": summary,
        "parameters": [_SITE, _ORIGIN, _GPC],
        "requestBody": {"required": True, "content": {"application/json": content, "text/plain": content}},
        "responses": {**answers, **_problems((*statuses, *_ANYWHERE))},
    }


def _confirm(summary: str) -> Json:
    pages = {"200": _plain("text/html"), "410": _plain("text/html", _PROBLEM_TITLES[410])}
    described = _get(summary, [_SITE, _path("nonce")], pages, (403, 404, 503))
    described["responses"]["403"]["description"] = "Fetched before anybody looks at it"
    return described


def _confirmed() -> Json:
    described = _confirm("The second step itself, from that page alone")
    fields = {"form_token": _TEXT, "answer": {"type": "string", "enum": ["yes", "no"]}}
    return _refusing(_posting(described, fields, (400, 403, 408, 413, 415, 429)))


def _refusing(described: Json) -> Json:
    """Return the description of a form that opts in: it is refused with a page, too."""
    described["responses"]["403"]["content"]["text/html"] = {}
    return described


def _choices_page() -> Json:
    pages = {"200": _plain("text/html"), "503": _plain("text/html", "The same page, without the record")}
    return _get("The choices as a page that needs no script", [_SITE, _GPC, _LANG], pages, (404,))


def _choices_posted() -> Json:
    described = _choices_page() | {"summary": "A choice made on that page, from that page alone"}
    described["responses"]["303"] = {"description": "To the page, or to the second step"}
    fields = {"form_token": _TEXT, "do": {"type": "string", "enum": ["opt_out", "allow", "limit", "lift"]}}
    return _refusing(_posting(described, fields, (400, 403, 408, 413, 415, 429)))


def _handed_over() -> Json:
    to_page = {"303": {"description": "To the page, which knows the visitor now if a page of the site asked"}}
    described = _get("A page of the site hands its visitor over", [_SITE], to_page, (404,))
    fields = {"visitor": _TEXT, "state": _TEXT, "back": _TEXT, "lang": _TEXT}
    return _posting(described, fields, (400, 408, 413, 415, 429))


def _taken_back() -> Json:
    to_site = {"303": {"description": "To the site, with a result in the fragment that `signals` takes"}}
    return _get("Back to the site from that page", [_SITE], to_site, (404,))


def _posting(described: Json, fields: Json, statuses: tuple[int, ...]) -> Json:
    form = {"schema": {"type": "object", "properties": fields}}
    described["requestBody"] = {"required": True, "content": {forms.MEDIA_TYPE: form}}
    described["responses"].update(_problems(statuses))
    return described


def _get(summary: str, parameters: list[Json], answers: Json, statuses: tuple[int, ...]) -> Json:
    responses = {**answers, **_problems((*statuses, *_ANYWHERE))}
    return {"summary": summary, "parameters": parameters, "responses": responses}


def _path(name: str) -> Json:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _problems(statuses: tuple[int, ...]) -> Json:
    return {
        str(status): {
            "description": _PROBLEM_TITLES[status],
            "content": {problems.MEDIA_TYPE: {"schema": _ref("Problem")}},
        }
        for status in statuses
    }


def _renewing(answers: Json) -> Json:
    """Return the answers with the header that carries the site's cookie in first-party mode."""
    description = "In first-party mode: the site's cookie, as its script would write it."
    cookie = {"Set-Cookie": {"description": description, "schema": {"type": "string"}}}
    return {status: {**answer, "headers": cookie} for status, answer in answers.items()}


def _json(description: str, name: str) -> Json:
    return {"description": description, "content": {"application/json": {"schema": _ref(name)}}}


def _plain(media_type: str, description: str = "As said") -> Json:
    return {"description": description, "content": {media_type: {}}}


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}
