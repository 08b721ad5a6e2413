"""One attempt of a trial: train it, and tell what happens in messages. Any executor runs this."""

from __future__ import annotations

import ctypes
import gc
import json
import logging
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from autodistill.errors import Diverged, InvalidInput
from autodistill.logs import captured
from autodistill.metrics import METRICS
from autodistill.record import FailureClass, Measurement, PreparedTask
from autodistill.spec import TrialSpec
from autodistill.trial import TrialRun
from workers.report import Report

STARVED = ("out of memory", "can't allocate memory")
"""What torch says on an accelerator and on a CPU."""
log = logging.getLogger(__name__)


def attempt(config: dict[str, Any], tell: Callable[[Report], None]) -> None:
    """Run a trial from its last checkpoint to its end; known failures are told, not raised.

    Args:
        config: `number`, `task` (path of the prepared task), `trial` (its spec as JSON), `folder`,
            `log` (file that what it logs and prints is appended to), and in how many `slices` it
            takes its batches.
        tell: Takes each message; may raise to end the attempt.
    """
    log.setLevel(logging.INFO)
    with captured(Path(config["log"])):
        _attempt(config, tell)


def _attempt(config: dict[str, Any], tell: Callable[[Report], None]) -> None:
    _leave_imports_alone()
    _give_back()
    number = int(config["number"])
    task = PreparedTask.model_validate(json.loads(Path(config["task"]).read_text()))
    spec = TrialSpec.model_validate_json(config["trial"])
    try:
        run = TrialRun(task, spec, Path(config["folder"]), slices=config["slices"])
        log.info("Starts with %s; %d epochs are done.", spec.student, len(run.history))
        tell(Report(number=number, started=True, measurements=run.history))
        for measurement in run:
            log.info("Epoch %d: %s", measurement.epoch, _said(measurement, task))
            tell(Report(number=number, measurements=(measurement,)))
        outcome = run.finish()
        log.info("Complete; the student is that of epoch %d.", outcome.best_epoch)
        tell(Report(number=number, outcome=outcome))
    except Diverged as error:
        tell(_failed(number, FailureClass.DIVERGED, error))
    except InvalidInput as error:
        tell(_failed(number, FailureClass.USER_ERROR, error))
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError) and not any(x in str(error) for x in STARVED):
            log.exception("The attempt failed.")
            raise
        tell(_failed(number, FailureClass.OUT_OF_MEMORY, error))


def _give_back() -> None:
    """Free the last attempt, and return to the system what the allocator kept of it."""
    gc.collect()  # a model, its hooks and optimiser are cycles
    if (trim := _trim()) is not None:
        trim(0)


@cache
def _trim() -> Callable[[int], int] | None:
    """Return what makes glibc let go of free memory between what is in use; others do it alone."""
    return getattr(ctypes.CDLL(None), "malloc_trim", None)


@cache
def _leave_imports_alone() -> None:
    """Let later collections pass over what was imported: to walk it takes 0.2 s each time."""
    gc.collect()
    gc.freeze()


def _said(measurement: Measurement, task: PreparedTask) -> str:
    told = f"dev/{METRICS[task.task][0]}", "seconds"
    return ", ".join(
        f"{name} {value:.4g}"
        for name, value in measurement.values.items()
        if name in told or name.startswith("loss/")
    )


def _failed(number: int, failure: FailureClass, error: Exception) -> Report:
    log.error("The attempt failed: %s", failure, exc_info=error)
    return Report(number=number, failure=failure, reason=f"{failure}: {error}")
