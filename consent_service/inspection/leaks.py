"""Leaks: the kinds of requests that reach a blocked partner, and advice for each, in one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from consent_service.config import PartnerFacts

LeakKind = Literal["script", "frame", "image", "hint", "style", "header", "request", "stub", "gpc.json"]

ADVICE: Final[Mapping[LeakKind, str]] = {
    "script": 'mark it: type="text/plain" data-right="{rights}" (src may stay)',
    "frame": 'mark it: data-right="{rights}" and data-src in place of src',
    "image": "take it out, or let a marked script make it: browsers fetch an image before any script can hold it",
    "hint": "take it out: it opens the way to the partner before anybody is asked",
    "style": "take it out, or serve the file from the site itself: nothing can hold a style sheet in the markup",
    "header": "take it out of the answer's Link header: browsers follow it before the page is there",
    "request": "mark what began it, or see that the stub stands before it",
    "gpc.json": "redirect it to {resource}: each origin answers for itself (w3c/gpc)",
    "stub": "paste what `consent-service snippet` prints as the first thing in <head>",
}


@dataclass(frozen=True, slots=True)
class Leak:
    """One thing that reaches a blocked partner. `line` 0: not in the page's own markup. `partner` None: anyone.

    `resource`: an address that the advice names.
    """

    kind: LeakKind
    partner: PartnerFacts | None
    evidence: str
    line: int = 0
    resource: str = ""

    def __str__(self) -> str:
        where = f"line {self.line}: " if self.line else ""
        whose = f" ({self.partner.name})" if self.partner else ""
        rights = " ".join(self.partner.rights) if self.partner else ""
        advice = ADVICE[self.kind].format(rights=rights, resource=self.resource)
        return f"{where}{self.kind}{whose}: {self.evidence}\n    {advice}"
