"""A thousand choices of one visitor at the same moment, over real HTTP with two workers: exact counts, no 5xx."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

import pytest

from tests.soak.auditing import check_folds, ledger
from tests.soak.serving import serving
from tests.soak.visiting import (
    LIMIT,
    OPT_OUT,
    Acknowledged,
    acknowledged,
    client,
    first_choice,
    next_choice,
    post,
)

pytestmark = pytest.mark.soak

_MANY: Final = 1000


async def test_a_thousand_choices_of_one_visitor_are_recorded_once_each(
    tmp_path: Path, free_port: int
) -> None:
    with serving(tmp_path, free_port) as server:
        async with client(server.url, _MANY) as http:
            begun = first_choice(OPT_OUT)
            first = acknowledged(begun, await post(http, begun))
            asked = [next_choice(begun.visitor, first.token, (OPT_OUT, LIMIT)[n % 2]) for n in range(_MANY)]
            responses = await asyncio.gather(*(post(http, one) for one in asked))
        assert {response.status_code for response in responses} == {201}
        answers = [acknowledged(one, response) for one, response in zip(asked, responses, strict=True)]
        found = await ledger(server.store)
        assert len(found) == _MANY + 1
        assert found.keys() == {entry.receipt for entry in [first, *answers]}
        await check_folds(server.store)


async def test_one_first_choice_sent_a_thousand_times_is_one_visitor_with_one_entry(
    tmp_path: Path, free_port: int
) -> None:
    asked = first_choice(OPT_OUT)
    with serving(tmp_path, free_port) as server:
        async with client(server.url, _MANY) as http:
            responses = await asyncio.gather(*(post(http, asked) for _ in range(_MANY)))
        assert {response.status_code for response in responses} == {201}
        answers = [acknowledged(asked, response) for response in responses]
        found = await ledger(server.store)
        assert len(found) == 1
        assert {_proof(entry) for entry in answers} == {(*found, *(one.digest for one in found.values()))}
        await check_folds(server.store)


def _proof(entry: Acknowledged) -> tuple[str, str]:
    return entry.receipt, entry.digest
