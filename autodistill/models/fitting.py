"""What every training loop shares: batches of like length, AdamW with warm-up and linear decay."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autodistill.errors import Diverged
from autodistill.lazy import torch
from autodistill.models.device import device
from autodistill.models.scale import Scale
from autodistill.optimisation import Training
from autodistill.task import Task

POOL = 32
"""Batches that are shuffled together before they are sorted by length."""
MAX_GRADIENT_NORM = 1.0


def batches(
    lengths_N: NDArray[np.int64], size: int, rng: np.random.Generator
) -> list[NDArray[np.int64]]:
    """Return every example once, in shuffled batches whose members have like lengths.

    One batch at most is smaller than the others: there are ceil(N / size) of them.
    """
    order = rng.permutation(len(lengths_N))
    found = []
    for start in range(0, len(order), size * POOL):
        pool = order[start : start + size * POOL]
        pool = pool[np.argsort(lengths_N[pool], kind="stable")]
        found += [pool[i : i + size] for i in range(0, len(pool), size)]
    return [found[i] for i in rng.permutation(len(found))]


class Optimiser:
    """AdamW over some modules, with the learning rate's course over whole epochs of a dataset."""

    def __init__(self, modules: Iterable[Any], training: Training, num_examples: int) -> None:
        decayed: list[Any] = []
        plain: list[Any] = []
        for parameter in (p for m in modules for p in m.parameters() if p.requires_grad):
            # Biases and normalisation weights are the vectors among the parameters.
            (decayed if parameter.ndim > 1 else plain).append(parameter)
        self._parameters = decayed + plain
        groups = [
            {"params": decayed, "weight_decay": training.weight_decay},
            {"params": plain, "weight_decay": 0.0},
        ]
        self._adamw = torch.optim.AdamW(groups, lr=training.learning_rate, fused=True)
        num_steps = training.num_epochs * -(-num_examples // training.batch_size)
        warmup = training.warmup_fraction * num_steps

        def course(step: int) -> float:
            if step < warmup:
                return (step + 1) / (warmup + 1)
            return max(0.0, (num_steps - step) / max(1.0, num_steps - warmup))

        self._schedule = torch.optim.lr_scheduler.LambdaLR(self._adamw, course)

    @property
    def learning_rate(self) -> float:
        """Of the next step."""
        return float(self._schedule.get_last_lr()[0])

    def step(self, loss: torch.Tensor) -> None:
        """Go one step down the loss's clipped gradient.

        Raises:
            Diverged: When the loss is not finite.
        """
        if not torch.isfinite(loss):
            message = (
                f"The loss is {loss.item()}, so training cannot go on; lower the learning rate."
            )
            raise Diverged(message)
        self._adamw.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        torch.nn.utils.clip_grad_norm_(self._parameters, MAX_GRADIENT_NORM)
        self._adamw.step()
        self._schedule.step()

    def state_dict(self) -> dict[str, Any]:
        """Return what a resumed training needs."""
        return {"adamw": self._adamw.state_dict(), "schedule": self._schedule.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back what `state_dict` returned."""
        self._adamw.load_state_dict(state["adamw"])
        self._schedule.load_state_dict(state["schedule"])


def hard_loss(task: Task, student_VC: torch.Tensor, target_VC: torch.Tensor) -> torch.Tensor:
    """Return cross-entropy with class probabilities, or squared error with values, shape (V,)."""
    if task.is_classification:
        return -(target_VC * torch.log_softmax(student_VC, dim=1)).sum(dim=1)
    return (student_VC - target_VC).square().sum(dim=1)


def label_tensor(
    task: Task, labels_V: NDArray[Any], num_outputs: int, scale: Scale
) -> torch.Tensor:
    """Return one-hot rows, or values of shape (V, 1) on the training scale."""
    if task.is_classification:
        rows_VC = torch.nn.functional.one_hot(torch.from_numpy(labels_V), num_outputs).float()
    else:
        rows_VC = torch.from_numpy(scale.standard(labels_V))[:, None]
    return rows_VC.to(device())
