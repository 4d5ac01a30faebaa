"""The shape of the description: what programs depend on, without the words that only people read.

    python -m tests.web.openapi_shape > tests/web/openapi_shape.json

Write the file anew only when a change of the public contract is meant, and say so in CHANGELOG.md.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from consent_service.web.openapi import describe

GOLDEN: Final = Path(__file__).with_suffix(".json")
PUBLIC_URL: Final = "https://privacy.example"
WORDS: Final = frozenset({"description", "summary", "title"})
"""Members that only people read, where they hold a text; a property of a body may have one of these names."""


def without_words(described: Any) -> Any:
    """Return a JSON value without the texts of the members in WORDS, at every depth."""
    if isinstance(described, list):
        return [without_words(value) for value in described]
    if not isinstance(described, dict):
        return described
    return {
        name: without_words(value)
        for name, value in described.items()
        if not (name in WORDS and isinstance(value, str))
    }


def shape() -> dict[str, Any]:
    """Return the shape of this version's description. The version's number is no part of it."""
    described = json.loads(describe(PUBLIC_URL))
    del described["info"]
    return dict(without_words(described))


def text() -> str:
    """Return the shape as the golden file holds it."""
    return json.dumps(shape(), indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    print(text(), end="")
