"""The page of the calls: paths, parameters, members and answers, from the OpenAPI description."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from consent_service.domain.words import Basis
from consent_service.web.openapi import describe
from reference.markdown import code, page, table, words_for
from reference.members import BASIS, MEMBERS

Json = dict[str, Any]

_ABOUT: Final = """\
`/openapi.json` on the service describes the same for programs. Bodies are JSON in UTF-8, times are RFC 3339 in UTC.
A body may come as `text/plain`, which needs no preflight. Unknown members are ignored.

Pages of the site make these calls by the script, so a site seldom needs them itself. Every error is one of the
[problems](problems.md). Every call can be answered 400 and 431.
"""
_NOTES: Final[dict[str, str]] = {
    "GET /v1/{site}/flag": "The question that partners and pages ask. It creates no visitor. `visitor` names the "
    "record; without it the cookie does. Where both are there, the stricter answers.",
    "POST /v1/{site}/signals": "The script makes this call at a page view, and shows what the answer says.",
    "POST /v1/{site}/choices": "201: the choice is recorded and durable. 202: it would allow what is denied, so "
    "nothing changes until the visitor confirms on `confirm_url`. At least one choice must be in the body.",
    "GET /v1/{site}/receipts/{id}": "For whoever holds a receipt: see [receipts](../proof/ledger.md#receipts).",
    "GET /s/{site}/confirm/{nonce}": "Open it in a tab of its own: it can't be used in a frame.",
    "POST /s/{site}/confirm/{nonce}": "Sent by that page alone.",
    "GET /s/{site}/privacy-choices": "The page behind the link *Your Privacy Choices*. It needs no script.",
    "POST /s/{site}/privacy-choices": "Sent by that page alone.",
    "POST /s/{site}/privacy-choices/open": "A form of the site opens the page for its visitor, so that the page "
    "shows what was chosen on the site. The script sends it.",
    "GET /s/{site}/privacy-choices/back": "The page's own link back. The site's script reads the result.",
    "GET /s/{site}/gpc.json": "Each origin of the site redirects `/.well-known/gpc.json` here, because the file "
    "speaks for one origin alone.",
    "GET /w/{name}.js": "`/w/acme.js` is today's script of the site `acme`, and `/w/acme.DIGEST.js` one version. "
    "The first may be kept shortly. The second never changes, and is served for 13 months.",
    "GET /w/privacy-choices.d.ts": "For TypeScript.",
    "GET /.well-known/jwks.json": "For auditors. Retired keys stay in it, so that what they signed can be checked.",
    "GET /healthz": "For load balancers: the process answers.",
    "GET /readyz": "For load balancers: a choice can be promised now. It fails while the service drains.",
    "GET /openapi.json": "For programs.",
}
"""Explanation of each call."""
_IN_PATH: Final = {
    "id": "The receipt's id.",
    "name": "The site's key, or the key, a dot and a digest.",
    "nonce": "The text that the service made for this second step.",
}
"""Meaning of the parts of a path that the description leaves without words."""


def render() -> str:
    """Return the whole page."""
    described: Json = json.loads(describe("https://privacy.acme.example"))
    calls = {
        f"{method.upper()} {path}": operation
        for path, operations in described["paths"].items()
        for method, operation in operations.items()
    }
    words_for("calls", calls, _NOTES)
    return page(
        "Calls",
        _ABOUT,
        *(block for call, operation in calls.items() for block in _call(call, operation)),
        "## Members",
        *_schemas(described["components"]["schemas"]),
        "### basis",
        table(("basis", "meaning"), _bases()),
        "## Metrics",
        "`/metrics` has a listener of its own: see [Metrics](metrics.md).",
    )


def _call(call: str, operation: Json) -> Iterator[str]:
    yield f"## {call}"
    yield f"{operation['summary']}. {_NOTES[call]}"
    if parameters := operation["parameters"]:
        rows = (
            (code(one["name"]), one["in"], _needed(one), one.get("description") or _IN_PATH[one["name"]])
            for one in parameters
        )
        yield table(("parameter", "in", "needed", "meaning"), rows)
    if body := operation.get("requestBody"):
        yield f"Body: {_body(body['content'])}."
    answers = {status: answer for status, answer in operation["responses"].items() if not _is_problem(answer)}
    yield table(
        ("answer", "meaning", "body"), (_answer(status, answer) for status, answer in sorted(answers.items()))
    )
    if errors := sorted(set(operation["responses"]) - set(answers) - {"400", "431"}):
        yield f"Errors: {', '.join(errors)}."


def _needed(parameter: Json) -> str:
    return "yes" if parameter.get("required") else "no"


def _body(content: Json) -> str:
    """Return the members of a form, or a link to the schema of a JSON body."""
    [schema, *_] = (media["schema"] for media in content.values())
    if "$ref" in schema:
        return f"{_type(schema)} as {' or '.join(map(code, content))}"
    return f"a form with {', '.join(map(code, schema['properties']))}"


def _is_problem(answer: Json) -> bool:
    return set(answer.get("content", {})) == {"application/problem+json"}


def _answer(status: str, answer: Json) -> tuple[str, str, str]:
    media = answer.get("content", {})
    schemas = [_type(inner["schema"]) for inner in media.values() if "$ref" in inner.get("schema", {})]
    meaning = "" if answer["description"] == "As said" else answer["description"]
    return status, meaning, schemas[0] if schemas else ", ".join(map(code, media))


def _schemas(schemas: Json) -> Iterator[str]:
    """Yield a heading and a table of members for each schema."""
    words_for("calls", schemas, MEMBERS)
    for name, schema in schemas.items():
        members = schema["properties"]
        words_for(f"calls, {name}", members, MEMBERS[name])
        required = schema.get("required", ())
        yield f"### {name}"
        yield table(
            ("member", "type", "always there", "meaning"),
            (
                (code(member), _type(kind), "yes" if member in required else "no", MEMBERS[name][member])
                for member, kind in members.items()
            ),
        )


def _bases() -> Iterator[tuple[str, str]]:
    words_for("calls, basis", {basis.value for basis in Basis}, BASIS)
    return ((code(basis.value), BASIS[basis.value]) for basis in Basis)


def _type(kind: Json) -> str:
    """Return a type of JSON Schema in words."""
    if "$ref" in kind:
        name = kind["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in kind:
        return " or ".join(_type(one) for one in kind["anyOf"])
    if "enum" in kind:
        return " or ".join(code(json.dumps(value)) for value in kind["enum"])
    match kind.get("type"):
        case "array" if kind.get("items"):
            return f"list of: {_type(kind['items'])}"
        case "array":
            return f"[{', '.join(_type(one) for one in kind['prefixItems'])}]"
        case "string":
            words = {"uuid": "UUID", "date-time": "time"}.get(kind.get("format", ""), "text")
            return f"{words}, at most {kind['maxLength']} characters" if "maxLength" in kind else words
        case "integer" if "maximum" in kind:
            return f"whole number, {kind['minimum']} to {kind['maximum']}"
        case None:
            return "any JSON"
        case other:
            return {"integer": "whole number", "boolean": "true or false", "null": "null"}[other]
