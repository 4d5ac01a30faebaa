"""Write what this version stores and signs, so that later versions prove that they still open it.

    python -m tests.upgrade.make tests/upgrade/made_by_$(git rev-parse --short HEAD)

Run it once for each release, at its commit, and commit the folder. The test finds it by its name. The clock is the
tests' own, and the keys are the tests' own: nobody else's secret is in these files.
"""

from __future__ import annotations

import asyncio
import base64
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from consent_service.domain.words import SALE_AND_SHARE
from consent_service.identity.key_ring import DAY, encode_ring, new_ring, rotate_ring
from consent_service.identity.signatures import StatementSigner
from consent_service.importing.line_outcomes import OptOut
from consent_service.importing.recorder import ExportOrigin, Recorder
from consent_service.ledger.archive import FolderArchive
from consent_service.ledger.log_trim import trim_log
from consent_service.ledger.sealer import Sealer
from consent_service.store.engines import engine_of
from tests.support.application import Running, running
from tests.support.clock import START, Clock
from tests.support.redis.fleets import Standalone
from tests.support.redis.server import Server

LONG_AGO: Final = START - 200 * DAY
"""So long ago that the store has let go of the entries; they are in the archive alone."""
FIRST_RING: Final = new_ring(
    LONG_AGO - DAY, b"upgrade key 1".ljust(32, b"."), b"upgrade hashing".ljust(32, b".")
)
RING: Final = rotate_ring(FIRST_RING, START - DAY, b"upgrade key 2".ljust(32, b"."))
COOKIE: Final = "OptanonConsent"
REQUEST: Final = "6f1b2a3c-0d4e-4f5a-8b6c-7d8e9fa0b1c2"
CHOICES: Final[dict[str, dict[str, Any]]] = {
    "opted out": {"sale_share": "opt_out", "id": REQUEST},
    "sale alone": {"sale": "opt_out"},
    "limited": {"sensitive": "limit"},
    "opted in": {"sale_share": "opt_in"},
    "fifteen": {"age": 15},
}
"""Visitors of the site `acme` by name, and their one choice."""


async def make(folder: Path) -> None:
    """Write the folder, which must not be there yet: the key ring, and for each engine what it holds."""
    folder.mkdir()
    (folder / "ring.json").write_text(encode_ring(RING))
    (folder / "sqlite").mkdir()
    await fill(folder / "sqlite", None)
    for lock in (folder / "sqlite").glob("consent.db.*"):
        lock.unlink()
    (folder / "sqlite" / "consent.db").rename(folder / "sqlite" / "store")
    (folder / "redis").mkdir()
    fleet = Standalone()
    try:
        await fill(folder / "redis", fleet.url)
        (folder / "redis" / "server.json").write_bytes(to_text(fleet.servers[0].dump()))
    finally:
        Server.end_all()


async def fill(folder: Path, store: str | None) -> None:
    """Serve visitors over an empty store, seal, back it up, and write down what they were told."""
    (folder / "archive").mkdir()
    clock = Clock(LONG_AGO)
    async with serve(folder, store, clock, FIRST_RING) as service:
        trimmed = (await service.choose(sale_share="opt_out")).json()
        await seal(service, folder)
        clock.now = START - 2 * DAY
        key_1 = (await service.choose(sale_share="opt_out")).json()
    clock.now = START
    async with serve(folder, store, clock, RING) as service:
        answers = {"trimmed": trimmed, "under the first key": key_1, **await visit(service)}
        await seal(service, folder)
        answers["not sealed"] = (await service.choose(sale_share="opt_out")).json()
        waiting = (await service.choose(sale_share="opt_in", visitor=answers["opted out"]["visitor"])).json()
        engine = engine_of(service.store_url)
        await asyncio.to_thread(engine.backup, service.store_url, folder / "backup")
        since = (await service.choose(sale_share="opt_out")).json()
        said = {
            "now": int(clock()),
            "jwks": (await service.client.get("/.well-known/jwks.json")).json(),
            "visitors": {name: await shown(service, answer) for name, answer in answers.items()},
            "since the backup": await shown(service, since),
            "repeated": {"body": CHOICES["opted out"], "receipt": answers["opted out"]["receipt"]},
            "second step": {
                "confirm_url": waiting["confirm_url"],
                "visitor": answers["opted out"]["visitor"],
            },
        }
    (folder / "said.json").write_bytes(msgspec.json.format(msgspec.json.encode(said), indent=2) + b"\n")


@asynccontextmanager
async def serve(folder: Path, store: str | None, clock: Clock, ring: Any) -> AsyncIterator[Running]:
    """The service over this store, with the archive in the folder and another tool's ids."""
    more = f'[ledger]\narchive = "{folder.absolute()}/archive"\n'
    async with running(
        folder, store=store, clock=clock, ring=ring, more=more, on_site='prior_ids = ["onetrust"]'
    ) as service:
        yield service


async def visit(service: Running) -> dict[str, dict[str, Any]]:
    """Let each kind of visitor come by; return the service's answers by name."""
    answers = {name: (await service.choose(**body)).json() for name, body in CHOICES.items()}
    answers["signalled"] = (await service.signal(gpc=True)).json()
    affirmed = (await service.signal(gpc=True)).json()["visitor"]
    asked = (await service.choose(sale_share="opt_in", visitor=affirmed)).json()
    assert (await service.confirm(asked["confirm_url"])).status_code == 200
    answers["affirmed"] = {"visitor": affirmed}
    answers["erased"] = (await service.choose(sale_share="opt_out")).json()
    assert await service.erase(answers["erased"]["visitor"])
    del answers["erased"]["receipt"]
    async with service.opened() as store:
        recorder = Recorder(store, service.ring, ExportOrigin("acme", COOKIE), service.clock)
        lines = [OptOut(number, f"id-{number}", SALE_AND_SHARE, "") for number in (1, 2)]
        assert [outcome.line async for outcome in recorder.record_lines(iter(lines))] == [1, 2]
    answers["imported"] = (await service.signal(prior={"cookie": COOKIE, "id": "id-1"})).json()
    return answers


async def seal(service: Running, folder: Path) -> None:
    """Seal what waits, and trim what was sealed long ago, as the work process does."""
    archive = FolderArchive(folder / "archive")
    async with service.opened() as store:
        sealer = Sealer(store, archive, StatementSigner(service.ring), "acme", service.clock)
        assert await sealer.take_lease()
        await sealer.seal()
        await trim_log(sealer, int(service.clock()) - 90 * DAY)
        await sealer.release_lease()


async def shown(service: Running, answer: dict[str, Any]) -> dict[str, Any]:
    """Return what this visitor holds and is told: the token, the flag, and the proof that the receipt leads to."""
    told = {"visitor": answer["visitor"], "flag": await service.flag(visitor=answer["visitor"])}
    if receipt := answer.get("receipt"):
        proof = (await service.client.get(f"/v1/acme/receipts/{receipt['id']}")).json()
        told |= {"receipt": receipt, "proof": proof}
    return told


def to_text(values: Mapping[bytes, bytes]) -> bytes:
    """Keys and values of a Redis server as JSON, in base64. Inverse of `from_text`."""
    text = {base64.b64encode(key).decode(): base64.b64encode(value).decode() for key, value in values.items()}
    return msgspec.json.format(msgspec.json.encode(text), indent=2) + b"\n"


def from_text(text: bytes) -> dict[bytes, bytes]:
    """Inverse of `to_text`."""
    values: dict[str, str] = msgspec.json.decode(text)
    return {base64.b64decode(key): base64.b64decode(value) for key, value in values.items()}


if __name__ == "__main__":
    asyncio.run(make(Path(sys.argv[1])))
