"""Other pipelines, and the plain loop that computes the same of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from typing_extensions import override

from autodistill.activations import Said
from autodistill.models import packed
from autodistill.models.inputs import Batch
from autodistill.task import Task
from autodistill.trial import _learner, _teaching
from benchmarks.engine.work import DATASET


@dataclass(frozen=True)
class Work:
    """A pipeline and what it is tried on."""

    slots: dict[str, Any]
    dataset: str = DATASET
    asked: dict[str, Any] = field(default_factory=dict)
    """Of the dataset, besides its name."""


SOFT = {"kind": "softened_kl", "weight": 0.7, "temperature": 4.0}
MSE = {"kind": "mse", "weight": 0.1}
PIPELINES = {
    "logits": Work({"loss": SOFT}),
    "mi_alpha": Work({"loss": SOFT, "intermediate": {"kind": "mi_alpha", "weight": 0.1}}),
    "emd": Work({"loss": SOFT, "intermediate": MSE | {"mapping": {"kind": "emd"}}}),
    "attention": Work({"loss": SOFT, "intermediate": {"kind": "attention", "weight": 0.1}}),
    "relations": Work({"loss": SOFT, "intermediate": {"kind": "relations", "weight": 0.1}}),
    "mixup": Work(
        {"loss": SOFT, "intermediate": MSE, "augmentation": {"kind": "mixup", "mixed_fraction": 1}}
    ),
    "sinkd": Work({"loss": {"kind": "sinkd", "weight": 0.7}, "intermediate": MSE}),
    "copies": Work({"loss": SOFT, "intermediate": MSE, "augmentation": {"kind": "random_edits"}}),
    "tokens": Work(
        {"loss": SOFT, "intermediate": MSE}, "ha_slots", {"task": Task.TOKEN_CLASSIFICATION}
    ),
    "regression": Work(
        {"loss": {"kind": "logit_mse", "weight": 0.7}, "intermediate": MSE},
        "vader_movies",
        {"task": Task.TEXT_REGRESSION},
    ),
}


def take_savings_away() -> None:
    """Make trials of this process plain loops over the same batches with the same components.

    The teacher speaks at every step, transformers' own layers run padded, the whole vocabulary is
    trained, by an optimiser with its defaults.
    """

    class Plain(torch.optim.AdamW):
        @override
        def __init__(self, groups: Any, lr: float, fused: bool) -> None:
            super().__init__(groups, lr)

    def live(self: Any, batch: Batch) -> Said:
        speaker = self._teacher
        with torch.no_grad():
            said: Said = speaker(batch.inputs(speaker.model), batch.scored_BT)
        return said

    changes: list[tuple[Any, str, Any]] = [
        (packed, "packs", lambda _: False),
        (_learner, "keep_own_words", lambda student, _: student),
        (_teaching.Teaching, "_cached", live),
        (torch.optim, "AdamW", Plain),
    ]
    for owner, name, value in changes:
        setattr(owner, name, value)
