"""One Ray Tune run: a searcher, a scheduler and a stopper that hand everything to the conductor.

Every run is fresh and never restored: the store says which trials are open, and those continue from
their own checkpoints.
"""

from __future__ import annotations

import os
import threading
import time
import uuid
from pathlib import Path
from typing import Any

import ray
from ray import tune
from ray.tune.schedulers import FIFOScheduler, TrialScheduler
from ray.tune.search import Searcher
from typing_extensions import override

from autodistill.errors import LeaseLost
from autodistill.record import FailureClass
from workers.conductor import Conductor, Supply
from workers.ending import Report
from workers.trainable import train

OBJECT_STORE_BYTES = 256 * 2**20
RAYLET_SILENCE_S = 5.0
POLL_S = 0.5
TEMPORARY_FAILURE = 75
"""Exit code of a driver that another one should replace."""


class _Unsaved:
    """Pickles as nothing: Tune writes its parts into snapshots, which are never read here."""

    @override
    def __getstate__(self) -> dict[str, Any]:
        return {}


class Supplier(_Unsaved, Searcher):
    """Tells Tune what to run next: whatever the conductor hands out."""

    def __init__(self, conductor: Conductor) -> None:
        super().__init__()
        self._conductor = conductor

    @override
    def suggest(self, trial_id: str) -> dict[str, Any] | None:
        trial = self._conductor.next()
        if trial is Supply.WAIT:
            return None
        if isinstance(trial, Supply):
            finished: Any = Searcher.FINISHED
            return finished
        return self._conductor.config(trial)

    @override
    def set_search_properties(self, *arguments: Any, **settings: Any) -> bool:
        return True

    @override
    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """Nothing: the scheduler has seen every result."""

    @override
    def save(self, checkpoint_path: str) -> None:
        """Nothing: the store is the truth."""

    @override
    def restore(self, checkpoint_path: str) -> None:
        """Nothing: runs are never restored."""


class Relay(_Unsaved, FIFOScheduler):
    """Passes each result to the conductor and stops the trials that it says are behind."""

    def __init__(self, conductor: Conductor) -> None:
        super().__init__()
        self._conductor = conductor

    @override
    def on_trial_result(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> str:
        report = Report.model_validate_json(result["report"])
        try:
            stop = self._conductor.hear(report)
        except LeaseLost:
            self._conductor.lost = True
            stop = True
        ended = report.outcome is not None or report.failure is not None
        return TrialScheduler.STOP if stop and not ended else TrialScheduler.CONTINUE

    @override
    def on_trial_error(self, tune_controller: Any, trial: Any) -> None:
        error = trial.get_error() or trial.get_pickled_error()
        reason = f"{FailureClass.INFRASTRUCTURE}: {error}".strip()[-2000:]
        self._conductor.failed(int(trial.config["number"]), FailureClass.INFRASTRUCTURE, reason)


class Halting(_Unsaved, tune.Stopper):
    """Ends the run when the user pauses or cancels, or another driver owns the job."""

    def __init__(self, conductor: Conductor, draining: threading.Event) -> None:
        self._conductor, self._draining = conductor, draining
        self._next, self._halted = 0.0, False

    @override
    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        return False

    @override
    def stop_all(self) -> bool:
        if time.monotonic() >= self._next:
            self._halted = self._draining.is_set() or self._conductor.halted()
            self._next = time.monotonic() + POLL_S
        return self._halted


def connect(address: str, slots: int) -> None:
    """Start a local Ray with so many slots, or join a cluster; and watch that it lives."""
    if address == "local":
        ray.init(
            address="local",
            num_cpus=slots,
            include_dashboard=False,
            object_store_memory=OBJECT_STORE_BYTES,
            log_to_driver=False,
        )
    else:
        ray.init(address=address, log_to_driver=False)
    threading.Thread(target=_watch, daemon=True).start()


def _watch() -> None:
    """End this process when no node of Ray is alive: Tune itself would wait for ever."""
    silent_since: float | None = None
    while ray.is_initialized():
        alive = any(node["Alive"] for node in ray.nodes())
        silent_since = None if alive else silent_since or time.monotonic()
        if silent_since is not None and time.monotonic() - silent_since > RAYLET_SILENCE_S:
            os._exit(TEMPORARY_FAILURE)
        time.sleep(1.0)


def run_on_ray(conductor: Conductor, slots: int, folder: Path, draining: threading.Event) -> None:
    """Run trials until there are none, or the job is halted."""
    tuner = tune.Tuner(
        tune.with_resources(train, {"cpu": 1}),
        tune_config=tune.TuneConfig(
            search_alg=Supplier(conductor),
            scheduler=Relay(conductor),
            num_samples=-1,
            max_concurrent_trials=slots,
            reuse_actors=True,
        ),
        run_config=tune.RunConfig(
            name=uuid.uuid4().hex,
            storage_path=str(folder),
            stop=Halting(conductor, draining),
            failure_config=tune.FailureConfig(max_failures=0),
            verbose=0,
        ),
    )
    tuner.fit()
