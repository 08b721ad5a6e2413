"""The API as a real process, without workers and without Ray, killed while others train."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from autodistill.client import Client
from autodistill.record import JobState, TrialState

pytestmark = pytest.mark.e2e
JOB: dict[str, Any] = {
    "dataset": "reviews",
    "teacher": {"model": "teacher", "preparation": {"kind": "fine_tuned"}},
    "students": [{"kind": "cut", "num_layers": 2}],
    "runs": "elsewhere",
    "budget": {"num_trials": 3, "max_epochs": 3},
    "search": {"sampler": "random", "recommended": 0},
    "confirmation_seeds": 0,
}


class Process:
    """The API, to be killed and started again on the same address and data root."""

    def __init__(self, root: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        self.url, self._root = f"http://127.0.0.1:{self._port}", root
        self._running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._running = subprocess.Popen(
            [sys.executable, "-m", "api"],
            env=os.environ
            | {"AUTODISTILL_DATA_ROOT": str(self._root), "AUTODISTILL_PORT": str(self._port)},
        )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                if httpx.get(f"{self.url}/readyz").is_success:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
        pytest.fail("The API did not start.")

    def kill(self) -> None:
        if self._running is not None:
            self._running.kill()
            self._running.wait()


@pytest.fixture
def process(ready: Path, tmp_path: Path) -> Iterator[Process]:
    root = tmp_path / "root"
    shutil.copytree(ready, root)
    found = Process(root)
    found.start()
    yield found
    found.kill()


def test_a_kill_between_ask_and_tell_loses_nothing(process: Process) -> None:
    with Client(process.url) as client:
        job = client.submit(JOB).id
        first = client.ask(job, lease_s=1)
        second = client.ask(job, key="second")
        assert first is not None
        assert second is not None
        assert not first.report(1, {"accuracy": 0.5}).stop
        process.kill()
        process.start()
        again = client.ask(job, key="second")
        assert again is not None
        assert again.lent == second.lent
        assert first.tell({"accuracy": 0.6}, {"accuracy": 0.6}).state is TrialState.COMPLETE
        assert second.tell({"accuracy": 0.7}, {"accuracy": 0.7}).state is TrialState.COMPLETE
        third = client.ask(job)
        assert third is not None
        assert third.tell({"accuracy": 0.5}, {"accuracy": 0.5}).job is JobState.SUCCEEDED
        assert client.ask(job) is None
        trials = list(client.trials(job))
        assert [(t.number, t.state, t.num_attempts) for t in trials] == [
            (n, TrialState.COMPLETE, 1) for n in range(3)
        ]
        result = client.result(job)
        assert result is not None
        assert (result.best.trial, result.plain.trial) == (1, 0)
