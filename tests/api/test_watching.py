from __future__ import annotations

import asyncio
import json
import logging
import re
import signal
import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import uvicorn
from prometheus_client.parser import text_string_to_metric_families

from api.__main__ import Server
from api.routes import events
from autodistill.logs import JsonLines, busy_with


def _meters(world: Any, **more: Any) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    answer = world.get("/metrics", **more)
    assert answer.headers["content-type"].startswith("text/plain")
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_meters_count_jobs_trials_slots_and_the_queue(world: Any) -> None:
    world.submit()
    world.submit()
    job = world.claim()
    world.trial(job, 0, [0.5])
    with world.store.write() as tx:
        driving = tx.driving(job.id, job.owner_epoch)
        trial = tx.trials.get(job.id, 0)
        driving.suggest(1, trial.spec, trial.origin, "a test")
        driving.start(1)
    found = _meters(world)
    assert found["autodistill_jobs", (("state", "queued"),)] == 2
    assert found["autodistill_trials", (("state", "complete"),)] == 1
    assert found["autodistill_trials", (("state", "running"),)] == 1
    assert found["autodistill_slots_busy", ()] == 1
    assert 0 <= found["autodistill_queue_oldest_seconds", ()] < 600


def test_requests_are_measured_by_route_and_not_by_address(world: Any) -> None:
    for path in ("/v1/jobs/a", "/v1/jobs/b", "/nowhere", "/nowhere/else"):
        world.get(path)
    world.http.request("BREW", "/v1/jobs")
    found = {
        tuple(v for _, v in labels): value
        for (name, labels), value in _meters(world).items()
        if name == "autodistill_http_request_seconds_count"
    }
    assert found["GET", "/v1/jobs/{job}", "404"] == 2
    assert found["(any)", "(none)", "404"] == 2
    assert found["(any)", "(none)", "405"] == 1


def test_meters_are_for_viewers(open_world: Callable[..., Any]) -> None:
    world = open_world(tokens=True, root_token="r" * 32)
    assert world.get("/metrics").status_code == 401
    assert _meters(world, headers={"Authorization": f"Bearer {'r' * 32}"})


def test_listeners_are_counted_while_they_listen(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "POLL_S", 0.02)
    job = world.submit()
    reading = threading.Thread(target=lambda: world.get(f"/v1/jobs/{job}/events"))
    reading.start()
    gauge = world.http.app.state.metrics.listeners
    while gauge._value.get() != 1:
        assert reading.is_alive()
    world.post(f"/v1/jobs/{job}/cancel")
    reading.join()
    assert gauge._value.get() == 0


def test_a_request_is_a_line_with_what_it_was_about(
    world: Any, caplog: pytest.LogCaptureFixture
) -> None:
    job = world.submit()
    caplog.clear()
    with caplog.at_level(logging.INFO, "api.requests"):
        world.get(f"/v1/jobs/{job}/trials/7?secret=1")
    (record,) = [r for r in caplog.records if r.name == "api.requests"]
    line = json.loads(JsonLines(service="api").format(record))
    assert line["message"] == f"GET /v1/jobs/{job}/trials/7 404"
    assert (line["job"], line["trial"], line["status"]) == (job, "7", 404)
    assert (line["route"], line["who"]) == ("/v1/jobs/{job}/trials/{number}", "local")
    assert (line["level"], line["service"]) == ("info", "api")
    assert line["milliseconds"] > 0
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", line["at"])


def test_a_line_tells_what_the_code_is_busy_with() -> None:
    record = logging.makeLogRecord({"msg": "trial %d", "args": (3,), "levelname": "ERROR"})
    with busy_with(job="j"), busy_with(trial=3):
        line = json.loads(JsonLines().format(record))
    assert (line["job"], line["trial"], line["message"]) == ("j", 3, "trial 3")
    assert "job" not in json.loads(JsonLines().format(record))


def test_a_line_carries_an_error_whole() -> None:
    try:
        raise ValueError("two\nlines")
    except ValueError as error:
        told = (type(error), error, error.__traceback__)
        record = logging.makeLogRecord({"msg": "x", "exc_info": told})
    text = JsonLines().format(record)
    assert "\n" not in text
    assert "ValueError: two" in json.loads(text)["error"]


def test_a_service_that_stops_is_not_ready_but_answers(world: Any) -> None:
    world.http.app.state.draining.set()
    answer = world.get("/readyz")
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) > 0
    assert world.get("/healthz").status_code == 200
    assert world.get("/v1/jobs").status_code == 200


def test_a_service_that_stops_lets_its_listeners_go(world: Any) -> None:
    job = world.submit()
    world.http.app.state.draining.set()
    answer = world.get(f"/v1/jobs/{job}/events")
    assert answer.status_code == 200


def test_it_drains_before_it_ends(world: Any) -> None:
    app, told = world.http.app, []

    async def scenario() -> None:
        server = Server(uvicorn.Config(app, port=0, log_config=None), app.state.draining, 1.0)
        running = asyncio.create_task(server._serve())
        while not server.started:
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            told.append((await client.get("/readyz")).status_code)
            server.handle_exit(signal.SIGTERM, None)
            told.append((await client.get("/readyz")).status_code)
            told.append((await client.get("/v1/jobs")).status_code)
        await running

    asyncio.run(scenario())
    assert told == [200, 503, 200]
