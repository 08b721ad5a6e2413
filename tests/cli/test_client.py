from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

from autodistill import client as client_module
from autodistill.client import Client
from autodistill.errors import (
    AutodistillError,
    Conflict,
    InvalidDataset,
    InvalidInput,
    NotFound,
)
from autodistill.record import JobState, TrialState
from autodistill.spec import JobRequest
from autodistill.testing.shells import reviews

JOB: dict[str, Any] = {
    "dataset": "reviews",
    "teacher": {"model": "teacher", "preparation": {"kind": "fine_tuned"}},
    "students": [{"kind": "cut", "num_layers": 2}],
}


def test_what_is_registered_is_listed(client: Client) -> None:
    assert "reviews" in {d.name for d in client.datasets()}
    assert "teacher" in {m.name for m in client.models()}
    assert client.dataset("reviews").labels == ("bad", "good")


def test_a_file_on_the_machine_is_registered(client: Client, service: Any) -> None:
    path = reviews(service.root / "more.csv", num_rows=80)
    found = client.register_dataset(path, name="more (80 rows)", licence="CC0")
    assert client.dataset("more (80 rows)") == found
    assert found.licence == "CC0"


def test_a_request_and_a_dict_are_the_same_job(client: Client) -> None:
    first = client.submit(JOB, key="one")
    assert client.submit(JobRequest.model_validate(JOB), key="one") == first
    assert client.cancel(first.id).state is JobState.CANCELLED


def test_a_job_is_steered(client: Client) -> None:
    job = client.submit(JOB)
    assert client.pause(job.id).state is JobState.PAUSED
    assert client.resume(job.id).state is JobState.QUEUED
    assert client.cancel(job.id).state is JobState.CANCELLED
    assert client.progress(job.id)["of"] == 20
    assert job.id in {j.id for j in client.jobs()}


def test_every_page_is_turned(client: Client) -> None:
    made = [client.submit(JOB, key=f"page {i}").id for i in range(60)]
    listed = [job.id for job in client.jobs()]
    assert listed[:60] == made[::-1]
    assert len(listed) == len(set(listed))
    for job in made:
        client.cancel(job)


def test_errors_are_the_cores_own(client: Client, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match='No job "nope"'):
        client.job("nope")
    with pytest.raises(AutodistillError, match="There is nothing at"):
        client.job("../jobs?limit=1")
    with pytest.raises(InvalidInput) as refused:
        client.submit({**JOB, "dataset": "nope"})
    assert refused.value.problems[0].field == "dataset"
    assert "reviews" in refused.value.problems[0].known
    with pytest.raises(InvalidDataset):
        client.upload_dataset(reviews(tmp_path / "r.csv"), name="r", label_column="mood")
    job = client.submit(JOB)
    with pytest.raises(Conflict, match="is queued"):
        client.download_student(job.id, tmp_path / "student")
    client.cancel(job.id)
    with pytest.raises(Conflict, match="cancelled"):
        client.resume(job.id)


def test_another_service_is_recognised() -> None:
    bad = httpx.Response(502, text="<html>Bad gateway</html>")
    with Client("http://elsewhere") as stranger:
        stranger._http._transport = httpx.MockTransport(lambda _: bad)
        with pytest.raises(AutodistillError, match="502, but not as AutoDistiller does"):
            stranger.job("x")


def test_watching_ends_with_the_job(client: Client, service: Any) -> None:
    job = client.submit(JOB)
    later = threading.Thread(target=service.run_next)
    later.start()
    seen = list(client.watch(job.id))
    later.join()
    assert [e.seq for e in seen] == list(range(1, len(seen) + 1))
    assert seen[-1].kind == "job.succeeded"
    assert list(client.watch(job.id, after=seen[-2].seq)) == seen[-1:]
    assert list(client.watch(job.id, after=seen[-1].seq)) == []
    states = {t.number: t.state for t in client.trials(job.id)}
    assert states == {0: TrialState.COMPLETE, 1: TrialState.COMPLETE}
    assert client.trial(job.id, 1).curve[0].values == {"dev/accuracy": 0.875}
    result = client.result(job.id)
    assert result is not None
    assert result.gain == 0.125


def test_a_broken_stream_is_taken_up_without_loss(
    client: Client, service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "RECONNECT_S", 0.01)
    job = client.submit(JOB)
    service.run_next()
    whole = list(client.watch(job.id))
    stream, calls = client._stream, []

    def breaking(name: str, after: int) -> Any:
        calls.append(after)
        for event in stream(name, after):
            if event.seq == after + 3:
                raise httpx.ReadError("the cable")
            yield event

    monkeypatch.setattr(client, "_stream", breaking)
    assert list(client.watch(job.id)) == whole
    assert calls == list(range(0, len(whole), 2))


def test_patience_with_a_lost_service_has_an_end(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "RECONNECT_S", 0.01)
    job = client.submit(JOB)
    client.cancel(job.id)
    ask, answers = client._ask, iter([True])

    def once(*request: Any) -> Any:
        if next(answers, False):
            return ask(*request)
        raise httpx.ConnectError("gone")

    monkeypatch.setattr(client, "_ask", once)
    with pytest.raises(httpx.ConnectError):
        list(client.watch(job.id, patience_s=0.1))


def test_the_student_is_unpacked(client: Client, service: Any, tmp_path: Path) -> None:
    job = client.submit(JOB)
    service.run_next(members=("config.json", "README.md"))
    folder = client.download_student(job.id, tmp_path / "a" / "student")
    assert sorted(p.name for p in folder.iterdir()) == ["README.md", "config.json"]


@pytest.mark.parametrize("member", ["../evil", "/etc/evil", "inner/evil"])
def test_an_archive_cannot_leave_its_folder(
    client: Client, service: Any, tmp_path: Path, member: str
) -> None:
    job = client.submit(JOB)
    service.run_next(members=("config.json", member))
    with pytest.raises(AutodistillError, match="nothing was unpacked"):
        client.download_student(job.id, tmp_path / "student")
    assert list(tmp_path.rglob("*")) == []


def test_advice_is_given(client: Client) -> None:
    found = client.recommend("reviews", "teacher", {"kind": "cut", "num_layers": 2}, k=2)
    assert len(found.advice) == 2
