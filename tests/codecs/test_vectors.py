"""The committed strings of the reference library, and what its authors' own tests assert."""

from __future__ import annotations

import json
from typing import Any

import pytest

from consent_service.codecs import gpp

from .make_vectors import VECTORS, as_text, vectors
from .oracle import consulted

COMMITTED: list[dict[str, Any]] = json.loads(VECTORS.read_text())


@pytest.mark.parametrize("vector", COMMITTED, ids=lambda vector: vector["text"][:40])
def test_a_committed_string_is_written_and_read(vector: dict[str, Any]) -> None:
    assert gpp.encode(vector["sections"]) == vector["text"]
    read = gpp.decode(vector["text"]).sections
    for name, fields in vector["sections"].items():
        said = {field: tuple(value) if isinstance(value, list) else value for field, value in fields.items()}
        assert said.items() <= read[name].items()


def test_the_committed_strings_are_what_the_reference_library_says_today() -> None:
    with consulted() as oracle:
        assert as_text(vectors(oracle)) == VECTORS.read_text()
