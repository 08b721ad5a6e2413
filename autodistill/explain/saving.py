"""What a search cost, and what early stopping saved of it."""

from __future__ import annotations

import numpy as np

from autodistill.explain.frame import Frame
from autodistill.record import Record, TrialState


class Cost(Record):
    """What all finished trials of a job took, confirmations included."""

    trials: int
    epochs: int
    seconds: float
    """Training time, summed over trials that ran side by side."""
    stopped: int
    """Trials that were stopped early."""
    saved_epochs: int
    """Epochs that those did not have to train."""
    saved_seconds: float
    """The same in seconds, at each trial's own pace."""


def cost(frame: Frame) -> Cost:
    """Return what the trials of a job took and what was spared."""
    done = np.nan_to_num(frame.numbers("epochs_done"))
    seconds = np.nan_to_num(frame.numbers("seconds"))
    planned = np.nan_to_num(frame.numbers("training.num_epochs"))
    stopped = frame.column("state") == TrialState.PRUNED
    left = np.where(stopped, np.maximum(planned - done, 0), 0)
    pace = np.divide(seconds, done, out=np.zeros_like(seconds), where=done > 0)
    return Cost(
        trials=int(np.isfinite(frame.numbers("finish_order")).sum()),
        epochs=int(done.sum()),
        seconds=float(seconds.sum()),
        stopped=int(stopped.sum()),
        saved_epochs=int(left.sum()),
        saved_seconds=float((left * pace).sum()),
    )
