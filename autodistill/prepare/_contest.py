"""A student on the training split of a prepared task, and the output losses that train it.

Letters: B examples, V rows, C outputs, E width, K losses.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from autodistill.activations import Said
from autodistill.data.table import Split, read_split
from autodistill.losses import Loss
from autodistill.models.device import device
from autodistill.models.encoders import load
from autodistill.models.fitting import Optimiser, batches, hard_loss, label_tensor
from autodistill.models.inputs import Inputs, read_inputs
from autodistill.models.outputs import Outputs, read_outputs
from autodistill.models.scale import Scale, scale_of
from autodistill.models.speaking import Speaker
from autodistill.models.vocabulary import keep_own_words
from autodistill.optimisation import Training
from autodistill.pool import Dynamics
from autodistill.pooling import pool_of
from autodistill.record import PreparedTask

HELD_OUT = 4
"""One training example in so many is held out."""


@dataclass(frozen=True)
class Ground:
    """The training split of a prepared task, as one student reads it."""

    task: PreparedTask
    student: str

    @cached_property
    def split(self) -> Split:
        """The whole of it."""
        return read_split(self.task.dataset, "train")

    @cached_property
    def available(self) -> NDArray[np.int64]:
        """Which of its examples the job uses."""
        if self.task.train_positions is not None:
            return np.array(self.task.train_positions, dtype=np.int64)
        return np.arange(len(self.split))

    @cached_property
    def scale(self) -> Scale:
        """What values are learnt on."""
        return scale_of(self.task.task, self.split.labels)

    @cached_property
    def tokens(self) -> Inputs:
        """As the student reads them."""
        return read_inputs(self.task.student_tokens[self.student], "train")

    @cached_property
    def teacher_tokens(self) -> Inputs:
        """As the teacher reads them."""
        return read_inputs(self.task.tokens, "train")

    @cached_property
    def teacher(self) -> Outputs:
        """What the teacher says, on the dataset's scale."""
        return read_outputs(self.task.outputs, "train", self.teacher_tokens)

    @cached_property
    def label_VC(self) -> torch.Tensor:  # noqa: N802
        """Labels of all rows."""
        labels_V, number = self.tokens.labels(self.split), len(self.task.labels) or 1
        return label_tensor(self.task.task, labels_V, number, self.scale)

    def initial(self) -> Any:
        """Return the student before it learns anything, on the training scale."""
        return self.scale.unfold(load(self.task.students[self.student]))


class StudentContest:
    """Objectives are those of trials with default settings: hard and soft loss, by the KD weight.

    Args:
        ground: What is learnt from.
        losses: K of them, each with a KD weight above 0.
        training: How long and how fast.
        seed: Of what is held out, the order of examples and dropout.
        progress: Told before each epoch how many there have been, and how many there will be.
    """

    def __init__(
        self,
        ground: Ground,
        losses: Sequence[Loss],
        training: Training,
        seed: int,
        progress: Callable[[int, int], object],
    ) -> None:
        self._ground, self._losses, self._progress = ground, losses, progress
        self._num_epochs = training.num_epochs
        rng = np.random.default_rng(seed)
        torch.manual_seed(seed)
        order = rng.permutation(ground.available)
        number = max(1, len(order) // HELD_OUT)
        unseen, kept = np.sort(order[:number]), np.sort(order[number:])
        pool = pool_of(
            ground.task, ground.student, kept, ground.label_VC, ground.scale, _never_watched
        )
        self._built = [loss.build(pool) for loss in losses]
        self._model = keep_own_words(ground.initial(), [ground.tokens])
        self._speaker = Speaker(self._model)
        modules = [self._model, *(built.modules.to(device()) for built in self._built)]
        self._optimiser = Optimiser(modules, training, len(kept))

        def cut(positions: NDArray[np.int64]) -> list[NDArray[np.int64]]:
            lengths = ground.tokens.lengths[positions]
            return [positions[chosen] for chosen in batches(lengths, training.batch_size, rng)]

        self._steps = [chosen_B for _ in range(training.num_epochs) for chosen_B in cut(kept)]
        self._exams = cut(unseen)

    @property
    def num_steps(self) -> int:
        """Of the training."""
        return len(self._steps)

    @property
    def parameters(self) -> Sequence[torch.Tensor]:
        """The student's; what a loss learns for itself is no part of it."""
        return [p for p in self._model.parameters() if p.requires_grad]

    def objectives(self, step: int, *, training: bool) -> tuple[torch.Tensor, torch.Tensor]:
        """Return each loss's objective on the step's examples, and the student's logits."""
        each_epoch = self.num_steps // self._num_epochs
        if training and step % each_epoch == 0:
            self._progress(step // each_epoch, self._num_epochs)
        chosen_B = self._steps[step]
        said, hard, target_VC = self._said(chosen_B, training=training)
        teacher = self._taught(chosen_B)
        objectives = [
            (1 - loss.kd_weight) * hard + loss.kd_weight * built(said, teacher, target_VC).mean()
            for loss, built in zip(self._losses, self._built, strict=True)
        ]
        return torch.stack(objectives), said.logits_VC

    def train(self, loss: torch.Tensor) -> None:
        """Take the optimiser's next step."""
        self._optimiser.step(loss)

    def held_out(self, step: int) -> torch.Tensor:
        """Return the hard loss on some examples that are held out."""
        return self._said(self._exams[step % len(self._exams)], training=False)[1]

    def _said(
        self, chosen_B: NDArray[np.int64], *, training: bool
    ) -> tuple[Said, torch.Tensor, torch.Tensor]:
        """Return what the student says, its mean hard loss, and what that compares with."""
        self._model.train(training)
        batch = self._ground.tokens.batch(chosen_B)
        said = self._speaker(batch.inputs(self._model), batch.scored_BT)
        target_VC = self._ground.label_VC[torch.from_numpy(batch.rows_V).to(device())]
        hard_V = hard_loss(self._ground.task.task, said.logits_VC, target_VC)
        return said, hard_V.mean(), target_VC

    def _taught(self, chosen_B: NDArray[np.int64]) -> Said:
        kept, rows_V = self._ground.teacher, self._ground.teacher_tokens.rows(chosen_B)

        def remembered(rows_VE: NDArray[Any]) -> torch.Tensor:
            return torch.from_numpy(rows_VE.astype(np.float32)).to(device())

        before = kept.unbounded_VE
        return Said(
            remembered(self._ground.scale.standard(kept.logits_VC[rows_V])),
            remembered(kept.features_VE[rows_V]),
            {},
            None if before is None else remembered(before[rows_V]),
        )


def _never_watched() -> Dynamics:
    raise NotImplementedError("An output loss asks how examples fared; that is for selections.")
