"""What a trial keeps on disk: its last checkpoint, its best weights, and in the end its outcome."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any

import torch

from autodistill.models.device import device
from autodistill.record import Measurement, Outcome
from autodistill.spec import TrialSpec


class Checkpoints:
    """The folder of one trial. Every file is there whole or not at all."""

    def __init__(self, folder: Path, spec: TrialSpec) -> None:
        self._folder, self._spec = folder, spec.sha256
        folder.mkdir(parents=True, exist_ok=True)
        for half in folder.glob("*.tmp"):
            half.unlink(missing_ok=True)

    def load(self) -> dict[str, Any] | None:
        """Return the last checkpoint, or None when there is none."""
        path = self._folder / "checkpoint.pt"
        if not path.exists():
            return None
        state: dict[str, Any] = torch.load(path, weights_only=True, map_location=device())
        self._own(state["spec"])
        return state

    def save(self, state: dict[str, Any], best_epoch: int) -> None:
        """Replace the checkpoint; the weights of epochs that are no longer the best go."""
        _write({"spec": self._spec, **state}, self._folder / "checkpoint.pt")
        for path in self._folder.glob("best-*.pt"):
            if path != self._best(best_epoch):
                path.unlink()

    def save_best(self, epoch: int, weights: dict[str, Any]) -> None:
        """Keep the weights of an epoch; called before the checkpoint that names it."""
        _write(weights, self._best(epoch))

    def load_best(self, epoch: int) -> dict[str, Any]:
        """Return the weights of an epoch."""
        path = self._best(epoch)
        weights: dict[str, Any] = torch.load(path, weights_only=True, map_location=device())
        return weights

    def conclude(self, outcome: Outcome, history: Sequence[Measurement]) -> None:
        """Write the outcome, after which no weights but the student's are needed."""
        found = {
            "spec": self._spec,
            "outcome": outcome.model_dump(mode="json"),
            "history": [m.model_dump(mode="json") for m in history],
        }
        _replace(self._folder / "outcome.json", lambda file: file.write(json.dumps(found).encode()))
        for path in self._folder.glob("*.pt"):
            path.unlink()

    def concluded(self) -> tuple[Outcome, list[Measurement]] | None:
        """Return what `conclude` wrote, or None when the trial is not at its end."""
        path = self._folder / "outcome.json"
        if not path.exists():
            return None
        found = json.loads(path.read_text())
        self._own(found["spec"])
        history = [Measurement.model_validate(m) for m in found["history"]]
        outcome = found["outcome"] | {"student": self._folder / "student"}
        return Outcome.model_validate(outcome), history

    def _own(self, spec: str) -> None:
        if spec != self._spec:
            message = f"{self._folder} holds another trial; give each trial a folder of its own."
            raise ValueError(message)

    def _best(self, epoch: int) -> Path:
        return self._folder / f"best-{epoch}.pt"


def _write(state: dict[str, Any], path: Path) -> None:
    _replace(path, lambda file: torch.save(state, file))


def _replace(path: Path, fill: Callable[[IO[bytes]], object]) -> None:
    """Write a file whole or not at all; under a name of its own until then.

    Another process may still be writing here: one that worked on this trial before it was taken
    from it.
    """
    handle, fresh = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            fill(file)
        os.replace(fresh, path)
    except BaseException:
        Path(fresh).unlink(missing_ok=True)
        raise
