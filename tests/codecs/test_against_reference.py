"""Our strings and the reference library's, field set by field set: they must be the same, byte for byte."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from itertools import islice
from random import Random

import pytest

from consent_service.codecs import gpp
from consent_service.codecs.sections import BY_NAME

from .oracle import Oracle, Sections, consulted
from .random_fields import random_sections
from .texts import in_the_specifications_padding

BATCH = 500


@pytest.fixture(scope="module")
def oracle() -> Iterator[Oracle]:
    with consulted() as oracle:
        yield oracle


def test_5_000_random_field_sets_are_the_references_strings(oracle: Oracle) -> None:
    compare(oracle, seed=4, batches=10)


@pytest.mark.soak
def test_100_000_random_field_sets_are_the_references_strings(oracle: Oracle) -> None:
    compare(oracle, seed=secrets.randbits(32), batches=200)


def compare(oracle: Oracle, seed: int, batches: int) -> None:
    """Both ways: what is written, what the library reads in ours, and what we read in its padding and the other."""
    random = Random(seed)
    for _ in range(batches):
        batch: list[Sections] = [random_sections(random) for _ in range(BATCH)]
        ours = [gpp.encode(sections) for sections in batch]
        assert ours == oracle.encode(batch), f"seed {seed}"
        read = [dict(gpp.decode(text).sections) for text in ours]
        assert read == oracle.decode(ours), f"seed {seed}"
        assert read == [gpp.decode(in_other_padding(text)).sections for text in ours], f"seed {seed}"
        assert ours == [gpp.encode(sections) for sections in read], f"seed {seed}"


def in_other_padding(text: str) -> str:
    """The same string with every section padded as the specification says; headers have a test of their own."""
    head, *bodies = text.split("~")
    ids = gpp.section_ids(text)
    return "~".join(
        [
            head,
            *(in_the_specifications_padding(number, body) for number, body in zip(ids, bodies, strict=True)),
        ]
    )


def test_every_section_that_is_written_was_compared() -> None:
    random = Random(4)
    compared = {
        name for sections in islice(iter(lambda: random_sections(random), None), 5000) for name in sections
    }
    assert compared == {"uspv1", *(name for name, section in BY_NAME.items() if section.emitted)}


def test_what_we_refuse_for_its_form_the_reference_refuses_too(oracle: Oracle) -> None:
    malformed = ["z", "invalid gpp string", "DBABTA", "DBABTA~", "DBABTA~1YN", "DBABTA~1YNN~1YNN"]
    assert oracle.decode(malformed) == [None] * len(malformed)
