from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from autodistill.client import Client
from autodistill.record import Event, TrialState
from autodistill.testing.tiny import tiny_dataset, tiny_encoder

pytestmark = pytest.mark.e2e
TRIALS = 12
PATIENCE_S = 240


def family(service: Client) -> list[psutil.Process]:
    """Every process of the service under test: those that know its data root."""
    port = str(service._http.base_url.port)
    for process in psutil.process_iter():
        if {"autodistill.cli", "up", port} <= set(_command(process)):
            root = _command(process)[-1]
            break
    else:
        raise AssertionError("the service is gone")
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("AUTODISTILL_DATA_ROOT") == root:
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def _command(process: psutil.Process) -> list[str]:
    try:
        return list(map(str, process.cmdline()))
    except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
        return []


def kill(service: Client, is_victim: Callable[[list[str]], bool]) -> None:
    """Kill -9 one process of the service, waiting until there is one to kill."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for process in family(service):
            if is_victim(_command(process)):
                os.kill(process.pid, signal.SIGKILL)
                return
        time.sleep(0.1)
    raise AssertionError("there was nobody to kill")


VICTIMS: dict[str, Callable[[list[str]], bool]] = {
    "worker": lambda command: command[-2:] == ["-m", "workers"],
    "driver": lambda command: "workers.driver" in command,
    "trial actor": lambda command: bool(command) and command[0].startswith("ray::"),
    "api": lambda command: command[-2:] == ["-m", "api"],
}


@pytest.fixture
def events(service: Client, tmp_path: Path) -> Iterator[list[Event]]:
    """The events of a twelve-trial job, arriving while the test runs."""
    tiny_dataset(tmp_path, num_train=1200, num_held_out=32)
    service.upload_dataset(tmp_path / "examples.parquet", name="crash", split_column="split")
    encoder = tiny_encoder(tmp_path / "encoder", num_layers=6, width=64, seed=1)
    service.register_model("crash", {"kind": "directory", "path": str(encoder)})
    job = service.submit(
        {
            "dataset": "crash",
            "teacher": {
                "model": "crash",
                "preparation": {"kind": "fine_tuned", "training": {"num_epochs": 1}},
            },
            "students": [{"kind": "cut", "num_layers": 3}],
            "space": {"augmentation": "none"},
            "budget": {"num_trials": TRIALS, "max_epochs": 3},
            "search": {"early_stopping": False},
            "confirmation_seeds": 0,
        }
    )
    seen: list[Event] = []

    def watch() -> None:
        with Client(str(service._http.base_url)) as client:
            for event in client.watch(job.id):
                seen.append(event)  # noqa: PERF402  # seen while it grows

    reader = threading.Thread(target=watch)
    reader.start()
    yield seen
    reader.join(PATIENCE_S)
    assert not reader.is_alive()


def wait(events: list[Event], kind: str, times: int) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if sum(e.kind == kind for e in events) >= times:
            return
        time.sleep(0.1)
    raise AssertionError(f"no {times} events {kind}: {[e.kind for e in events][-20:]}")


def test_a_job_survives_the_death_of_every_process(service: Client, events: list[Event]) -> None:
    for ended, victim in enumerate(VICTIMS.values(), start=1):
        wait(events, "trial.complete", 2 * ended - 1)
        kill(service, victim)
    wait(events, "job.succeeded", 1)
    job = next(service.jobs())
    trials = list(service.trials(job.id))
    assert [t.number for t in trials] == list(range(TRIALS))
    assert {t.state for t in trials} == {TrialState.COMPLETE}
    assert len({(t.spec.pipeline.sha256, t.spec.seed) for t in trials}) == TRIALS
    assert all(t.epochs_done == t.spec.pipeline.training.num_epochs for t in trials)
    measured = [(e.data["number"], e.data["epoch"]) for e in events if e.kind == "measurement"]
    assert len(measured) == len(set(measured)) == sum(t.epochs_done for t in trials)
    assert [e.seq for e in events] == list(range(1, len(events) + 1))
