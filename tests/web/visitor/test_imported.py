"""Imported opt-outs: from lines of an export to the flag of whoever brings the id, and to nobody else's."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import httpx2
import pytest

from consent_service.domain.standing import Standing, standing_in
from consent_service.domain.words import SALE_AND_SHARE, Right
from consent_service.identity.visitor_tokens import imported_id_for
from consent_service.importing.line_outcomes import LineOutcome, LineResult, OptOut
from consent_service.importing.recorder import ExportOrigin, Recorder
from consent_service.ledger.entries import ChoiceEntry, standing_of
from consent_service.services.erasure.eraser import Eraser
from consent_service.services.records.drafts import RandomIds
from consent_service.services.records.standings import record_key
from consent_service.store.contract import Change, Put
from consent_service.store.engines import open_store
from consent_service.store.names import LEDGER, site_shards
from tests.support.application import Running
from tests.support.clock import START

COOKIE = "OptanonConsent"
MADE_AT = "2025-01-31T10:00:00+00:00"
ALL = tuple(Right)


def line(number: int, foreign_id: str = "", rights: tuple[Right, ...] = SALE_AND_SHARE) -> OptOut:
    return OptOut(number, foreign_id or f"id-{number}", rights, MADE_AT)


async def bring(
    service: Running, lines: Sequence[OptOut | LineOutcome], *, dry: bool = False, site: str = "acme"
) -> list[LineOutcome]:
    """Import these lines, as another process beside the service does."""
    store = open_store(service.store_url, clock=service.clock)
    try:
        recorder = Recorder(store, service.ring, ExportOrigin(site, COOKIE), service.clock, dry=dry)
        return [outcome async for outcome in recorder.record_lines(iter(lines))]
    finally:
        await store.close()


async def view(service: Running, foreign_id: str = "7", cookie: str = COOKIE, **body: Any) -> dict[str, Any]:
    """The answer to a page view that brings another tool's id."""
    response = await service.signal(prior={"cookie": cookie, "id": foreign_id}, **body)
    assert response.status_code == 200, response.text
    return dict(response.json())


async def choices(service: Running) -> list[ChoiceEntry]:
    return [entry for entry in await service.entries() if isinstance(entry, ChoiceEntry)]


async def imported_document(service: Running, foreign_id: str) -> tuple[bytes, bytes] | None:
    """The imported record's id and its packed standing."""
    store = open_store(service.store_url, clock=service.clock)
    try:
        visitor = imported_id_for(service.ring, "acme", COOKIE, foreign_id)
        (found,) = await store.get([record_key(service.ring, "acme", visitor, store.shards)])
    finally:
        await store.close()
    return None if found is None else (visitor, found.value)


async def test_a_line_is_a_record_with_an_entry_that_says_when_it_was_made(service: Running) -> None:
    assert await bring(service, [line(2, "7", ALL)]) == [LineOutcome(2, LineResult.IMPORTED)]
    (entry,) = await choices(service)
    assert (entry.method, entry.at, entry.made_at) == ("import", START, MADE_AT)
    assert (entry.sale, entry.share, entry.sensitive) == ("opt_out", "opt_out", "limit")
    found = await imported_document(service, "7")
    assert found is not None
    store = open_store(service.store_url)
    page = await store.read(LEDGER, site_shards("acme", store.shards), "", 10)
    await store.close()
    assert standing_in(found[1]) == standing_of([one.payload for one in page.entries]), "rule 6"


async def test_rule_7_the_foreign_id_is_nowhere_in_the_store(service: Running) -> None:
    await bring(service, [line(2, "a-very-telling-id")])
    await view(service, "a-very-telling-id")
    files = [file for file in service.store_path.parent.iterdir() if file.name.startswith("consent.db")]
    assert files
    assert not any(b"a-very-telling-id" in file.read_bytes() for file in files)


async def test_every_line_is_told_of_in_order_and_a_second_time_each_is_there_already(
    service: Running,
) -> None:
    refused = LineOutcome(500, LineResult.REFUSED, "because")
    lines: list[OptOut | LineOutcome] = [line(number) for number in range(2, 9000)]
    lines.insert(498, refused)
    first = await bring(service, lines)
    assert [one.line for one in first] == [one.line for one in lines]
    assert {one.result for one in first if one is not refused} == {LineResult.IMPORTED}
    again = await bring(service, lines)
    assert {one.result for one in again if one is not refused} == {LineResult.ALREADY}
    assert len(await choices(service)) == 8998


async def test_two_lines_of_one_id_are_one_record_and_the_second_adds_what_is_new(service: Running) -> None:
    lines = [line(2, "7", (Right.SALE,)), line(3, "7", (Right.SALE,)), line(4, "7", ALL)]
    results = [one.result for one in await bring(service, lines)]
    assert results == [LineResult.IMPORTED, LineResult.ALREADY, LineResult.IMPORTED]
    assert [(entry.sale, entry.share) for entry in await choices(service)] == [
        ("opt_out", None),
        (None, "opt_out"),
    ]


async def test_two_imports_of_one_file_at_once_record_each_line_once(service: Running) -> None:
    lines = [line(number) for number in range(2, 300)]
    one, other = await asyncio.gather(bring(service, lines), bring(service, lines))
    for first, second in zip(one, other, strict=True):
        assert {first.result, second.result} == {LineResult.IMPORTED, LineResult.ALREADY}
    assert len(await choices(service)) == 298


async def test_a_dry_run_tells_the_same_and_writes_nothing(service: Running) -> None:
    await bring(service, [line(2)])
    told = await bring(service, [line(2), line(3)], dry=True)
    assert [one.result for one in told] == [LineResult.ALREADY, LineResult.IMPORTED]
    assert len(await choices(service)) == 1


async def test_whoever_brings_an_imported_id_is_opted_out_from_then_on(service: Running) -> None:
    await bring(service, [line(2, "7")])
    told = await view(service)
    flag = told["flag"]
    assert (flag["sale"], flag["share"], flag["sensitive"], flag["basis"]) == (
        "denied",
        "denied",
        "allowed",
        "choice",
    )
    assert told["show"]["banner"] is False
    assert told["may_ask_after"] == "2027-11-22T10:00:00Z", "rule 9"
    assert (await service.flag(visitor=told["visitor"]))["sale"] == "denied"
    _, own = await choices(service)
    assert (own.method, own.sale, own.share, own.sensitive) == ("import", "opt_out", "opt_out", None)
    await service.check_fold(told["visitor"])


async def test_the_imported_record_itself_is_nobodys_identity(service: Running) -> None:
    await bring(service, [line(2, "7")])
    found = await imported_document(service, "7")
    assert found is not None
    visitors = {service.visitor_id((await view(service))["visitor"]) for _ in range(2)}
    assert len(visitors | {found[0]}) == 3, "each browser that brings it is a visitor of its own"
    assert await imported_document(service, "7") == found


async def test_an_imported_id_that_comes_again_records_nothing_more(service: Running) -> None:
    await bring(service, [line(2, "7")])
    token = (await view(service))["visitor"]
    await asyncio.gather(*(view(service, visitor=token) for _ in range(5)))
    assert len(await choices(service)) == 2
    one = "0b0b6f5e-41c9-4ae4-8f4e-d5e1a0b7a3c1"
    lost = [await view(service, id=one) for _ in range(3)]
    assert len({service.visitor_id(told["visitor"]) for told in lost}) == 1
    assert len(await choices(service)) == 3


@pytest.mark.parametrize(("foreign_id", "cookie"), [("8", COOKIE), ("7", "CookieConsent")])
async def test_an_id_that_nobody_imported_changes_nothing(
    service: Running, foreign_id: str, cookie: str
) -> None:
    await bring(service, [line(2, "7")])
    told = await view(service, foreign_id, cookie)
    assert (told["flag"]["basis"], told["visitor"], told["show"]["banner"]) == ("default", None, True)
    assert len(await choices(service)) == 1


async def test_another_sites_import_binds_nobody_here(service: Running) -> None:
    await bring(service, [line(2, "7")], site="states")
    assert (await view(service))["flag"]["basis"] == "default"


async def test_where_no_token_can_be_kept_an_imported_id_denies_and_mints_nobody(service: Running) -> None:
    await bring(service, [line(2, "7")])
    told = await view(service, storage=False)
    assert (told["flag"]["sale"], told["visitor"], told["show"]["banner"]) == ("denied", None, False)
    assert len(await choices(service)) == 1


async def test_an_import_that_comes_later_binds_a_visitor_who_was_here_before(service: Running) -> None:
    limited = (await service.choose(sensitive="limit")).json()["visitor"]
    kept = (await service.choose(sale_share="opt_in")).json()["visitor"]
    await bring(service, [line(2, "7")])
    for token in (limited, kept):  # a plain "keep" is no confirmation
        told = await view(service, visitor=token)
        assert told["flag"]["sale"] == "denied"
        assert service.visitor_id(told["visitor"]) == service.visitor_id(token)
        await service.check_fold(told["visitor"])


async def test_who_opted_in_here_in_two_steps_since_stays_opted_in(service: Running) -> None:
    await bring(service, [line(2, "7")])
    token = (await view(service))["visitor"]
    asked = await service.choose(sale_share="opt_in", visitor=token)
    assert asked.status_code == 202, "rule 3"
    await service.confirm(asked.json()["confirm_url"])
    told = await view(service, visitor=token)
    assert (told["flag"]["sale"], told["flag"]["basis"]) == ("allowed", "opted_in")
    bare = await view(service)
    assert bare["flag"]["sale"] == "denied", "without the record it is somebody the import speaks of"


async def test_a_signal_beside_an_imported_id_is_recorded_too(service: Running) -> None:
    await bring(service, [line(2, "7")])
    told = await view(service, gpc=True)
    assert told["flag"]["basis"] == "gpc"
    standing: Standing = await service.check_fold(told["visitor"])
    assert standing.gpc_at == START
    assert [entry.method for entry in await choices(service)] == ["import", "import"]


async def test_rule_2_an_identity_that_cannot_be_honoured_stays_in_doubt(service: Running) -> None:
    await bring(service, [line(2, "7")])
    told = await view(service, visitor="forged")
    assert (told["flag"]["basis"], told["flag"]["max_age"]) == ("unavailable", 0)


async def test_rule_2_an_imported_record_that_cannot_be_read_denies(service: Running) -> None:
    visitor = imported_id_for(service.ring, "acme", COOKIE, "7")
    store = open_store(service.store_url)
    key = record_key(service.ring, "acme", visitor, store.shards)
    await store.commit(Change(key.shard, put=[Put(key.name, b"?")]))
    await store.close()
    told = await view(service)
    assert (told["flag"]["sale"], told["flag"]["basis"]) == ("denied", "unavailable")


@pytest.mark.parametrize(
    "prior",
    [
        "7",
        ["OptanonConsent", "7"],
        {},
        {"cookie": "c"},
        {"id": "7"},
        {"cookie": "c", "id": 7},
        {"cookie": "", "id": "7"},
        {"cookie": "c", "id": ""},
        {"cookie": "c" * 129, "id": "7"},
        {"cookie": "c", "id": "7" * 257},
        {"cookie": None, "id": None},
    ],
    ids=str,
)
async def test_a_prior_of_another_shape_is_a_problem_with_a_type(service: Running, prior: object) -> None:
    response: httpx2.Response = await service.signal(prior=prior)
    assert response.status_code == 400
    assert response.json()["type"] == "urn:consent-service:problem:invalid-body"
    assert "prior" in response.json()["detail"]


async def test_ids_of_unusual_characters_are_imported_and_found(service: Running) -> None:
    odd = ["\u202e", "' OR 1=1 --", "\U0001f36a" * 256, "a\0b"]
    for foreign_id in odd:
        assert (await view(service, foreign_id))["flag"]["basis"] == "default"


async def test_rule_8_an_imported_opt_out_outlives_its_own_erasure_and_a_second_import(
    service: Running,
) -> None:
    await bring(service, [line(2, "7")])
    async with service.opened() as store:
        eraser = Eraser(store, service.ring, RandomIds(), service.clock)
        key = eraser.key_of("acme", imported_id_for(service.ring, "acme", COOKIE, "7"))
        assert await eraser.erase_visitor("acme", key)
    assert (await view(service))["flag"]["sale"] == "denied"
    await bring(service, [line(2, "7", ALL)])
    flag = (await view(service))["flag"]
    assert (flag["sale"], flag["share"], flag["sensitive"]) == ("denied", "denied", "denied")
