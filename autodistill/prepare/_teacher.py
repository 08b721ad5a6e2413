"""Training of the teacher on the job's dataset."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from autodistill.metrics import LOWER_IS_BETTER, METRICS
from autodistill.models.device import device
from autodistill.models.evaluation import Exam
from autodistill.models.fitting import Optimiser, batches, hard_loss, label_tensor
from autodistill.models.inputs import Inputs
from autodistill.models.outputs import outputs
from autodistill.models.scale import Scale
from autodistill.models.speaking import Speaker
from autodistill.optimisation import Training
from autodistill.prepare._information import CEILING, centroids, divergences, information

TOLERATED = 0.01
"""Loss of the headline metric on dev up to which a spread teacher is kept."""


@dataclass(frozen=True)
class School:
    """What a teacher is trained and examined on."""

    tokens: Inputs
    labels_V: NDArray[Any]
    """Of all rows of the training split."""
    positions: NDArray[np.int64]
    """Which examples are trained on."""
    num_outputs: int
    dev: Exam
    scale: Scale
    seed: int
    progress: Callable[[str, dict[str, Any]], None]

    def fine_tune(self, model: Any, training: Training) -> None:
        """Train a model on the hard labels, and leave it as after its best epoch.

        Raises:
            Diverged: When the loss is no longer finite.
        """
        best, best_state = -np.inf, model.state_dict()
        for score in self._epochs(model, training, "teacher_epoch"):
            if score >= best:
                best, best_state = score, copy.deepcopy(model.state_dict())
        model.load_state_dict(best_state)

    def spread(self, model: Any, training: Training, weight: float) -> None:
        """Train on with `CE - weight * KL(P_x || Q_y)` (Ye et al., 2024), while dev bears it.

        Raises:
            Diverged: When the loss is no longer finite.
        """
        least = self._score(self.dev(model, self.scale)) - TOLERATED
        kept = copy.deepcopy(model.state_dict())
        for score in self._epochs(model, training, "teacher_spreading", weight):
            if score < least:
                break
            kept = copy.deepcopy(model.state_dict())
        model.load_state_dict(kept)

    def _epochs(
        self, model: Any, training: Training, kind: str, weight: float | None = None
    ) -> Iterator[float]:
        """Train epoch by epoch, and yield the headline metric on dev; more is better.

        With a weight, classes are spread by it; what an epoch starts from is told as `cmi`.
        """
        torch.manual_seed(self.seed)
        optimiser = Optimiser([model], training, len(self.positions))
        for epoch in range(training.num_epochs):
            rng = np.random.default_rng([self.seed, epoch])
            heard, own_CC = {}, None
            if weight is not None:
                heard["cmi"], own_CC = self._information(model)
            self._epoch(model, optimiser, training.batch_size, rng, weight or 0.0, own_CC)
            found = self.dev(model, self.scale)
            heard |= {f"dev/{name}": value for name, value in found.items()}
            self.progress(kind, {"epoch": epoch + 1, "of": training.num_epochs, **heard})
            yield self._score(found)

    def _epoch(
        self,
        model: Any,
        optimiser: Optimiser,
        batch_size: int,
        rng: np.random.Generator,
        weight: float,
        own_CC: torch.Tensor | None,
    ) -> None:
        model.train()
        speaker = Speaker(model)
        for chosen in batches(self.tokens.lengths[self.positions], batch_size, rng):
            batch = self.tokens.batch(self.positions[chosen])
            said = speaker(batch.inputs(model), batch.scored_BT)
            target_VC = self._one_hot[torch.from_numpy(batch.rows_V).to(device())]
            loss = hard_loss(self.dev.task, said.logits_VC, target_VC).mean()
            if own_CC is not None:
                apart_V = divergences(said.logits_VC, own_CC, target_VC.argmax(dim=1))
                loss = loss - weight * apart_V.clamp(max=CEILING).mean()
            optimiser.step(loss)
        speaker.close()

    def _information(self, model: Any) -> tuple[float, torch.Tensor]:
        """Return the information on the training examples, and each class's mean output."""
        rows_V = self.tokens.rows(self.positions)
        logits_VC = torch.from_numpy(outputs(model, self.tokens).logits_VC[rows_V]).to(device())
        labels_V = self._one_hot[torch.from_numpy(rows_V).to(device())].argmax(dim=1)
        return information(logits_VC, labels_V), centroids(logits_VC.softmax(dim=1), labels_V)

    @cached_property
    def _one_hot(self) -> torch.Tensor:
        return label_tensor(self.dev.task, self.labels_V, self.num_outputs, self.scale)

    def _score(self, found: dict[str, float]) -> float:
        metric = METRICS[self.dev.task][0]
        return -found[metric] if metric in LOWER_IS_BETTER else found[metric]
