"""OutageLog: each reason is logged once, and again while it lasts, however many calls meet it."""

from __future__ import annotations

from pathlib import Path

from structlog.testing import capture_logs

from consent_service.errors import StoreTimeout, StoreUnavailable
from consent_service.ledger.object_names import segment_name
from consent_service.web.http.outage_log import OutageLog
from tests.support.application import Running, running
from tests.support.clock import Clock
from tests.web.visitor.test_receipts import seal


def test_a_reason_is_logged_once_and_again_after_a_minute_with_how_often_it_was_met() -> None:
    timer = Clock(0)
    counted: list[str] = []
    outages = OutageLog(counted.append, timer)
    with capture_logs() as lines:
        for now in (0, 1, 2, 59, 61, 62):
            timer.now = now
            outages.note(StoreUnavailable(f"acme.{now:02d} is out of reach"))
        outages.note(StoreTimeout("acme.07 is out of reach"))
        outages.note(TimeoutError())
    assert [(line["error"], line["reason"], line["met"]) for line in lines] == [
        ("StoreUnavailable", "acme.00 is out of reach", 1),
        ("StoreUnavailable", "acme.61 is out of reach", 4),
        ("StoreTimeout", "acme.07 is out of reach", 1),
        ("TimeoutError", "the store did not answer in time", 1),
    ]
    assert counted == ["StoreUnavailable"] * 6 + ["StoreTimeout"], "each time, and only the store's own"


async def test_every_answer_that_the_store_kept_from_being_given_leaves_its_reason_in_the_log(
    service: Running,
) -> None:
    token = (await service.choose(sensitive="limit")).json()["visitor"]
    await service.app.parts.cache.close()  # it asks by itself, and would be first
    service.store_path.rename(service.store_path.with_suffix(".gone"))
    with capture_logs() as lines:
        assert (await service.choose(sale_share="opt_out", visitor=token)).status_code == 503
        assert (await service.choose(sale_share="opt_out")).status_code == 503
        assert (await service.client.get("/readyz")).status_code == 503
    assert [line["reason"] for line in lines] == [
        f"{service.store_path} was removed: stop the service, restore it, start again"
    ]


async def test_an_archive_that_can_t_be_read_leaves_its_reason_in_the_log_and_not_in_the_answer(
    tmp_path: Path,
) -> None:
    archive = tmp_path / "archive"
    archive.mkdir()
    async with running(tmp_path, more=f'[ledger]\narchive = "{archive}"') as service:
        receipt = (await service.choose(sale_share="opt_out")).json()["receipt"]["id"]
        (await seal(service)).put(segment_name("acme", 1), b"x")
        with capture_logs() as lines:
            answer = await service.client.get(f"/v1/acme/receipts/{receipt}")
    assert answer.status_code == 503
    (line,) = lines
    assert line["reason"] == "segment 1 of acme is cut off: run `ledger verify`"
    assert line["reason"] not in answer.text


async def test_a_flag_that_is_unavailable_leaves_its_reason_in_the_log(service: Running) -> None:
    token = (await service.choose(sensitive="limit")).json()["visitor"]
    await service.app.parts.cache.close()
    await service.app.parts.store.close()
    with capture_logs() as lines:
        assert (await service.flag(visitor=token))["basis"] == "unavailable"
    assert [line["event"] for line in lines] == ["store_error"]
    assert "was closed" in lines[0]["reason"]
