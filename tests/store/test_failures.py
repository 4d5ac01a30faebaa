"""Every method fails as a StoreError when the store is closed or lost, and nobody is left waiting."""

from __future__ import annotations

import asyncio

import pytest

from consent_service.errors import StoreUnavailable
from consent_service.store.contract import Store
from tests.store.every_method import CALLS, Call
from tests.store.harness import Harness


def test_no_method_of_the_contract_is_left_out() -> None:
    methods = {name for name in vars(Store) if not name.startswith("_")}
    assert methods == {*CALLS, "close", "shards", "is_lost"}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_every_method_works_on_an_empty_store(store: Store, call: Call) -> None:
    await call(store)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_every_method_of_a_closed_store_says_so(engine: Harness, call: Call) -> None:
    store = await engine.open()
    await store.close()
    with pytest.raises(StoreUnavailable, match="closed"):
        await call(store)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_every_method_of_a_lost_store_says_so_again_and_again(
    engine: Harness, store: Store, call: Call
) -> None:
    await call(store)
    engine.lose()
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            await call(store)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_a_caller_that_gives_up_takes_nobody_with_it(store: Store, call: Call) -> None:
    impatient = [asyncio.ensure_future(call(store)) for _ in range(20)]
    patient = asyncio.ensure_future(call(store))
    await asyncio.sleep(0)
    for task in impatient:
        task.cancel()
    await patient
    assert all(
        isinstance(o, asyncio.CancelledError)
        for o in await asyncio.gather(*impatient, return_exceptions=True)
    )


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_every_method_works_in_one_event_loop_after_another(engine: Harness, call: Call) -> None:
    store = asyncio.run(engine.open())
    asyncio.run(_twice(store, call))
    asyncio.run(_twice(store, call))
    asyncio.run(store.close())


async def _twice(store: Store, call: Call) -> None:
    await asyncio.gather(call(store), call(store))
