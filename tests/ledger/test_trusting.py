"""Whoever acts on the archive refuses what `verify` would name: trimming, sealing, erasing again, proofs, export."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from consent_service.domain.facts import Erased
from consent_service.errors import LedgerError, LedgerForked
from consent_service.ledger import checkpoints
from consent_service.ledger.entries import receipt_id
from consent_service.ledger.erasures import Reach, count_undone, read_erasures
from consent_service.ledger.export import FORMATS, EntryFilter
from consent_service.ledger.log_trim import trim_log
from consent_service.ledger.object_names import anchor_name, checkpoint_name, segment_name
from consent_service.ledger.tampering import ArchiveFault
from consent_service.ledger.verification import LEAST_KEPT
from consent_service.services.receipts import Receipts
from tests.ledger.sealed import SIGNER, Site, a_site, record, subject
from tests.support.clock import START

SPOILT: dict[str, Callable[[bytes], bytes]] = {
    "a member added": lambda data: data.replace(b'{"text"', b'{"more":1,"text"'),
    "a member doubled": lambda data: data.replace(b'"key":', b'"key":"","key":', 1),
    "white space": lambda data: data + b"\n",
}


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """Two segments of choices, and one with an erasure."""
    async with a_site(tmp_path, [3, 4]) as made:
        await record(made.store, 1, Erased(START))
        assert await made.seal() == 1
        yield made


@pytest.fixture(params=[*SPOILT, "another checkpoint"])
def spoil(request: pytest.FixtureRequest, site: Site) -> Callable[[int], None]:
    """Spoil a checkpoint: its bytes, or an older one of the same chain lies in its place."""

    def done(number: int) -> None:
        objects = site.objects()
        name, other = checkpoint_name("acme", number), checkpoint_name("acme", number % 3 + 1)
        change = SPOILT.get(request.param)
        site.archive.put(name, objects[other] if change is None else change(objects[name]))

    return done


async def test_nothing_is_trimmed_on_the_word_of_a_checkpoint_that_was_touched(
    site: Site, spoil: Callable[[int], None]
) -> None:
    spoil(1)
    sealer = site.sealer()
    assert await sealer.take_lease()
    with pytest.raises(LedgerError, match=r"checkpoint 1 of acme does not hold: .*: run `ledger verify`"):
        await trim_log(sealer, int(site.clock()))


async def test_nothing_is_sealed_behind_a_checkpoint_that_was_touched(
    site: Site, spoil: Callable[[int], None]
) -> None:
    spoil(3)
    sealer = site.sealer()
    assert await sealer.take_lease()
    with pytest.raises(LedgerForked, match=r"checkpoint 3 of acme .*run `ledger verify`"):
        await sealer.seal()


async def test_nobody_is_erased_again_on_the_word_of_a_checkpoint_that_was_touched(
    site: Site, spoil: Callable[[int], None]
) -> None:
    keys = SIGNER.public_keys()
    assert read_erasures(site.archive, keys, "acme", Reach()).numbers == {subject(1)}
    spoil(3)
    for ask in (
        lambda: read_erasures(site.archive, keys, "acme", Reach()),
        lambda: count_undone(site.archive, keys, "acme", Reach(), lambda _shard, _at: True),
    ):
        with pytest.raises(LedgerError, match=r"checkpoint 3 of acme does not hold: .*: run `ledger verify`"):
            ask()


async def test_erasures_that_were_taken_away_are_missed_and_dropped_ones_are_not(site: Site) -> None:
    checkpoint = checkpoints.open_checkpoint(site.objects()[checkpoint_name("acme", 3)], SIGNER.public_keys())
    site.archive.delete(segment_name("acme", 3))
    with pytest.raises(LedgerError, match=r"segment 3 of acme is missing in the archive, and no anchor"):
        read_erasures(site.archive, SIGNER.public_keys(), "acme", Reach())
    late = max(checkpoint.newest.values()) + LEAST_KEPT
    for number, refused in ((2, True), (3, False)):
        anchor = checkpoints.Anchor("acme", number, checkpoints.digest_of(checkpoint), late)
        site.archive.put(anchor_name("acme", 3), checkpoints.sign(SIGNER, anchor))
        if refused:
            with pytest.raises(LedgerError, match=r"the anchor of segment 3 of acme does not hold"):
                read_erasures(site.archive, SIGNER.public_keys(), "acme", Reach())
        else:
            assert read_erasures(site.archive, SIGNER.public_keys(), "acme", Reach()).numbers == set()


async def test_a_chain_that_was_joined_from_two_is_not_read_for_erasures(site: Site) -> None:
    checkpoint = checkpoints.open_checkpoint(site.objects()[checkpoint_name("acme", 2)], SIGNER.public_keys())
    other = checkpoints.Checkpoint(
        **{name: getattr(checkpoint, name) for name in checkpoint.__struct_fields__}
        | {"at": checkpoint.at + 1}
    )
    site.archive.put(checkpoint_name("acme", 2), checkpoints.sign(SIGNER, other))
    with pytest.raises(LedgerError, match="checkpoint 3 of acme does not continue checkpoint 2"):
        read_erasures(site.archive, SIGNER.public_keys(), "acme", Reach())


async def test_no_receipt_is_proved_under_a_checkpoint_that_was_touched(site: Site) -> None:
    entry = await record(site.store, 7)
    page = await site.store.read("ledger", ["acme.00", "acme.01", "acme.02", "acme.03"], "", 1_000)
    found = next(one for one in page.entries if entry.encode() in one.payload)
    assert await site.seal() == 1
    receipt = receipt_id(entry, found.shard, found.position.sequence)
    receipts = Receipts(site.store, site.archive, SIGNER)
    assert (await receipts.find("acme", receipt)).inclusion is not None
    site.archive.put(checkpoint_name("acme", 4), site.objects()[checkpoint_name("acme", 4)] + b" ")
    with pytest.raises(LedgerError, match=r"checkpoint 4 of acme does not hold: .*run `ledger verify`"):
        await receipts.find("acme", receipt)


async def test_an_entry_that_two_readers_read_otherwise_is_told_and_not_exported(site: Site) -> None:
    site.relined(
        segment_name("acme", 2), lambda lines: [lines[0].replace(b'"at":', b'"at":1,"at":'), *lines[1:]]
    )
    out, told = io.BytesIO(), list[ArchiveFault]()
    FORMATS["jsonl"](site.archive, EntryFilter(), out, told.append)
    assert [str(finding).partition(": its")[0] for finding in told] == [
        f"not-canonical: {segment_name('acme', 2)} line 1"
    ]
    assert len(out.getvalue().splitlines()) == 7


@pytest.mark.parametrize(
    "hide",
    [
        lambda line: line.replace(b'"subject":"', b'"subject":"\\u0061'),
        lambda line: line.replace(b'"subject":"', b'"subject": "'),
        lambda line: line.replace(b'"subject":"', b'"subj\\u0065ct":"'),
        lambda line: line.replace(b'"subject":"', b'"subject":"' + b"0" * 32 + b'","subject": "'),
    ],
    ids=["escaped", "white space", "name escaped", "doubled"],
)
async def test_no_entry_hides_from_its_subject_s_export(site: Site, hide: Callable[[bytes], bytes]) -> None:
    site.relined(segment_name("acme", 2), lambda lines: [hide(lines[0]), *lines[1:]])
    told = list[ArchiveFault]()
    FORMATS["jsonl"](site.archive, EntryFilter(subject=subject(1).hex()), io.BytesIO(), told.append)
    assert [finding.where for finding in told] == [f"{segment_name('acme', 2)} line 1"]
