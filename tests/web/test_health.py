"""Probes, metrics, the log line, gpc.json, and the description of it all."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest

from consent_service.store.contract import Change
from consent_service.web.http.guards import is_page
from consent_service.web.metrics import Metrics
from tests.support.application import SHOP, Running, running


async def test_a_running_service_is_alive_and_ready(service: Running) -> None:
    assert (await service.client.get("/healthz")).json() == {"status": "ok"}
    ready = await service.client.get("/readyz")
    assert (ready.status_code, ready.json()["status"]) == (200, "ready")
    assert ready.json()["config"]


async def test_a_draining_service_is_alive_but_not_ready(tmp_path: Path) -> None:
    async with running(tmp_path) as service:
        (tmp_path / "draining").touch()
        assert (await service.client.get("/readyz")).status_code == 503
        assert (await service.client.get("/healthz")).status_code == 200
        assert (await service.flag())["basis"] == "default"


async def test_a_service_without_its_store_is_not_ready(service: Running) -> None:
    await service.app.parts.store.close()
    ready = await service.client.get("/readyz")
    assert (ready.status_code, ready.json()["status"]) == (503, "store unavailable")
    assert "was closed" in ready.json()["reason"]


async def test_a_service_whose_store_file_was_removed_is_not_ready_and_says_why(
    service: Running,
) -> None:
    service.store_path.rename(service.store_path.with_suffix(".gone"))
    ready = await service.client.get("/readyz")
    assert ready.status_code == 503
    assert "was removed" in ready.json()["reason"]
    service.store_path.with_suffix(".gone").rename(service.store_path)
    assert (await service.client.get("/readyz")).status_code == 200


async def test_a_hundred_probes_at_once_ask_the_store_once(service: Running) -> None:
    before = await service.app.parts.store.commit(Change("acme.00"))
    answers = await asyncio.gather(*(service.client.get("/readyz") for _ in range(100)))
    assert {answer.status_code for answer in answers} == {200}
    assert await service.app.parts.store.commit(Change("acme.00")) == before + 2


async def test_gpc_json_speaks_of_the_site(service: Running) -> None:
    response = await service.client.get("/s/acme/gpc.json", headers={"Sec-GPC": "0"})
    assert response.json() == {"gpc": True, "lastUpdate": "2026-01-01"}
    assert response.headers["content-type"] == "application/json"


async def test_the_access_log_names_the_route_and_no_visitor(service: Running) -> None:
    await service.client.get("/s/acme/confirm/secret-nonce?secret=query", headers={"user-agent": "secret"})
    await service.choose(sale_share="opt_out", visitor="secret")
    await service.choose("nobody", sale_share="opt_out", visitor="secret")
    assert service.log == [], "lines are written together"
    service.app.parts.lines.flush()
    (text,) = service.log
    lines = [json.loads(line) for line in text.splitlines()]
    assert [(line["route"], line["status"]) for line in lines] == [
        ("/s/{site}/confirm/{nonce}", 410),
        ("/v1/{site}/choices", 201),
        ("/v1/{site}/choices", 404),
    ]
    assert b"secret" not in text
    known = {"event", "level", "process", "pid", "at", "route", "status", "ms"}
    assert all(set(line) == known for line in lines)


async def test_what_the_hot_path_counts_reaches_prometheus(service: Running) -> None:
    await service.flag()
    await service.client.get("/v1/acme/flag", headers={"Sec-GPC": "1"})
    await service.choose(sale_share="opt_out")
    counted = service.app.parts.metrics
    assert counted.answers == {"default": 1, "gpc": 1}
    assert counted.calls["/v1/{site}/choices", 201] == 1
    counted.flush()
    assert not counted.answers


async def test_the_duration_of_each_answer_is_counted(service: Running) -> None:
    await service.flag()
    await service.choose(sale_share="opt_out")
    await service.choose(sale_share="nonsense")
    counted = service.app.parts.metrics
    assert sum(counted.flag_seconds.counts) == 1
    assert sum(counted.call_seconds["/v1/{site}/choices"].counts) == 2
    assert 0 < counted.flag_seconds.seconds < counted.call_seconds["/v1/{site}/choices"].seconds


async def test_every_answer_that_the_store_spoiled_is_counted_by_the_error(service: Running) -> None:
    token = (await service.choose(sale_share="opt_out")).json()["visitor"]
    counted = service.app.parts.metrics
    assert not counted.store_errors
    await service.app.parts.store.close()
    service.app.parts.cache.invalidate(None)
    await service.app.parts.cache.poll_changes()  # as it does in the background: this spoils no answer
    assert (await service.flag(visitor=token))["basis"] == "unavailable"
    assert counted.store_errors == {"StoreUnavailable": 1}
    assert (await service.choose(sale_share="opt_out", visitor=token)).status_code == 503
    assert counted.store_errors == {"StoreUnavailable": 2}


def test_durations_go_to_the_bucket_that_ends_at_or_above_them() -> None:
    registry = CollectorRegistry()
    metrics = Metrics(registry, {})
    for seconds in (0.0001, 0.0002, 0.3, 7.0):
        metrics.flag_seconds.add(seconds)
    metrics.call_seconds["/x"].add(0.02)
    metrics.flush()
    metrics.flag_seconds.add(0.3)
    metrics.flush()
    text = generate_latest(registry).decode()
    ends = {"0.0001": 1, "0.00025": 2, "0.25": 2, "0.5": 4, "2.5": 4, "+Inf": 5}
    for end, count in ends.items():
        assert f'consent_flag_duration_seconds_bucket{{le="{end}"}} {count}.0' in text
    assert "consent_flag_duration_seconds_count 5.0" in text
    assert "consent_flag_duration_seconds_sum 7.6003" in text
    assert 'consent_http_request_duration_seconds_count{route="/x"} 1.0' in text


def test_a_flush_hands_over_counts_and_gauges() -> None:
    registry = CollectorRegistry()
    metrics = Metrics(registry, {"things": lambda: 7.0})
    metrics.answers["gpc"] += 3
    metrics.calls["/x", 200] += 2
    metrics.flush()
    metrics.answers["gpc"] += 1
    metrics.flush()
    text = generate_latest(registry).decode()
    assert 'consent_flags_total{basis="gpc"} 4.0' in text
    assert 'consent_http_requests_total{route="/x",status="200"} 2.0' in text
    assert "consent_things 7.0" in text


async def test_openapi_names_every_route(service: Running) -> None:
    described = (await service.client.get("/openapi.json")).json()
    templates = {
        route.name.partition(" ")[2]
        for route in service.app.routes
        for route in getattr(route, "routes", None) or [route]
    }
    assert set(described["paths"]) == templates


async def test_the_description_says_for_each_page_that_it_is_served_under_one_name_alone(
    service: Running,
) -> None:
    paths = (await service.client.get("/openapi.json")).json()["paths"]
    pages = {path for path in paths if is_page(path)}
    assert "/s/{site}/privacy-choices" in pages
    for path, operations in paths.items():
        for method, operation in operations.items():
            address = path.format(site="acme", nonce="x", id="x", name="acme")
            elsewhere = {"host": "elsewhere.example", "origin": SHOP}
            answered = await service.client.request(method.upper(), address, headers=elsewhere)
            assert ("421" in operation["responses"]) == (answered.status_code == 421) == (path in pages), path


async def test_the_description_says_for_each_call_that_it_names_one_host(service: Running) -> None:
    paths = (await service.client.get("/openapi.json")).json()["paths"]
    assert all("400" in one["responses"] for operations in paths.values() for one in operations.values())
