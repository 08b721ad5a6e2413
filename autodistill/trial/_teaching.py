"""What the teacher says about a batch: from its cache, or live where inputs are mixed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from autodistill.activations import Activation, Said, States
from autodistill.augmentations import Augmentation
from autodistill.models.device import device
from autodistill.models.scale import Scale
from autodistill.models.speaking import Speaker
from autodistill.models.tokens import TokenBatch
from autodistill.trial._examples import Examples


@dataclass(frozen=True)
class Lesson:
    """One batch: the student's inputs, what the teacher says of them, and the targets."""

    inputs: dict[str, torch.Tensor]
    """Keyword arguments of the student's forward pass."""
    scored_BT: torch.Tensor | None
    """Which of the student's tokens are rows; None where each example is one."""
    student_mask_BT: torch.Tensor
    teacher_mask_BT: torch.Tensor
    """True at real tokens."""
    teacher: Said
    """On the scale that the student learns on."""
    target_VC: torch.Tensor
    shared_tokens: bool
    """Whether teacher and student have the same tokens."""

    def compared(self, student: Said) -> tuple[Said, Said, torch.Tensor]:
        """Return student, teacher and a mask that holds for the states of both.

        Where the tokens differ, each text is shown as a single token: the mean over its own.
        """
        if self.shared_tokens:
            return student, self.teacher, self.student_mask_BT
        whole_B1 = torch.ones_like(self.student_mask_BT[:, :1])
        mine = replace(student, states=_means(student.states, self.student_mask_BT))
        theirs = replace(self.teacher, states=_means(self.teacher.states, self.teacher_mask_BT))
        return mine, theirs, whole_B1


def _means(states: States, mask_BT: torch.Tensor) -> States:
    share_B1T = (mask_BT / mask_BT.sum(dim=1, keepdim=True))[:, None]
    return {k: share_B1T @ states_BTD for k, states_BTD in states.items()}


class CachedTeaching:
    """Inputs as they are: the teacher's outputs come from memory-mapped arrays."""

    def __init__(self, examples: Examples, activations: Sequence[Activation], scale: Scale) -> None:
        self._examples, self._activations, self._scale = examples, activations, scale

    def __call__(
        self,
        student: Any,
        chosen_B: NDArray[np.int64],
        target_VC: torch.Tensor,
        rng: np.random.Generator,
    ) -> Lesson:
        """Return the lesson on some examples."""
        mine, theirs = self._examples.batches(chosen_B)
        outputs, rows_V = self._examples.outputs, theirs.rows_V
        said_VC = self._scale.standard(outputs.logits_VC[rows_V])
        features_VE = outputs.features_VE[rows_V].astype(np.float32)
        return Lesson(
            inputs=mine.inputs(student),
            scored_BT=mine.scored_BT,
            student_mask_BT=mine.mask_BT,
            teacher_mask_BT=theirs.mask_BT,
            teacher=Said(
                torch.from_numpy(said_VC).to(device()),
                torch.from_numpy(features_VE).to(device()),
                {a: outputs.padded(a, theirs) for a in self._activations},
            ),
            target_VC=target_VC,
            shared_tokens=mine is theirs,
        )


class MixedTeaching:
    """Interpolated embeddings: teacher and student each mix their own, with the same shares.

    MixKD (Liang et al., 2021). A mixed example attends to the tokens of both its parents, and has
    the segments of the first.
    """

    def __init__(
        self,
        teacher: Any,
        augmentation: Augmentation,
        examples: Examples,
        activations: Sequence[Activation],
    ) -> None:
        self._teacher = Speaker(teacher.eval(), activations)
        self._augmentation, self._examples = augmentation, examples

    def __call__(
        self,
        student: Any,
        chosen_B: NDArray[np.int64],
        target_VC: torch.Tensor,
        rng: np.random.Generator,
    ) -> Lesson:
        """Return the lesson on some examples, mixed with each other."""
        mine, theirs = self._examples.batches(chosen_B)
        mix = self._augmentation.mix(len(chosen_B), rng)
        partner_B = torch.from_numpy(mix.partner_B).to(device())
        share_B = torch.from_numpy(mix.share_B).float().to(device())

        def blend(own: torch.Tensor) -> torch.Tensor:
            share = share_B.view(-1, *[1] * (own.ndim - 1))
            return share * own + (1 - share) * own[partner_B]

        def mask(of: TokenBatch) -> torch.Tensor:
            return of.mask_BT | (of.mask_BT[partner_B] & (share_B < 1)[:, None])

        def inputs(model: Any, of: TokenBatch) -> dict[str, torch.Tensor]:
            return of.inputs_of(model, blend(of.embedded(model)), mask(of))

        with torch.no_grad():
            said = self._teacher(inputs(self._teacher.model, theirs), theirs.scored_BT)
        return Lesson(
            inputs=inputs(student, mine),
            scored_BT=mine.scored_BT,
            student_mask_BT=mask(mine),
            teacher_mask_BT=mask(theirs),
            teacher=said,
            target_VC=blend(target_VC),
            shared_tokens=mine is theirs,
        )
