"""After a backup was restored: what visitors decided since is forgotten, and that is never taken for a yes."""

from __future__ import annotations

from pathlib import Path

import pytest

from consent_service.store.sqlite import backup, restore
from tests.support.application import running

UNAVAILABLE = ("denied", "denied", "denied", "unavailable")


def ruling(flag: dict[str, object]) -> tuple[object, ...]:
    return flag["sale"], flag["share"], flag["sensitive"], flag["basis"]


@pytest.mark.parametrize("cache", [True, False], ids=["cached", "not cached"])
async def test_rule_2_a_choice_that_was_lost_denies_however_far_its_record_has_come_since(
    tmp_path: Path, cache: bool
) -> None:
    saved = tmp_path / "saved.db"
    async with running(tmp_path, cache=cache) as before:
        kept = (await before.signal(gpc=True)).json()["visitor"]
        backup(before.store_path, saved)
        lost = (await before.choose(sale_share="opt_out", visitor=kept)).json()["visitor"]
        unknown = (await before.choose(sale_share="opt_out")).json()["visitor"]
    restore(saved, before.store_path, now=before.clock())
    async with running(tmp_path, cache=cache) as after:
        for _ in range(5):
            again = await after.choose(sensitive="limit", visitor=kept)
            assert again.status_code == 201
        assert ruling(await after.flag(visitor=kept))[-1] == "gpc"
        for token in (lost, unknown):
            assert ruling(await after.flag(visitor=token)) == UNAVAILABLE
        answer = await after.choose(sale_share="opt_out", visitor=lost)
        assert answer.status_code == 201, "who is not recognised may still opt out"
        assert (await after.flag(visitor=answer.json()["visitor"]))["basis"] == "choice"


async def test_rule_2_a_second_step_begun_before_the_restoration_confirms_nothing_after_it(
    tmp_path: Path,
) -> None:
    saved = tmp_path / "saved.db"
    async with running(tmp_path) as before:
        token = (await before.choose(sale_share="opt_out")).json()["visitor"]
        backup(before.store_path, saved)
        asked = (await before.choose(sale_share="opt_in", visitor=token)).json()
    restore(saved, before.store_path, now=before.clock())
    async with running(tmp_path) as after:
        again = (await after.choose(sensitive="limit", visitor=token)).json()["visitor"]
        await after.confirm(asked["confirm_url"])
        assert (await after.flag(visitor=again))["sale"] == "denied"
