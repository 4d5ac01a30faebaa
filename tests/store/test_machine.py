"""Any sequence of calls leaves the store as the plain model says.

On a busy machine a server may not answer in time, and nobody knows then whether a commit was made. Such an example
proves nothing and is given up; hypothesis fails the test when most of them are.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, reject, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from consent_service.errors import Conflict, CursorExpired, StoreTimeout, StoreUnavailable
from consent_service.store.contract import Append, Change, Key, Member, Position, Put, Store, Trim
from tests.store.conftest import ENGINES
from tests.store.model import Model
from tests.support.clock import START, Clock

SHARDS = ["a.00", "a.01", "a.desk"]
NAMES = [b"v1", b"v2", b"r\0"]
LOGS = ["ledger", "mail"]

shards, names, logs = st.sampled_from(SHARDS), st.sampled_from(NAMES), st.sampled_from(LOGS)
values = st.binary(max_size=8)
scores = st.integers(-3, 3)
expiries = st.none() | st.integers(START - 1, START + 20)
members = st.builds(Member, st.just(b"due"), st.binary(min_size=1, max_size=1), scores)
trims = st.builds(Trim, logs, st.integers(0, 12))


def some(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(strategy, max_size=3)


changes = st.builds(
    Change,
    shards,
    st.dictionaries(names, st.just(0), max_size=2),
    put=some(st.builds(Put, names, values, expiries)),
    delete=some(names),
    add=some(members),
    remove=some(st.tuples(st.just(b"due"), st.binary(min_size=1, max_size=1))),
    append=some(st.builds(Append, logs, values)),
    trim=st.lists(trims, max_size=1),
)


class StoreMachine(RuleBasedStateMachine):
    """Two openings of one store, a model, two readers of a log, and a follower of changed()."""

    engine_name = ""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = Clock()
        self.engine = ENGINES[self.engine_name](Path(self.folder.name), self.clock)
        self.model = Model(self.clock)
        self.cursors = dict.fromkeys(LOGS, "")
        self.last: dict[str, dict[str, Position]] = {log: {} for log in LOGS}
        self.changed_since: set[Key] = set()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Return the result of this work; give the example up when a server did not answer in time."""
        try:
            return self.loop.run_until_complete(work)
        except (StoreTimeout, StoreUnavailable):
            reject()

    @initialize()
    def open(self) -> None:
        self.stores: list[Store] = [self.run(self.engine.open()) for _ in range(2)]
        self.mark = self.run(self.stores[0].changed_since(None)).mark

    def teardown(self) -> None:
        for store in self.stores:
            self.run(store.close())
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()
        self.folder.cleanup()

    @rule(changes=st.lists(changes, min_size=1, max_size=4), which=st.integers(0, 1), stale=st.booleans())
    def commit_together(self, changes: list[Change], which: int, stale: bool) -> None:
        """Changes sent in one turn; they expect what stands now, or (`stale`) perhaps something else."""
        if not stale:
            changes = [self.up_to_date(change) for change in changes]
        outcomes = self.run(self.gather([self.stores[which].commit(change) for change in changes]))
        if any(isinstance(outcome, StoreTimeout | StoreUnavailable) for outcome in outcomes):
            reject()
        for change, outcome in zip(changes, outcomes, strict=True):
            try:
                expected: object = self.model.commit(change)
                self.changed_since |= {Key(change.shard, name) for name in written(change)}
            except Conflict:
                expected = Conflict
            assert (outcome if isinstance(outcome, int) else type(outcome)) == expected

    @rule(log=logs, limit=st.integers(1, 9), which=st.integers(0, 1))
    def read_on(self, log: str, limit: int, which: int) -> None:
        """A reader takes its next page; whoever was overtaken by a trim starts again."""
        last = self.last[log]
        reading = self.stores[which].read(log, SHARDS, self.cursors[log], limit)
        try:
            expected = {shard: self.model.behind(log, shard, last.get(shard)) for shard in SHARDS}
        except CursorExpired:
            with pytest.raises(CursorExpired):
                self.run(reading)
            self.cursors[log], self.last[log] = "", {}
            return
        page = self.run(reading)
        assert len(page.entries) == min(limit, sum(map(len, expected.values())))
        for shard in SHARDS:
            mine = [entry for entry in page.entries if entry.shard == shard]
            assert mine == list(expected[shard][: len(mine)])
            start = self.model.dropped.get((log, shard), Position(0, 0))
            last[shard] = mine[-1].position if mine else last.get(shard, start)
        self.cursors[log] = page.cursor

    @rule(shard=shards, low=scores, high=scores, reverse=st.booleans(), limit=st.integers(1, 9))
    def range(self, shard: str, low: int, high: int, reverse: bool, limit: int) -> None:
        expected = self.model.range(shard, b"due", low, high)
        assert self.run(self.stores[0].count(shard, b"due", low, high)) == len(expected)
        if reverse:
            expected.reverse()
        after: Member | None = None
        while expected:
            page = self.run(
                self.stores[0].range(shard, b"due", low, high, after=after, limit=limit, reverse=reverse)
            )
            assert page == expected[:limit]
            expected, after = expected[limit:], page[-1]

    @rule(seconds=st.integers(1, 8))
    def wait(self, seconds: int) -> None:
        self.clock.now += seconds

    @rule(which=st.integers(0, 1))
    def ask_what_changed(self, which: int) -> None:
        mark, keys = self.run(self.stores[which].changed_since(self.mark))
        assert keys is None or set(keys) == self.changed_since
        self.mark, self.changed_since = mark, set()

    @rule(which=st.integers(0, 1))
    def open_again(self, which: int) -> None:
        self.run(self.stores[which].close())
        self.stores[which] = self.run(self.engine.open())

    @invariant()
    def documents_agree(self) -> None:
        keys = [Key(shard, name) for shard in SHARDS for name in NAMES]
        for store in self.stores:
            assert self.run(store.get(keys)) == [self.model.get(key) for key in keys]

    def up_to_date(self, change: Change) -> Change:
        expect: Mapping[bytes, int] = {
            name: self.model.version(Key(change.shard, name)) for name in change.expect
        }
        parts = (change.put, change.delete, change.add, change.remove, change.append, change.trim)
        return Change(change.shard, expect, *parts)

    async def gather(self, work: list[Coroutine[Any, Any, int]]) -> list[int | BaseException]:
        return await asyncio.gather(*work, return_exceptions=True)


def written(change: Change) -> set[bytes]:
    return {*(put.name for put in change.put), *change.delete}


def machine_of(engine_name: str) -> type[StoreMachine]:
    return type(f"Machine_{engine_name}", (StoreMachine,), {"engine_name": engine_name})


DIFFERENT = ("sqlite", "redis", "cluster")
"""The others are these behind another door."""


@pytest.mark.parametrize("engine_name", ENGINES)
def test_any_sequence_of_calls_leaves_the_store_as_the_model_says(engine_name: str) -> None:
    run_state_machine_as_test(
        machine_of(engine_name),
        settings=settings(
            max_examples=40 if engine_name in DIFFERENT else 10,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )


@pytest.mark.soak
@pytest.mark.parametrize("engine_name", ENGINES)
def test_any_long_sequence_of_calls_leaves_the_store_as_the_model_says(engine_name: str) -> None:
    run_state_machine_as_test(
        machine_of(engine_name),
        settings=settings(
            max_examples=400 if engine_name in DIFFERENT else 100,
            stateful_step_count=60,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
