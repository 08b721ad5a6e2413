"""A driver whose trials are played: `python -m benchmarks.service.player JOB EPOCH SLOTS`.

Everything but preparation and training is the product's own. `PLAYED_EPOCH_S` says how long an
epoch takes; `PLAYED_ON` whether trials run on `ray` or, one after the other, in the driver.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any
from unittest.mock import patch

from typing_extensions import override

from autodistill.record import Job, Measurement
from autodistill.store import Store
from autodistill.testing.played import PlayedRun, prepared
from workers import driver
from workers.conductor import Conductor
from workers.dispatcher import Dispatcher
from workers.inline import run_inline
from workers.settings import Settings
from workers.trainable import train

POINTS = 10
"""Values of a measurement; real ones have more."""
SAID_AT = "said_at"
"""The value that says when an epoch was over, in seconds since 1970."""


class Performance(PlayedRun):
    """Epochs of `PLAYED_EPOCH_S` seconds, each with the points of a real one."""

    @override
    def __iter__(self) -> Iterator[Measurement]:
        epoch_s = float(os.environ["PLAYED_EPOCH_S"])
        values = {f"loss/{k}": 0.1 * k for k in range(POINTS - 3)}
        began = time.monotonic()
        for k, measurement in enumerate(super().__iter__(), start=1):
            time.sleep(max(0.0, began + k * epoch_s - time.monotonic()))
            said = measurement.values | values | {SAID_AT: time.time()}
            yield measurement.model_copy(update={"values": said})


def play(config: dict[str, Any]) -> None:
    """Do in Ray's process what the product does there, for a played trial."""
    with patch("workers.attempt.TrialRun", Performance):
        train(config)


@contextmanager
def dispatching(
    store: Store, settings: Settings, *, epoch_s: float, on: str = "driver"
) -> Iterator[None]:
    """Claim jobs and share slots, as the worker's process does, on a thread."""
    dispatcher = Dispatcher(store, settings, partial(_start, settings, epoch_s, on))
    leaving = threading.Event()

    def work() -> None:
        while not leaving.wait(settings.poll_s):
            dispatcher.step()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        leaving.set()
        thread.join()
        dispatcher.drain()


def _start(
    settings: Settings, epoch_s: float, on: str, job: Job, slots: int
) -> subprocess.Popen[bytes]:
    """Start a player's process for a job, its log where the product has it."""
    log = settings.root / "logs" / f"{job.id}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    module = [sys.executable, "-m", "benchmarks.service.player"]
    with log.open("ab") as out:
        return subprocess.Popen(
            [*module, job.id, f"{job.owner_epoch}", f"{slots}"],
            env=settings.driver_environment()
            | {
                "AUTODISTILL_DATA_ROOT": str(settings.root),
                "AUTODISTILL_DATABASE_URL": settings.database,
                "PLAYED_EPOCH_S": f"{epoch_s}",
                "PLAYED_ON": on,
            },
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def main(job: str, epoch: int, slots: int) -> int:
    """Drive one claim of a job on played trials, and return the exit code."""
    root = Settings().root

    def inline(conductor: Conductor, *_: object) -> None:
        run_inline(conductor)

    with ExitStack() as stack:
        stack.enter_context(
            patch("workers.claim.prepare", lambda spec, *_, **__: prepared(root, spec))
        )
        if os.environ["PLAYED_ON"] == "ray":
            stack.enter_context(patch("workers.tuning.train", play))
        else:
            stack.enter_context(patch("workers.attempt.TrialRun", Performance))
            stack.enter_context(patch("workers.claim.run_on_ray", inline))
            stack.enter_context(patch("workers.claim.cluster"))
        return driver.main(job, epoch, slots)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
