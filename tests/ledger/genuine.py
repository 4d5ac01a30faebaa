"""A genuine archive of each kind of thing: what is dropped, carried forward, erased, and signed by a second key."""

from __future__ import annotations

from consent_service.domain.facts import ChoiceMade, Erased, Fact, Incentive
from consent_service.domain.words import AgeBand, Method, Stance, Step
from consent_service.identity.key_ring import DAY, rotate_ring
from consent_service.identity.signatures import StatementSigner
from consent_service.ledger import segments
from consent_service.ledger.entries import Device, Evidence
from consent_service.ledger.log_trim import trim_log
from consent_service.ledger.object_names import segment_name
from consent_service.ledger.retention import drop_expired
from consent_service.ledger.verification import VerificationReport, verify
from tests.ledger.mutations import Objects, archive_of, relined
from tests.ledger.sealed import GPC, OPT_OUT, RING, Site, record
from tests.support.clock import START

ROTATED = StatementSigner(rotate_ring(RING, START, b"c" * 32))
NOW = START + 900 * DAY
KEPT = dict.fromkeys(("choice", "signal", "doubt", "carried"), 744 * DAY)
IN_FULL = ChoiceMade(
    START + 800 * DAY,
    Method.SETTINGS,
    sale=Stance.OPTED_IN,
    sensitive=Stance.OPTED_OUT,
    age=AgeBand.ADULT,
    incentive=Incentive(3, True),
    step=Step.CONFIRMED,
)
EVIDENCE = Evidence(Device("mobile", "Firefox"), "2026-01 ü", "en", "2026-11-22T10:00:00+00:00")


async def fill(site: Site) -> dict[str, bytes]:
    """One segment dropped in time; carried standings, signals, choices, an erasure; a key that was rotated."""
    await site.sealed(3)
    site.clock.now += 800 * DAY
    sealer, now = site.sealer(), int(site.clock())
    assert await sealer.take_lease()
    assert await trim_log(sealer, now) == 1
    assert await drop_expired(sealer, KEPT, now) == 1
    await sealer.release_lease()
    site.signer = ROTATED
    facts: tuple[Fact, ...] = (OPT_OUT, GPC, IN_FULL)
    for number, fact in enumerate(facts, 5):
        await record(site.store, number, fact, evidence=EVIDENCE)
    assert await site.seal() == 1
    await record(site.store, 5, Erased(int(site.clock())))
    await record(site.store, 9)
    assert await site.seal() == 1
    return site.objects()


def checked(objects: Objects, *, keyed: bool = True) -> VerificationReport:
    return verify(archive_of(objects), ROTATED.public_keys() if keyed else None, now=NOW)


def lines_of(genuine: Objects, number: int) -> list[bytes]:
    return segments.split(segments.unpack(genuine[segment_name("acme", number)]))


def with_line(objects: Objects, number: int, at: int, line: bytes) -> dict[str, bytes]:
    return relined(objects, ROTATED, "acme", number, lambda lines: [*lines[:at], line, *lines[at + 1 :]])
