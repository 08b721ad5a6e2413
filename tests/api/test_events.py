from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from api.routes import events
from autodistill.record import JobState


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "POLL_S", 0.02)


def _read(answer: Any) -> list[dict[str, Any]]:
    """Return the messages of a stream as dicts of their fields."""
    blocks = [block for block in answer.text.split("\n\n") if block and block[0] != ":"]
    return [dict(line.split(": ", 1) for line in block.splitlines()) for block in blocks]


def _ended(world: Any) -> str:
    name = str(world.submit())
    world.trial(world.claim(), 0, [0.5, 0.6])
    with world.store.write() as tx:
        tx.driving(name, 1).yield_job(JobState.CANCELLED)
    return name


def test_the_log_is_streamed_to_its_end_without_gaps(world: Any) -> None:
    name = _ended(world)
    answer = world.get(f"/v1/jobs/{name}/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    found = _read(answer)
    assert [int(e["id"]) for e in found] == list(range(1, len(found) + 1))
    assert found[0]["event"] == "job.queued"
    assert found[-1]["event"] == "job.cancelled"
    assert [e["event"] for e in found].count("measurement") == 2
    data = json.loads(found[-1]["data"])
    assert (data["job_id"], data["seq"]) == (name, len(found))


def test_a_reader_goes_on_where_it_was(world: Any) -> None:
    name = _ended(world)
    whole = _read(world.get(f"/v1/jobs/{name}/events"))
    by_header = world.get(f"/v1/jobs/{name}/events", headers={"Last-Event-ID": "3"})
    by_query = world.get(f"/v1/jobs/{name}/events?after=3")
    assert _read(by_header) == _read(by_query) == whole[3:]
    newest = world.get(f"/v1/jobs/{name}/events?last=2")
    assert _read(newest) == whole[-2:]


def test_a_reader_who_knows_all_of_an_ended_job_is_let_go(world: Any) -> None:
    name = _ended(world)
    for seen in ("1000", "9" * 20):
        answer = world.get(f"/v1/jobs/{name}/events", headers={"Last-Event-ID": seen})
        assert _read(answer) == []


def test_what_happens_while_somebody_reads_is_streamed(world: Any) -> None:
    name = world.submit()
    later = threading.Timer(0.2, lambda: world.post(f"/v1/jobs/{name}/cancel"))
    later.start()
    found = _read(world.get(f"/v1/jobs/{name}/events"))
    later.join()
    assert [e["event"] for e in found] == ["job.queued", "job.cancelled"]


def test_silence_is_filled_with_comments(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "HEARTBEAT_S", 0.05)
    name = world.submit()
    later = threading.Timer(0.4, lambda: world.post(f"/v1/jobs/{name}/cancel"))
    later.start()
    answer = world.get(f"/v1/jobs/{name}/events")
    later.join()
    assert ": still here" in answer.text


def test_a_long_log_comes_whole(world: Any) -> None:
    name = world.submit()
    job = world.claim()
    with world.store.write() as tx:
        driving = tx.driving(job.id, job.owner_epoch)
        for i in range(1200):
            driving.log("log", {"line": i})
    world.post(f"/v1/jobs/{name}/cancel")
    with world.store.write() as tx:
        tx.driving(job.id, job.owner_epoch).yield_job(JobState.CANCELLED)
    lines = [e for e in _read(world.get(f"/v1/jobs/{name}/events")) if e["event"] == "log"]
    assert [json.loads(e["data"])["data"]["line"] for e in lines] == list(range(1200))
