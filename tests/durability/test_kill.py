"""The short form of the soak: the service is killed twice under load, and nothing acknowledged is missing."""

from __future__ import annotations

from pathlib import Path

from tests.soak.rounds import play
from tests.soak.serving import serving
from tests.soak.visiting import Books


async def test_rule_5_an_acknowledged_choice_survives_kill_9_and_standing_equals_the_fold_of_the_log(
    tmp_path: Path, free_port: int
) -> None:
    """Design rules 5 and 6."""
    with serving(tmp_path, free_port) as server:

        async def kill_everything(_books: Books) -> None:
            server.kill()
            server.start()

        tally = await play([server], kill_everything, "everything", 2)
    assert tally.acknowledged > 0
    assert tally.lost == 0
