"""Checkpoints of a trial: one file, replaced at once, and the best epoch's weights beside it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch


class Checkpoints:
    """The folder in which a trial keeps what a later start needs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def load(self) -> dict[str, Any] | None:
        """Return the last checkpoint, or None when there is none."""
        path = self.folder / "checkpoint.pt"
        return torch.load(path, weights_only=True) if path.exists() else None

    def save(self, state: dict[str, Any]) -> None:
        """Replace the checkpoint; the weights of epochs that are no longer the best go."""
        _write(state, self.folder / "checkpoint.pt")
        for path in self.folder.glob("best-*.pt"):
            if path != self._best(state["best_epoch"]):
                path.unlink()

    def save_best(self, epoch: int, weights: dict[str, Any]) -> None:
        """Keep the weights of an epoch; called before the checkpoint that names it."""
        _write(weights, self._best(epoch))

    def load_best(self, epoch: int) -> dict[str, Any]:
        """Return the weights of an epoch."""
        weights: dict[str, Any] = torch.load(self._best(epoch), weights_only=True)
        return weights

    def _best(self, epoch: int) -> Path:
        return self.folder / f"best-{epoch}.pt"


def _write(state: dict[str, Any], path: Path) -> None:
    fresh = path.with_suffix(".tmp")
    torch.save(state, fresh)
    os.replace(fresh, path)
