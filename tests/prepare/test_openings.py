from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
import torch
from fastapi.testclient import TestClient

from api.main import create_app
from api.settings import Settings
from autodistill.losses.softened_kl import SoftenedKL
from autodistill.record import PreparedTask
from autodistill.spec import Search
from autodistill.task import Task
from autodistill.testing.prepared import tiny_task
from autodistill.testing.tiny import tiny_dataset, tiny_encoder
from workers.claim import Driver
from workers.inline import run_inline

NAMES = ("maid", "mixture")


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def opened(folder: Path, task: Task = Task.TEXT_CLASSIFICATION, **changes: Any) -> PreparedTask:
    asked: dict[str, Any] = {"search": Search(openings=NAMES), "space": {"training.num_epochs": 2}}
    return tiny_task(folder, task, **asked | changes)


@pytest.mark.parametrize("task", [t for t in Task if t.is_classification])
def test_each_opening_proposes_a_pipeline_with_its_reason(tmp_path: Path, task: Task) -> None:
    found = opened(tmp_path, task)
    first, second = found.openings
    loss = first.pipeline.loss
    assert isinstance(loss, SoftenedKL)
    assert f"weight {loss.weight:.2f} and temperature {loss.temperature:.1f}" in first.reason
    assert f"{second.pipeline.loss.kind} was left" in second.reason
    for advised in found.openings:
        assert not advised.pipeline.problems(found.facts["cut-2"])


def test_who_asks_for_no_opening_gets_none(tmp_path: Path) -> None:
    assert opened(tmp_path, search=Search()).openings == ()


def test_a_second_preparation_finds_what_the_first_one_found(tmp_path: Path) -> None:
    first = opened(tmp_path).openings
    kept = {p: p.stat().st_mtime_ns for p in tmp_path.glob("prepared/opening-*/opening.json")}
    assert len(kept) == len(first) == 2
    assert opened(tmp_path).openings == first
    assert {p: p.stat().st_mtime_ns for p in kept} == kept


def test_openings_are_the_same_wherever_they_are_found(tmp_path: Path) -> None:
    assert opened(tmp_path / "a").openings == opened(tmp_path / "b").openings


def test_what_is_proposed_is_from_the_space(tmp_path: Path) -> None:
    space: dict[str, Any] = {
        "loss": ["softened_kl", "reverse_kl"],
        "loss.weight": {"type": "uniform", "low": 0.3, "high": 0.4},
        "loss.temperature": 3.0,
        "training.num_epochs": 2,
    }
    maid, mixture = opened(tmp_path, space=space).openings
    assert isinstance(maid.pipeline.loss, SoftenedKL)
    assert 0.3 <= maid.pipeline.loss.weight <= 0.4
    assert maid.pipeline.loss.temperature == pytest.approx(3.0)
    assert mixture.pipeline.loss.kind in space["loss"]


@pytest.mark.e2e
def test_a_job_runs_what_its_openings_found(tmp_path: Path) -> None:
    encoder = tiny_encoder(tmp_path / "encoder", num_layers=2)
    tiny_dataset(tmp_path, num_train=48, num_held_out=16)
    app = create_app(Settings(data_root=tmp_path / "root", allowed_roots=(tmp_path,)))
    with TestClient(app, "http://127.0.0.1") as http:
        model = {"kind": "directory", "path": str(encoder)}
        data = {"name": "d", "path": str(tmp_path / "examples.parquet"), "split_column": "split"}
        asked = {
            "dataset": "d",
            "teacher": {"model": "m", "preparation": {"kind": "fine_tuned"}},
            "students": [{"kind": "cut", "num_layers": 1}],
            "space": {"training.num_epochs": 1},
            "budget": {"num_trials": 4, "max_epochs": 1},
            "search": {"openings": NAMES, "recommended": 1},
            "confirmation_seeds": 0,
        }
        bodies = {"models": {"name": "m", "source": model}, "datasets/by-path": data, "jobs": asked}
        for path, body in bodies.items():
            answer = http.post(f"/v1/{path}", json=body)
            assert answer.is_success, answer.text
        store = app.state.store
        with store.write() as tx:
            job = tx.leases.claim("a test", 600)
            assert job is not None
            tx.leases.grant(job.id, job.owner_epoch, 1)
        calm = threading.Event()
        Driver(store, tmp_path / "root", job, draining=calm, lost=threading.Event()).drive(
            run_inline
        )
        assert http.get(f"/v1/jobs/{job.id}").json()["state"] == "succeeded"
        trials = http.get(f"/v1/jobs/{job.id}/trials").json()["items"]
    trials.sort(key=lambda t: t["number"])
    assert [t["origin"] for t in trials] == ["baseline", "opening", "opening", "recommended"]
    kept = (tmp_path / "root" / "prepared").glob("opening-*/opening.json")
    found = [json.loads(path.read_text()) for path in kept]
    for trial in trials[1:3]:
        (advised,) = (a for a in found if a["reason"] == trial["reason"])
        assert trial["spec"]["pipeline"]["loss"] == advised["pipeline"]["loss"]
