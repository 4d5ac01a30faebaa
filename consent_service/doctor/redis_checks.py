"""Checks of a Redis store, from the facts of its servers. Pure.

Dangerous settings of a server are found by the store itself, by the same rule that refuses to open it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from consent_service.doctor.diagnosis import Diagnosis, fault, hint, ok
from consent_service.doctor.mount_checks import judge_mount, judge_moved
from consent_service.doctor.units import day_text, duration_text, size_text
from consent_service.identity.key_ring import DAY
from consent_service.store.status import FleetFacts, SentinelFacts, ServerFacts

_LOOK_AT: Final = "Look at its log and its disk: it takes no choice until it can write again."
_MEND: Final = "Mend it, or correct the store's URL or password."
_FINISH: Final = (
    "Give the same `move` or `restore` again: it goes on, and no service opens this before it is done."
)
_SKEW_SEEN, _SKEW_REFUSED = 2.0, 60.0
"""Seconds. From the second on, tokens of a machine whose clock is ahead are refused."""
_FAILOVER_LONG: Final = 15.0
"""Seconds. Until a failover begins no choice of the shard is taken, and one who is cut off may read what was."""
_NEARLY_FULL: Final = 0.8
_CERTIFICATE: Final = 30 * DAY


def judge_servers(facts: FleetFacts, now: int, *, relaxed: bool) -> Iterator[Diagnosis]:
    """Yield all diagnoses of the servers. `relaxed`: the operator accepted that choices can be lost."""
    yield from (fault("store", trouble, _MEND) for trouble in facts.troubles)
    if facts.half_copied is not None:
        sentence = f"{facts.name} holds half a copy of a store; whole shards so far: {facts.half_copied}"
        yield fault("store", sentence, _FINISH)
    elif facts.moved is not None:
        yield judge_moved(facts.name, facts.moved)
    elif facts.laid is not None:
        yield ok("store", f"{facts.name}: layout {facts.laid.version}, {facts.laid.shards} shards a site")
    elif not facts.troubles:
        yield hint("store", f"{facts.name} holds no store yet", "The first `serve` makes it.")
    for server in facts.servers:
        yield _judge_engine(server)
        if server.is_master or server.danger:
            yield _judge_durability(server, facts.remedy, relaxed=relaxed)
        yield from _judge_replicas(server, facts)
        yield from _judge_minority(server, facts)
        yield from _judge_restart(server, facts)
        yield from judge_mount("disk", f"what {server.name} writes", server.mount, accepted=True)
        yield _judge_memory(server)
        yield _judge_clock(server)
        yield from _judge_failover(server)
        yield from _judge_persistence_and_certificate(server, now)
    for sentinel in facts.sentinels:
        yield _judge_sentinel(sentinel)


def _judge_engine(server: ServerFacts) -> Diagnosis:
    sentence = f"{server.name}: {server.engine}, {'master' if server.is_master else 'replica'}"
    if not server.supported:
        return fault(
            "engine", sentence, "Install Redis 7.0 or newer, or Valkey: the service refuses this one."
        )
    return ok("engine", sentence)


def _judge_durability(server: ServerFacts, remedy: str, *, relaxed: bool) -> Diagnosis:
    if server.danger:
        sentence = f"{server.name} {server.danger}; an acknowledged choice could be lost"
        if relaxed:
            return hint("durability", f'{sentence}, as `durability = "relaxed"` accepts', remedy)
        if not server.is_master:
            return hint(
                "durability", f"{sentence} once it becomes master: the service would refuse it", remedy
            )
        return fault("durability", sentence, remedy)
    if server.on_disk:
        return ok("durability", f"{server.name} has each choice on its disk before it is acknowledged")
    if relaxed:
        return hint(
            "durability",
            f"{server.name} answers before its replicas have a choice",
            'Take `durability = "relaxed"` away: then each choice waits for them.',
        )
    return ok("durability", f"{server.name} has each choice on all its replicas before it is acknowledged")


def _judge_replicas(server: ServerFacts, facts: FleetFacts) -> Iterator[Diagnosis]:
    if not server.is_master:
        return
    expected = max([server.expected, *(sentinel.replicas for sentinel in facts.sentinels)])
    sentence = f"{server.name} is followed by {server.replicas} of {expected} replicas"
    if server.replicas < expected:
        if server.on_disk:
            yield hint("replicas", sentence, "Bring the missing ones back: until then less can take over.")
        else:
            yield fault("replicas", sentence, "Bring the missing ones back: choices wait for all of them.")
    elif expected == 1 and not server.on_disk:
        alone = (
            "Give it a second one: after a failover a single one takes no choice until the old one is back."
        )
        yield hint("replicas", sentence, alone)
    elif expected:
        yield ok("replicas", sentence)
    elif facts.sentinels or server.node_timeout is not None:
        yield hint("replicas", f"{server.name} has no replica: nothing takes over when it fails", "Add one.")


def _judge_minority(server: ServerFacts, facts: FleetFacts) -> Iterator[Diagnosis]:
    """Yield a fault if a master cut off with few replicas could acknowledge a choice that is then lost.

    A cluster's master waits for all its replicas. A master behind Sentinels does not know of absent ones.
    """
    needed = max((sentinel.replicas + 1) // 2 for sentinel in facts.sentinels) if facts.sentinels else 0
    if server.is_master and server.fewest < needed:
        sentence = (
            f"{server.name} takes choices with {server.fewest} of its replicas: a cut may leave these with it, and "
            "the Sentinels put another in its place that never had them"
        )
        yield fault(
            "minority",
            sentence,
            f"Set `min-replicas-to-write {needed}` on every server, and run a Sentinel beside each.",
        )


def _judge_restart(server: ServerFacts, facts: FleetFacts) -> Iterator[Diagnosis]:
    if server.forgets and (facts.sentinels or server.node_timeout is not None):
        sentence = (
            f"{server.name} writes no append-only file: started again before a replica has taken over, it comes back "
            "empty, and its replicas throw away what they have"
        )
        yield hint("restart", sentence, "Set `appendonly yes` on every server.")


def _judge_memory(server: ServerFacts) -> Diagnosis:
    used = f"{server.name} uses {size_text(server.memory)} of memory"
    if not server.memory_limit:
        return ok("memory", f"{used}, without a limit of its own")
    used += f" of {size_text(server.memory_limit)}"
    if server.memory > _NEARLY_FULL * server.memory_limit:
        return hint("memory", used, "Raise maxmemory: when it is full no choice can be recorded.")
    return ok("memory", used)


def _judge_clock(server: ServerFacts) -> Diagnosis:
    ahead = "ahead of" if server.skew > 0 else "behind"
    sentence = f"the clock of {server.name} is {abs(server.skew):.3f} s {ahead} this machine's, give or take "
    sentence += f"{server.doubt:.3f} s"
    apart = abs(server.skew) - server.doubt
    if apart > _SKEW_REFUSED:
        return fault(
            "clock", sentence, "Run a time service on both: whose clock is right can't be told from here."
        )
    if apart > _SKEW_SEEN:
        return hint("clock", sentence, "Run a time service on both machines.")
    return ok("clock", sentence)


def _judge_failover(server: ServerFacts) -> Iterator[Diagnosis]:
    if server.node_timeout is None or not server.is_master:
        return
    sentence = (
        f"when {server.name} fails, a replica takes over after {duration_text(server.node_timeout)} and an election; "
        "whoever is cut off with a minority may be told an older flag as long"
    )
    if server.node_timeout > _FAILOVER_LONG:
        yield hint("failover", sentence, "Lower cluster-node-timeout: 5000 suits most networks.")
    else:
        yield ok("failover", sentence)


def _judge_sentinel(sentinel: SentinelFacts) -> Diagnosis:
    sentence = (
        f"the Sentinel {sentinel.name} takes a master for down after {duration_text(sentinel.down_after)}; "
        "whoever is cut off together with that master may be told an older flag until the cut ends"
    )
    if sentinel.others + 1 < sentinel.quorum or sentinel.others < 2:
        with_peers = (
            f"{sentence}. It knows {sentinel.others} other Sentinels, and {sentinel.quorum} must agree"
        )
        return hint("failover", with_peers, "Run three Sentinels or more on machines of their own.")
    if sentinel.down_after > _FAILOVER_LONG:
        return hint("failover", sentence, "Lower down-after-milliseconds: 5000 suits most networks.")
    return ok("failover", sentence)


def _judge_persistence_and_certificate(server: ServerFacts, now: int) -> Iterator[Diagnosis]:
    for name in server.failing:
        yield fault("persistence", f"{server.name} says {name} is not ok", _LOOK_AT)
    until = server.certificate_until
    if until is not None and until - now < _CERTIFICATE:
        sentence = f"the certificate of {server.name} holds until {day_text(until)}"
        yield hint("certificate", sentence, "Renew it: after that day the service does not trust the server.")
