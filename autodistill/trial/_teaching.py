"""What the teacher says about a batch: from its cache, or live where inputs are mixed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from autodistill.augmentations import Augmentation
from autodistill.models.device import device
from autodistill.models.scale import Scale
from autodistill.models.tokens import TokenBatch
from autodistill.trial._examples import Examples

States = Mapping[int, torch.Tensor]


@dataclass(frozen=True)
class Lesson:
    """One batch: the student's inputs, what the teacher says of them, and the targets."""

    inputs: dict[str, torch.Tensor]
    """Keyword arguments of the student's forward pass."""
    student_mask_BT: torch.Tensor
    teacher_mask_BT: torch.Tensor
    """True at real tokens."""
    teacher_BC: torch.Tensor
    """The teacher's outputs, on the scale that the student learns on."""
    teacher_hidden: States
    """Its hidden states, by layer."""
    target_BC: torch.Tensor
    shared_tokens: bool
    """Whether teacher and student have the same tokens."""

    def states(self, student: States) -> tuple[States, States, torch.Tensor]:
        """Return student states, teacher states and a mask that holds for both.

        Where the tokens differ, each text is shown as a single token: the mean over its own.
        """
        if self.shared_tokens:
            return student, self.teacher_hidden, self.student_mask_BT
        whole_B1 = torch.ones_like(self.student_mask_BT[:, :1])
        teacher = _means(self.teacher_hidden, self.teacher_mask_BT)
        return _means(student, self.student_mask_BT), teacher, whole_B1


def _means(states: States, mask_BT: torch.Tensor) -> States:
    share_B1T = (mask_BT / mask_BT.sum(dim=1, keepdim=True))[:, None]
    return {k: share_B1T @ states_BTD for k, states_BTD in states.items()}


class CachedTeaching:
    """Inputs as they are: the teacher's outputs come from memory-mapped arrays."""

    def __init__(self, examples: Examples, layers: Sequence[int], scale: Scale) -> None:
        self._examples, self._layers, self._scale = examples, layers, scale

    def __call__(
        self,
        student: Any,
        rows_B: NDArray[np.int64],
        target_BC: torch.Tensor,
        rng: np.random.Generator,
    ) -> Lesson:
        """Return the lesson on some examples."""
        mine, theirs = self._examples.batches(rows_B)
        outputs = self._examples.outputs
        said_BC = self._scale.standard(outputs.logits_NC[rows_B])
        return Lesson(
            inputs={"input_ids": mine.ids_BT, **mine.inputs(student)},
            student_mask_BT=mine.mask_BT,
            teacher_mask_BT=theirs.mask_BT,
            teacher_BC=torch.from_numpy(said_BC).to(device()),
            teacher_hidden={k: outputs.padded(k, theirs) for k in self._layers},
            target_BC=target_BC,
            shared_tokens=mine is theirs,
        )


class MixedTeaching:
    """Interpolated embeddings: teacher and student each mix their own, with the same shares.

    MixKD (Liang et al., 2021). A mixed example attends to the tokens of both its parents, and has
    the segments of the first.
    """

    def __init__(
        self, teacher: Any, augmentation: Augmentation, examples: Examples, layers: Sequence[int]
    ) -> None:
        self._teacher, self._augmentation = teacher.eval(), augmentation
        self._examples, self._layers = examples, layers

    def __call__(
        self,
        student: Any,
        rows_B: NDArray[np.int64],
        target_BC: torch.Tensor,
        rng: np.random.Generator,
    ) -> Lesson:
        """Return the lesson on some examples, mixed with each other."""
        mine, theirs = self._examples.batches(rows_B)
        mix = self._augmentation.mix(len(rows_B), rng)
        partner_B = torch.from_numpy(mix.partner_B).to(device())
        share_B = torch.from_numpy(mix.share_B).float().to(device())

        def blend(own: torch.Tensor) -> torch.Tensor:
            share = share_B.view(-1, *[1] * (own.ndim - 1))
            return share * own + (1 - share) * own[partner_B]

        def mask(of: TokenBatch) -> torch.Tensor:
            return of.mask_BT | (of.mask_BT[partner_B] & (share_B < 1)[:, None])

        def inputs(model: Any, of: TokenBatch) -> dict[str, torch.Tensor]:
            embedded_BTD = blend(model.get_input_embeddings()(of.ids_BT))
            masked = of.inputs(model) | {"attention_mask": mask(of).long()}
            return {"inputs_embeds": embedded_BTD, **masked}

        with torch.no_grad():
            to_teacher = inputs(self._teacher, theirs)
            said = self._teacher(output_hidden_states=bool(self._layers), **to_teacher)
        return Lesson(
            inputs=inputs(student, mine),
            student_mask_BT=mask(mine),
            teacher_mask_BT=mask(theirs),
            teacher_BC=said.logits.float(),
            teacher_hidden={k: said.hidden_states[k].float() for k in self._layers},
            target_BC=blend(target_BC),
            shared_tokens=mine is theirs,
        )
