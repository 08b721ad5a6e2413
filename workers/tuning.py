"""One Ray Tune run: a searcher, a scheduler and a stopper that hand everything to the conductor.

Every run is fresh and never restored: the store says which trials are open, and those continue from
their own checkpoints.
"""

from __future__ import annotations

import logging
import uuid
from pathlib import Path
from typing import Any

from ray import tune
from ray.air.execution._internal import RayActorManager
from ray.exceptions import OutOfMemoryError, RayActorError, RayTaskError
from ray.tune.execution import tune_controller as tunes
from ray.tune.schedulers import FIFOScheduler, TrialScheduler
from ray.tune.search import Searcher
from typing_extensions import override

from autodistill.errors import LeaseLost
from autodistill.record import FailureClass
from workers.conductor import Conductor, Supply
from workers.report import Report
from workers.silence import Silence
from workers.trainable import train

REASON_LENGTH = 2000
EVICTED = "Ray ended the actor because its machine ran out of memory"


class _Unsaved:
    """Pickles as nothing: Tune writes its parts into snapshots, which are never read here."""

    @override
    def __getstate__(self) -> dict[str, Any]:
        return {}


class Actors(RayActorManager):
    """Takes an actor that Ray's memory monitor has ended for one that died.

    Tune knows of no such end of a task, and would end the whole run.
    """

    @override
    def _actor_task_failed(self, tracked_actor_task: Any, exception: Exception) -> None:
        super()._actor_task_failed(tracked_actor_task, _died(exception))

    @override
    def _actor_start_failed(self, tracked_actor: Any, exception: Exception) -> None:
        super()._actor_start_failed(tracked_actor, _died(exception))


def _died(exception: Exception) -> Exception:
    if isinstance(exception, OutOfMemoryError):
        return RayActorError(error_msg=f"{EVICTED}: {exception}")
    if isinstance(exception, RayActorError | RayTaskError):
        return exception
    return RayActorError(error_msg=f"{type(exception).__name__}: {exception}")


tunes.RayActorManager = Actors


class Supplier(_Unsaved, Searcher):
    """Tells Tune what to run next: whatever the conductor hands out."""

    def __init__(self, conductor: Conductor) -> None:
        super().__init__()
        self._conductor = conductor

    @override
    def suggest(self, trial_id: str) -> dict[str, Any] | None:
        try:
            trial = self._conductor.next()
            # Where nothing runs Tune goes on asking here, and would not learn that it is to stop.
            if trial is Supply.WAIT and not self._conductor.halted():
                return None
        except LeaseLost:
            self._conductor.lost.set()
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
    """Passes each result to the conductor and stops the trials that it says are behind.

    Tune itself would wait for ever for an actor that is frozen or hangs.
    """

    def __init__(self, conductor: Conductor, silence: Silence) -> None:
        super().__init__()
        self._conductor, self._silence = conductor, silence

    @override
    def choose_trial_to_run(self, tune_controller: Any) -> Any:
        # An actor that is kept for the next trial holds a slot, which may be another job's now.
        if self._conductor.crowded and not tune_controller._pending_trials:
            tune_controller._cleanup_cached_actors(force_all=True)
        self._end_silent(tune_controller)
        return super().choose_trial_to_run(tune_controller)

    @override
    def on_trial_result(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> str:
        self._silence.broken(trial.trial_id)
        report = Report.model_validate_json(result["report"])
        ended = self._conductor.hear(report)
        # After its last message the function returns by itself, and its actor serves the next.
        return TrialScheduler.STOP if ended and not report.last else TrialScheduler.CONTINUE

    @override
    def on_trial_error(self, tune_controller: Any, trial: Any) -> None:
        said = Path(trial.error_file).read_text()  # what Tune offers comes to this only later
        starved = EVICTED in said
        failure = FailureClass.OUT_OF_MEMORY if starved else FailureClass.INFRASTRUCTURE
        reason = said[said.index(EVICTED) :][:REASON_LENGTH] if starved else said[-REASON_LENGTH:]
        number = int(trial.config["number"])
        self._conductor.failed(number, failure, f"{failure}: {reason.strip()}")

    def _end_silent(self, tune_controller: Any) -> None:
        """Fail attempts that hang; Tune kills their actors a few seconds later."""
        for actor, trial in list(tune_controller._actor_to_trial.items()):
            waits_for_slot = not tune_controller._actor_manager.is_actor_started(actor)
            if waits_for_slot or not self._silence.too_long(trial.trial_id):
                continue
            said = (
                f"{FailureClass.TIMEOUT}: The attempt said nothing for "
                f"{self._silence.limit_s:.0f} s and was ended. Where an epoch may take longer, set "
                "AUTODISTILL_STALL_S of the workers."
            )
            self._conductor.failed(int(trial.config["number"]), FailureClass.TIMEOUT, said)
            tune_controller._process_trial_failure(trial, TimeoutError(said))


class Halting(_Unsaved, tune.Stopper):
    """Ends the run when the conductor says so."""

    def __init__(self, conductor: Conductor) -> None:
        self._conductor = conductor

    @override
    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        return False

    @override
    def stop_all(self) -> bool:
        try:
            return self._conductor.halted()
        except LeaseLost:
            self._conductor.lost.set()
            return True


def run_on_ray(conductor: Conductor, slots: int, folder: Path, stall_s: float) -> None:
    """Run trials until there are none, or the job is halted.

    Args:
        conductor: Of the job.
        slots: Trials at once, at most.
        folder: Where Tune keeps what nobody reads.
        stall_s: Seconds without an epoch after which an attempt may be taken for one that hangs.
    """
    logging.getLogger("ray.tune").setLevel(logging.ERROR)  # it misses the loggers we turn off
    tuner = tune.Tuner(
        tune.with_resources(train, {"cpu": 1}),
        tune_config=tune.TuneConfig(
            search_alg=Supplier(conductor),
            scheduler=Relay(conductor, Silence(stall_s)),
            num_samples=-1,
            max_concurrent_trials=slots,
            reuse_actors=True,
            trial_dirname_creator=_dirname,
        ),
        run_config=tune.RunConfig(
            name=uuid.uuid4().hex,
            storage_path=str(folder),
            stop=Halting(conductor),
            failure_config=tune.FailureConfig(max_failures=0),
            verbose=0,
        ),
    )
    tuner.fit()


def _dirname(trial: Any) -> str:
    return str(trial.trial_id)
