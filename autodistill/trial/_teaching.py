"""What the teacher says about a batch: from its cache, or live where inputs are mixed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from autodistill.augmentations import Augmentation
from autodistill.models.device import device
from autodistill.models.encoders import load
from autodistill.record import PreparedTask
from autodistill.trial._examples import Examples


@dataclass(frozen=True)
class Lesson:
    """One batch: the student's inputs, what the teacher says of them, and the labels."""

    inputs: dict[str, torch.Tensor]
    """Keyword arguments of the student's forward pass."""
    mask_BT: torch.Tensor
    teacher_BC: torch.Tensor
    teacher_hidden: Mapping[int, torch.Tensor]
    target_BC: torch.Tensor


class CachedTeaching:
    """Inputs as they are: the teacher's outputs come from memory-mapped arrays."""

    def __init__(self, examples: Examples, layers: tuple[int, ...]) -> None:
        self.examples, self.layers = examples, layers

    def __call__(
        self,
        student: Any,
        rows_B: NDArray[np.int64],
        target_BC: torch.Tensor,
        rng: np.random.Generator,
    ) -> Lesson:
        """Return the lesson on some examples."""
        batch = self.examples.tokens.batch(rows_B)
        outputs = self.examples.outputs
        return Lesson(
            {"input_ids": batch.ids_BT, **batch.inputs(student)},
            batch.mask_BT,
            outputs.logits(rows_B),
            {k: outputs.padded(k, batch) for k in self.layers},
            target_BC,
        )


class MixedTeaching:
    """Interpolated embeddings: teacher and student each mix their own, with the same shares.

    MixKD (Liang et al., 2021). A mixed example attends to the tokens of both its parents.
    """

    def __init__(
        self,
        task: PreparedTask,
        augmentation: Augmentation,
        examples: Examples,
        layers: tuple[int, ...],
    ) -> None:
        self.augmentation, self.examples, self.layers = augmentation, examples, layers
        self.teacher = load(task.teacher).to(device()).eval()

    def __call__(
        self,
        student: Any,
        rows_B: NDArray[np.int64],
        target_BC: torch.Tensor,
        rng: np.random.Generator,
    ) -> Lesson:
        """Return the lesson on some examples, mixed with each other."""
        batch = self.examples.tokens.batch(rows_B)
        mix = self.augmentation.mix(len(rows_B), rng)
        partner_B = torch.from_numpy(mix.partner_B).to(device())
        share_B = torch.from_numpy(mix.share_B).float().to(device())
        mixed = (share_B < 1)[:, None]
        mask_BT = batch.mask_BT | (batch.mask_BT[partner_B] & mixed)
        inputs = batch.inputs(student) | {"attention_mask": mask_BT.long()}

        def embedded(model: Any) -> torch.Tensor:
            own_BTD = model.get_input_embeddings()(batch.ids_BT)
            share_B11 = share_B[:, None, None]
            blend: torch.Tensor = share_B11 * own_BTD + (1 - share_B11) * own_BTD[partner_B]
            return blend

        with torch.inference_mode():
            said = self.teacher(
                inputs_embeds=embedded(self.teacher),
                output_hidden_states=bool(self.layers),
                **inputs,
            )
        share_B1 = share_B[:, None]
        return Lesson(
            {"inputs_embeds": embedded(student), **inputs},
            mask_BT,
            said.logits.float().clone(),
            {k: said.hidden_states[k].float().clone() for k in self.layers},
            share_B1 * target_BC + (1 - share_B1) * target_BC[partner_B],
        )
