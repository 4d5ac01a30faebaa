"""Nothing is acknowledged that is not on the disk: counted under strace, because kill -9 does not test fsync."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

from tests.durability.tracing import Call, calls, strace, syncs_between
from tests.soak.serving import serving
from tests.soak.visiting import OPT_OUT, acknowledged, client, first_choice, post

_LOG: Final = "consent.db-wal"
_REQUEST, _ANSWER = "POST /v1/acme/choices", "HTTP/1.1 201"
_MANY: Final = 64


async def _traced(folder: Path, port: int) -> list[Call]:
    """Return the system calls of one worker for one choice while it was idle, and then for many at once."""
    output = folder / "trace"
    with serving(folder, port, workers=1, under=strace(output)) as server:
        async with client(server.url, _MANY) as http:
            for choices in (1, _MANY):
                asked = [first_choice(OPT_OUT) for _ in range(choices)]
                responses = await asyncio.gather(*(post(http, one) for one in asked))
                for one, response in zip(asked, responses, strict=True):
                    acknowledged(one, response)
    return list(calls(output.read_text().splitlines()))


async def test_rule_5_between_reading_a_choice_and_acknowledging_it_the_log_is_made_durable(
    tmp_path: Path, free_port: int
) -> None:
    """Design rule 5; many that come together share a sync, and each still has one of its own time."""
    trace = await _traced(tmp_path, free_port)
    first_answer = next(place for place, call in enumerate(trace) if _ANSWER in call.arguments)
    alone, crowd = trace[: first_answer + 1], trace[first_answer + 1 :]
    each, _ = syncs_between(alone, _REQUEST, _ANSWER, _LOG)
    assert len(each) == 1
    assert each[0] >= 1
    each, together = syncs_between(crowd, _REQUEST, _ANSWER, _LOG)
    assert len(each) == _MANY
    assert min(each) >= 1
    assert 1 <= together < _MANY
