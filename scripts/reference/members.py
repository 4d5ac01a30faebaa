"""Meanings of the members of bodies and answers, by schema of the OpenAPI description. Words alone."""

from __future__ import annotations

from typing import Final

MEMBERS: Final[dict[str, dict[str, str]]] = {
    "Flag": {
        "site": "The site's key.",
        "sale": "`allowed` or `denied`.",
        "share": "`allowed` or `denied`.",
        "sensitive": "`allowed` or `denied`: the use of sensitive personal information.",
        "basis": "Why: see [basis](#basis).",
        "gpc": "True if this call carried the signal, or if the signal is on record.",
        "gpp": "The [GPP string](gpp-sections.md).",
        "gpp_sid": "Ids of the GPP sections that apply; `[-1]` if none does.",
        "us_privacy": "The US Privacy string. It says opted out if sale or sharing is denied.",
        "as_of": "When this was true, to the second (RFC 3339, UTC).",
        "max_age": "For how many seconds the flag may be kept. 0 in doubt.",
    },
    "SignalsBody": {
        "gpc": "`navigator.globalPrivacyControl`, if the browser has it. Only `true` says something.",
        "visitor": "The visitor token, if the page has one.",
        "id": "A random UUID, the same for a retry.",
        "storage": "False if this browser can't keep a token, so that no record is begun for a signal alone.",
        "result": "The signed result that the choices page put behind `#privacy-choices=`.",
        "state": "The text that this page made before it sent the visitor to the choices page.",
        "prior": "The cookie of the consent tool before, for sites with `prior_ids`.",
    },
    "PriorBody": {
        "cookie": "The cookie's name.",
        "id": "The id of the visitor in it.",
    },
    "SignalsAnswer": {
        "flag": "The flag.",
        "visitor": "The visitor token, or null while there is no record.",
        "show": "Parts that the page should show.",
        "may_ask_after": "From when on the visitor may be asked again (RFC 3339); null: at once.",
    },
    "ShowBody": {
        "banner": "Ask the visitor.",
        "honored": "Say that the signal is honoured.",
        "conflict": "Say that the signal meets an earlier opt-in.",
    },
    "ChoicesBody": {
        "sale_share": "The choice about sale and sharing together.",
        "sale": "The choice about sale alone.",
        "share": "The choice about sharing alone.",
        "sensitive": "Limit the use of sensitive information, or lift the limit.",
        "incentive": "Join or leave an incentive programme.",
        "age": "Age in whole years, or a band. Only the band is kept.",
        "method": "Way of the choice, such as `banner`, `settings` or `page`. An unknown word counts as `other`.",
        "notice": "The version of the notice that the visitor saw.",
        "lang": "The language in which the visitor was asked.",
        "made_at": "The time by the visitor's own clock (RFC 3339). It is evidence and orders nothing.",
        "visitor": "The visitor token, if the page has one.",
        "id": "A random UUID. A retry with the same `id` has the same outcome, for 30 days.",
    },
    "IncentiveBody": {
        "id": "The programme's key in the site's `incentives`.",
        "do": "Join or leave.",
    },
    "ChoicesAnswer": {
        "flag": "The flag after this choice.",
        "visitor": "The visitor token to keep.",
        "receipt": "With 201: the proof that the choice was recorded.",
        "confirm_url": "With 202: the page of the second step. It is good for ten minutes.",
    },
    "ReceiptBody": {
        "id": "The receipt's id, for `GET /v1/{site}/receipts/{id}`.",
        "site": "The site's key.",
        "at": "When the choice was recorded (RFC 3339, UTC).",
        "digest": "SHA-256 of the entry's bytes, in hexadecimal.",
    },
    "ProofBody": {
        "id": "The receipt's id.",
        "site": "The site's key.",
        "entry": "The entry, byte for byte as the ledger holds it.",
        "digest": "SHA-256 of those bytes, in hexadecimal.",
        "place": "Where the entry stands: shard, commit in it, number in the commit.",
        "sealed": "True once a segment of the archive holds the entry.",
        "promise": "The signed promise that the entry will be sealed at this place.",
        "checkpoint": "The signed checkpoint of its segment; null until it is sealed.",
        "inclusion": "The proof that the entry is in that segment; null until it is sealed.",
    },
    "Signed": {
        "text": "The signed text. The signature is over the line *consent-service promise 1* "
        "(or *consent-service checkpoint 1*) and this text.",
        "key": "The id of the key in `/.well-known/jwks.json`.",
        "signature": "Ed25519, in base64url.",
    },
    "Inclusion": {
        "line": "The line of the segment.",
        "index": "The number of the line in the segment, from 0.",
        "size": "How many lines the segment has.",
        "path": "Hashes in hexadecimal, from the bottom up (RFC 6962).",
    },
    "Problem": {
        "type": "The stable kind: see [Problems](problems.md).",
        "title": "The kind in a few words.",
        "status": "The answer's status.",
        "detail": "What was wrong, where, and what to do.",
    },
}

BASIS: Final[dict[str, str]] = {
    "gpc": "The signal denies sale and sharing.",
    "choice": "The visitor opted out or limited.",
    "consumer": "A choice that belongs to the logged-in person decided. To come.",
    "minor": "The visitor is below the age at which an opt-in is needed, and did not opt in.",
    "affirmed": "The visitor confirmed in two steps that the site may ignore the signal.",
    "opted_in": "The visitor opted in, in two steps where that was needed.",
    "default": "The visitor decided nothing, so the law's default holds.",
    "unavailable": "Doubt: an identity that can't be honoured, or a store that can't answer. Everything is denied.",
}
