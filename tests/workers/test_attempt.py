from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from pydantic import ValidationError

from autodistill.errors import Diverged, InvalidInput, Problem
from autodistill.facts import task_facts
from autodistill.logs import read_captured, trial_log
from autodistill.record import FailureClass, JobState, TrialState
from autodistill.spec import JobRequest
from autodistill.store import ArtifactFolder, Store
from autodistill.testing.prepared import tiny_task, tiny_trial
from autodistill.testing.tiny import tiny_dataset, tiny_encoder, tiny_model
from autodistill.trial._learner import Learner
from workers.attempt import attempt
from workers.claim import Driver
from workers.inline import run_inline
from workers.report import Report

Desk = Callable[..., Any]


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (Diverged("the loss is no longer finite"), FailureClass.DIVERGED),
        (InvalidInput(Problem(field="x", message="no")), FailureClass.USER_ERROR),
        (MemoryError("too large"), FailureClass.OUT_OF_MEMORY),
        (RuntimeError("CUDA out of memory."), FailureClass.OUT_OF_MEMORY),
        (
            RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"),
            FailureClass.OUT_OF_MEMORY,
        ),
    ],
)
def test_failures_are_told_by_their_class(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, error: Exception, failure: FailureClass
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr("workers.attempt.TrialRun", broken)
    d = desk()
    told: list[Report] = []
    config = d.conductor.config(d.take())
    attempt(config, told.append)
    assert told == [Report(number=0, failure=failure, reason=f"{failure}: {error}")]
    said = read_captured(Path(config["log"]))
    assert f"The attempt failed: {failure}" in said
    assert "Traceback" in said


def test_an_unknown_failure_is_left_to_the_executor(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("shape mismatch")

    monkeypatch.setattr("workers.attempt.TrialRun", broken)
    d = desk()
    with pytest.raises(RuntimeError, match="shape mismatch"):
        attempt(d.conductor.config(d.take()), lambda _: None)


def test_a_message_survives_the_way_through_tune() -> None:
    report = Report(number=3, failure=FailureClass.DIVERGED, reason="diverged: nan")
    assert Report.model_validate_json(report.packed()["report"]) == report


def test_an_attempt_starts_without_the_weights_of_the_last(tmp_path: Path) -> None:
    path = tmp_path / "task.json"
    path.write_text(tiny_task(tmp_path).model_dump_json())
    alive: list[int] = []

    def tell(report: Report) -> None:
        if report.started:
            alive.append(sum(type(x) is Learner for x in gc.get_objects()))

    gc.disable()  # it runs rarely by itself, since few objects hold these gigabytes
    try:
        for number, spec in enumerate((tiny_trial(0), tiny_trial(1))):
            folder = str(tmp_path / str(number))
            config = {"number": number, "task": str(path), "trial": spec.model_dump_json()}
            said = {"log": str(tmp_path / "said.log"), "slices": 1}
            attempt(config | {"folder": folder, **said}, tell)
    finally:
        gc.enable()
    assert alive == [0, 0]


def test_memory_that_lies_free_between_what_is_used_goes_back(tmp_path: Path) -> None:
    def resident() -> float:
        return float(psutil.Process().memory_info().rss)

    blocks = [bytearray(b"x" * 60_000) for _ in range(4_000)]  # small enough for the heap
    used, full = blocks[::100], resident()
    del blocks
    path = tmp_path / "task.json"
    path.write_text("{}")  # no task: the attempt ends before it begins
    with pytest.raises(ValidationError):
        attempt({"number": 1, "task": str(path), "log": str(tmp_path / "log")}, print)
    assert full - resident() > 150e6
    assert len(used) == 40


def test_a_real_job_is_prepared_trained_and_exported(store: Store, tmp_path: Path) -> None:
    dataset, path = tiny_dataset(tmp_path / "data")
    teacher = tiny_model(tiny_encoder(tmp_path / "encoder"))
    artifacts = ArtifactFolder(tmp_path / "artifacts")
    artifacts.put(path)
    training = {"learning_rate": 5e-3, "num_epochs": 2}
    request = JobRequest.model_validate(
        {
            "dataset": dataset.id,
            "teacher": {
                "model": teacher.id,
                "preparation": {"kind": "fine_tuned", "training": training},
            },
            "students": [{"kind": "cut", "num_layers": 1}],
            "space": {"training.num_epochs": 2},
            "budget": {"num_trials": 2, "max_epochs": 2},
            "confirmation_seeds": 0,
        }
    )
    facts = task_facts(dataset, teacher, request.students[0], None)
    with store.write() as tx:
        tx.datasets.add(dataset)
        tx.models.add(teacher)
        tx.jobs.add("job_1", request.resolve([facts]), facts={"cut-1": facts})
        job = tx.leases.claim("a test", 60)
        assert job is not None
        tx.leases.grant(job.id, job.owner_epoch, 1)
    draining, lost = threading.Event(), threading.Event()
    Driver(store, tmp_path, job, draining=draining, lost=lost).drive(run_inline)
    with store.read() as tx:
        job, trials = tx.jobs.get("job_1"), tx.trials.all("job_1")
    assert job.state is JobState.SUCCEEDED, job.message
    assert [t.state for t in trials] == [TrialState.COMPLETE] * 2
    starts, *epochs, end = read_captured(trial_log(tmp_path, "job_1", 1)).splitlines()
    assert starts.endswith("Starts with cut-1; 0 epochs are done.")
    assert [f"Epoch {i}: loss/total" in line for i, line in enumerate(epochs, 1)] == [True] * 2
    assert "Complete; the student is that of epoch" in end
    assert job.result is not None
    assert job.result.student["test/accuracy"] == trials[1].test["accuracy"]
    assert job.result.artifact is not None
    assert artifacts.path(job.result.artifact).exists()
