"""An upgrade keeps what there was: copies of what an earlier commit wrote are opened, read and gone on with."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from typer.testing import CliRunner

from consent_service.cli.main import app
from consent_service.identity.key_ring import decode_ring
from consent_service.identity.signatures import Signed, Statement, decode_jwks, unsign
from tests.support.application import Running
from tests.support.clock import Clock
from tests.support.configuration import consent_toml, sqlite_url
from tests.support.redis.fleets import FLEETS, Standalone, empty
from tests.upgrade.make import COOKIE, from_text, seal, serve

MADE: Final = sorted(Path(__file__).parent.glob("made_by_*"))
HOUR: Final = 3600
UNTIL_CONFIRMED: Final = 60
"""Seconds between the last call of the earlier commit and the first of this one: a second step has ten minutes."""


@dataclass(frozen=True)
class Earlier:
    """A copy of what one commit wrote with one engine. `store`: None for the SQLite file in the folder."""

    folder: Path
    store: str | None
    said: dict[str, Any]

    @property
    def visitors(self) -> dict[str, dict[str, Any]]:
        """The token of each visitor and what it was answered, by name."""
        return dict(self.said["visitors"])

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which an operator runs a command on this store."""
        url = self.store or sqlite_url(self.folder)
        return {"CONSENT_KEYS_FILE": str(self.folder / "ring.json"), "CONSENT_STORE": url, "COLUMNS": "200"}

    @asynccontextmanager
    async def served(self, later: int = UNTIL_CONFIRMED) -> AsyncIterator[Running]:
        """This version's service over the copy, so many seconds later."""
        ring = decode_ring((self.folder / "ring.json").read_text())
        async with serve(self.folder, self.store, Clock(self.said["now"] + later), ring) as service:
            yield service

    def run(self, *arguments: str) -> tuple[int, str]:
        """Run a command in this environment; return its exit status and what it printed."""
        result = CliRunner().invoke(app, arguments, env=self.environment)
        return result.exit_code, result.output + (f"\n{result.exception}" if result.exception else "")

    async def lose_store(self) -> None:
        """Leave nothing in the store's place."""
        if self.store is None:
            (self.folder / "consent.db").unlink()
        else:
            empty(FLEETS.fleet(Standalone))


@pytest.fixture(scope="module", autouse=True)
def _servers() -> Iterator[None]:
    yield
    FLEETS.end()


@pytest.fixture(params=["sqlite", "redis"])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=MADE, ids=lambda folder: folder.name)
def earlier(request: pytest.FixtureRequest, engine: str, tmp_path: Path) -> Earlier:
    """The copy; over Redis the keys are put into an empty server."""
    folder = tmp_path / "copy"
    shutil.copytree(request.param / engine, folder)
    shutil.copy(request.param / "ring.json", folder)
    (folder / "consent.toml").write_text(
        consent_toml(folder, more=f'[ledger]\narchive = "{folder}/archive"\n')
    )
    said = json.loads((folder / "said.json").read_bytes())
    if engine == "sqlite":
        (folder / "store").rename(folder / "consent.db")
        return Earlier(folder, None, said)
    fleet = FLEETS.fleet(Standalone)
    empty(fleet)
    fleet.servers[0].load(from_text((folder / "server.json").read_bytes()))
    return Earlier(folder, fleet.url, said)


def told(flag: dict[str, Any]) -> dict[str, Any]:
    """The flag without the second at which it was asked."""
    return {name: value for name, value in flag.items() if name != "as_of"}


def test_the_folder_of_at_least_one_earlier_commit_is_found() -> None:
    assert MADE


async def test_every_visitor_token_of_the_earlier_commit_gets_the_flag_that_it_got(earlier: Earlier) -> None:
    async with earlier.served() as service:
        for name, visitor in earlier.visitors.items():
            assert told(await service.flag(visitor=visitor["visitor"])) == told(visitor["flag"]), name
    assert {visitor["flag"]["basis"] for visitor in earlier.visitors.values()} >= {
        *("gpc", "choice", "minor", "affirmed", "opted_in")
    }


async def test_rule_8_who_opted_out_before_the_upgrade_stays_denied_for_months(earlier: Earlier) -> None:
    async with earlier.served(later=150 * 86_400) as service:
        for name in ("trimmed", "under the first key", "opted out", "imported", "not sealed", "signalled"):
            flag = await service.flag(visitor=earlier.visitors[name]["visitor"])
            assert (flag["sale"], flag["share"]) == ("denied", "denied"), name
            assert flag["basis"] != "unavailable", name


async def test_rule_8_who_was_erased_before_the_upgrade_stays_denied(earlier: Earlier) -> None:
    async with earlier.served() as service:
        flag = await service.flag(visitor=earlier.visitors["erased"]["visitor"])
        assert (flag["sale"], flag["share"], flag["basis"]) == ("denied", "denied", "choice")


async def test_every_receipt_of_the_earlier_commit_leads_to_the_same_entry_and_proof(
    earlier: Earlier,
) -> None:
    async with earlier.served() as service:
        jwks = (await service.client.get("/.well-known/jwks.json")).json()
        assert jwks == earlier.said["jwks"]
        keys = decode_jwks(msgspec.json.encode(jwks))
        receipts = {name: visitor for name, visitor in earlier.visitors.items() if "receipt" in visitor}
        assert {"trimmed", "under the first key", "not sealed"} <= receipts.keys()
        for name, visitor in receipts.items():
            answer = await service.client.get(f"/v1/acme/receipts/{visitor['receipt']['id']}")
            assert answer.json() == visitor["proof"], name
            promise = msgspec.json.decode(
                unsign(keys, Statement.PROMISE, Signed(**visitor["proof"]["promise"]))
            )
            assert promise["digest"] == visitor["receipt"]["digest"], name


async def test_a_choice_that_is_sent_again_after_the_upgrade_gets_its_first_receipt(earlier: Earlier) -> None:
    async with earlier.served() as service:
        answer = await service.choose(**earlier.said["repeated"]["body"])
        assert answer.json()["receipt"] == earlier.said["repeated"]["receipt"]


async def test_a_second_step_that_was_begun_before_the_upgrade_is_finished_after_it(earlier: Earlier) -> None:
    step = earlier.said["second step"]
    async with earlier.served() as service:
        assert (await service.flag(visitor=step["visitor"]))["sale"] == "denied"
        assert (await service.confirm(step["confirm_url"])).status_code == 200
        assert (await service.flag(visitor=step["visitor"]))["sale"] == "allowed"


async def test_an_imported_opt_out_is_found_by_who_brings_its_id_after_the_upgrade(earlier: Earlier) -> None:
    async with earlier.served() as service:
        answer = (await service.signal(prior={"cookie": COOKIE, "id": "id-2"})).json()
        assert (answer["flag"]["sale"], answer["flag"]["basis"]) == ("denied", "choice")


async def test_rule_6_records_and_ledger_still_agree_once_every_visitor_has_chosen_again(
    earlier: Earlier,
) -> None:
    async with earlier.served() as service:
        for name, visitor in earlier.visitors.items():
            answer = await service.choose(sensitive="limit", visitor=visitor["visitor"])
            assert answer.status_code == 201, name
            token = answer.json()["visitor"]
            flag = await service.flag(visitor=token)
            assert (flag["sensitive"], flag["sale"]) == ("denied", visitor["flag"]["sale"]), name
            if name not in {"trimmed", "erased"}:  # the store no longer holds the entries that they rest on
                await service.check_fold(token)


async def test_the_archive_passes_verification_as_it_is_and_with_what_this_version_seals(
    earlier: Earlier,
) -> None:
    (earlier.folder / "jwks.json").write_bytes(msgspec.json.encode(earlier.said["jwks"]))
    verify = ("ledger", "verify", str(earlier.folder / "archive"), "--key", str(earlier.folder / "jwks.json"))
    before = earlier.run(*verify)
    assert before[0] == 0, before[1]
    assert before[1].endswith(": no findings\n"), before[1]
    async with earlier.served() as service:
        await seal(service, earlier.folder)
    after = earlier.run(*verify)
    assert after[0] == 0, after[1]
    assert len(list((earlier.folder / "archive/acme/segments").iterdir())) == 3


async def test_a_backup_of_the_earlier_commit_is_restored_and_what_came_after_it_is_in_doubt(
    earlier: Earlier,
) -> None:
    await earlier.lose_store()
    restore = ("restore", str(earlier.folder / "backup"), "--config", str(earlier.folder / "consent.toml"))
    status, printed = await asyncio.to_thread(earlier.run, *restore)
    assert status == 0, printed
    async with earlier.served() as service:
        for name, visitor in earlier.visitors.items():
            assert told(await service.flag(visitor=visitor["visitor"])) == told(visitor["flag"]), name
        lost = await service.flag(visitor=earlier.said["since the backup"]["visitor"])
        assert (lost["sale"], lost["basis"]) == ("denied", "unavailable")


@pytest.mark.parametrize("engine", ["sqlite"])
def test_the_key_ring_is_listed_and_rotated(earlier: Earlier) -> None:
    ring = earlier.folder / "ring.json"
    ring.chmod(0o600)
    status, printed = earlier.run("keys", "list", str(ring))
    assert status == 0, printed
    assert [line.split()[0] for line in printed.splitlines()[1:]] == ["1", "2"]
    status, printed = earlier.run("keys", "rotate", str(ring))
    assert status == 0, printed
    assert decode_ring(ring.read_text()).current_key.number == 3
