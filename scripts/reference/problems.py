"""The page of the problems: every `type` of an error answer, its status, and what a caller does about it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from consent_service.web.http import problems
from reference.markdown import code, page, table, words_for

_ABOUT: Final = """\
Every error is a JSON object of the type `application/problem+json` (RFC 9457), with these members:

| member | meaning |
|---|---|
| `type` | stable: branch on this |
| `title` | the kind of problem in a few words, for people; may change |
| `status` | the answer's status |
| `detail` | what was wrong this time, where, and what to do; never a secret or a token |
"""
_PREFIX: Final = """\
Each type begins with `{prefix}`. A status that has no row here comes with the type `refused`.

The flag has no problem for doubt. An identity that can't be honoured, or a store that is down, is a flag with
`unavailable`, and its status is 200: see [rule 2](../rules.md#2-doubt-means-denied).
"""
_WORDS: Final[dict[str, tuple[str, str]]] = {
    "invalid-body": (
        "The body is not JSON, or a member is missing, unknown in value, of another type, or there twice.",
        "Correct the member that `detail` names. Don't send the same body again.",
    ),
    "host-missing": (
        "The request has no `Host`, several, or a malformed one.",
        "Send exactly one `Host`. A proxy in front must pass it on.",
    ),
    "body-cut-off": (
        "The body ended too early, or its chunks are malformed.",
        "Send the whole body again, with the same `id`.",
    ),
    "origin-not-allowed": (
        "The `Origin` is missing or is none of the site's; or a form of the service's own pages came from elsewhere.",
        "Add the origin to the site's `origins`, exactly as browsers send it. A proxy must pass `Origin` on.",
    ),
    "fetched-ahead": (
        "A browser wanted the page of the second step before anybody looks at it.",
        "Nothing: the browser asks again when the page is shown.",
    ),
    "parental-consent-required": (
        "The visitor is below the age at which only a parent can consent.",
        "Don't ask this visitor to opt in. What was denied stays denied.",
    ),
    "unknown-site": (
        "No site has the key in the path.",
        "Use the name of the site's table in `consent.toml`.",
    ),
    "unknown-receipt": (
        "No entry has this receipt: it is mistyped, of another site, or its entry was dropped after its months.",
        "Check the receipt's `id` and the site.",
    ),
    "not-found": ("No call has this path.", "Compare the path with [Calls](calls.md)."),
    "method-not-allowed": ("The path has no such method.", "Use a method of the header `Allow`."),
    "body-timeout": ("The body did not come in time.", "Send it again, with the same `id`."),
    "request-id-reused": (
        "The `id` came before with another body.",
        "Send a new random UUID with each new choice, and the same one with a retry alone.",
    ),
    "confirmation-invalid": (
        "The second step is too old, was used, or the visitor's record has changed since.",
        "Let the visitor make the choice again.",
    ),
    "body-too-large": ("The body is longer than allowed.", "Send less; `detail` names the limit."),
    "unsupported-media-type": (
        "The body's type is none that the call reads.",
        "Send JSON as `application/json` or `text/plain`; a form as browsers do.",
    ),
    "misdirected": (
        "A page of the service was asked for under another host than that of `service.public_url`.",
        "Open it there. Let no path of a site lead to the service's pages.",
    ),
    "too-many-requests": (
        "This address wrote more than `limits` allow.",
        "Wait as long as `Retry-After` says. If this meets all visitors, name your proxy in `trusted_proxies`.",
    ),
    "head-too-large": (
        "Path, query and headers together are too long.",
        "Send fewer or shorter cookies and headers.",
    ),
    "store-busy": (
        "Too much waited for the store, so nothing was written.",
        "Send the same call again with the same `id`, after `Retry-After`.",
    ),
    "store-timeout": (
        "The store did not answer in time. The choice may be recorded or not.",
        "Send the same call again with the same `id`, after `Retry-After`.",
    ),
    "store-unavailable": (
        "The store is down, full, moved or damaged. Nothing is acknowledged.",
        "Send the same call again with the same `id`. The operator finds the reason in the log (`store_error`) "
        "and by `consent-service doctor`.",
    ),
    "archive-unavailable": (
        "The archive of the ledger can't be read now.",
        "Ask again later. The operator looks at `ledger.archive`.",
    ),
    "internal": (
        "A defect of the service. Nothing was acknowledged.",
        "Send it again with the same `id`. The operator finds the traceback in the log (`defect`) and reports it.",
    ),
}
"""Meaning of each problem and what to do, by the end of its `type`."""


def render() -> str:
    """Return the whole page."""
    kinds = {kind.slug: kind for value in vars(problems).values() for kind in _kinds(value)}
    words_for("problems", kinds, _WORDS)
    rows = (
        (str(kind.status), code(kind.slug), *_WORDS[kind.slug])
        for kind in sorted(kinds.values(), key=lambda kind: kind.status)
    )
    return page(
        "Problems",
        _ABOUT,
        _PREFIX.format(prefix=problems.TYPE_PREFIX),
        table(("status", "type ends with", "meaning", "what to do"), rows),
    )


def _kinds(value: object) -> Iterator[problems.Kind]:
    """Yield the kinds that a constant of the module is or holds."""
    if isinstance(value, problems.Kind):
        yield value
    elif isinstance(value, dict):
        yield from (inner for inner in value.values() if isinstance(inner, problems.Kind))
