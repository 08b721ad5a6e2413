from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from ray import cloudpickle, tune

from autodistill.record import FailureClass, JobState, Outcome
from autodistill.testing.played import COSTS, measured
from workers import cluster
from workers.conductor import RETRIES, Conductor
from workers.report import Report
from workers.settings import ENVIRONMENT
from workers.silence import Silence
from workers.tuning import run_on_ray

pytestmark = pytest.mark.e2e
STALL_S = 3600.0


def freeze_once(config: dict[str, Any]) -> None:
    """Play a trial, whose first attempt stops in the middle and never wakes up."""
    number, folder = config["number"], Path(config["folder"])
    student = folder / "student"
    student.mkdir(parents=True, exist_ok=True)
    tune.report(Report(number=number, started=True).packed())
    tune.report(Report(number=number, measurements=(measured(1, 0.5),)).packed())
    if number == 0 and not (folder / "frozen").exists():
        (folder / "frozen").touch()
        os.kill(os.getpid(), signal.SIGSTOP)
    scores = {"accuracy": 0.5}
    outcome = Outcome(best_epoch=1, dev=scores | COSTS, test=scores, student=student)
    tune.report(Report(number=number, outcome=outcome).packed())


def wait(config: dict[str, Any]) -> None:
    """Play a trial that goes on until it is killed."""
    tune.report(Report(number=config["number"], started=True).packed())
    signal.pause()


@pytest.fixture
def play(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Callable[[dict[str, Any]], None]], Callable[[Conductor], None]]:
    """Return a way to let a real Ray of one slot play trials."""

    def build(trial: Callable[[dict[str, Any]], None]) -> Callable[[Conductor], None]:
        cloudpickle.register_pickle_by_value(sys.modules[__name__])
        monkeypatch.setattr("workers.tuning.train", trial)
        # Ray keeps a token there, the first of which a process remembers.
        home = {"HOME": f"{tmp_path_factory.getbasetemp()}"}
        for name, value in (ENVIRONMENT | home).items():
            monkeypatch.setenv(name, value)

        def execute(conductor: Conductor) -> None:
            cluster.connect("local", 1)
            try:
                run_on_ray(conductor, 1, tmp_path / "ray", STALL_S)
            finally:
                cluster.disconnect()

        return execute

    return build


def test_what_ray_ends_for_want_of_memory_is_tried_again_and_told(
    garage: Callable[..., Any], play: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_memory_usage_threshold", "0.001")  # anything is too much
    monkeypatch.setattr("workers.conductor.RETRY_DELAY_S", 0.01)
    monkeypatch.setitem(RETRIES, FailureClass.OUT_OF_MEMORY, 1)
    g = garage(
        space={"training.num_epochs": 1},
        budget={"num_trials": 1, "max_epochs": 1},
        search={"sampler": "random"},
        confirmation_seeds=0,
    )
    job = g.drive(play(wait))
    assert job.state is JobState.FAILED, job.message
    with g.store.read() as tx:
        again = [e.data for e in tx.events.all(job.id) if e.kind == "trial.requeued"]
    assert {data["failure"] for data in again} == {"out_of_memory"}
    assert all("ran out of memory" in trial.reason for trial in g.trials())


def test_an_attempt_that_hangs_is_ended_and_made_again(
    garage: Callable[..., Any],
    play: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:

    def clock() -> float:
        """Tell the time; where an attempt is frozen, hours have passed."""
        return time.monotonic() + 2 * STALL_S * any(tmp_path.rglob("frozen"))

    monkeypatch.setattr("workers.tuning.Silence", partial(Silence, clock=clock))
    g = garage(
        space={"training.num_epochs": 1},
        budget={"num_trials": 3, "max_epochs": 1},
        search={"sampler": "random", "early_stopping": False},
    )

    job = g.drive(play(freeze_once))
    assert job.state is JobState.SUCCEEDED, job.message
    assert [t.num_attempts for t in g.trials()] == [2, 1, 1]
    with g.store.read() as tx:
        (failed,) = (e.data for e in tx.events.all(job.id) if e.kind == "trial.requeued")
    assert failed["number"] == 0
    assert failed["failure"] == "timeout"
    assert "AUTODISTILL_STALL_S" in failed["reason"]
