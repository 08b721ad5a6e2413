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
from autodistill.models.scale import Scale
from autodistill.trial._examples import Examples


@dataclass(frozen=True)
class Lesson:
    """One batch: the student's inputs, what the teacher says of them, and the targets."""

    inputs: dict[str, torch.Tensor]
    """Keyword arguments of the student's forward pass."""
    mask_BT: torch.Tensor
    """True at real tokens."""
    teacher_BC: torch.Tensor
    """The teacher's outputs, on the scale that the student learns on."""
    teacher_hidden: Mapping[int, torch.Tensor]
    """Its hidden states, by layer."""
    target_BC: torch.Tensor


class CachedTeaching:
    """Inputs as they are: the teacher's outputs come from memory-mapped arrays."""

    def __init__(self, examples: Examples, layers: tuple[int, ...], scale: Scale) -> None:
        self._examples, self._layers, self._scale = examples, layers, scale

    def __call__(
        self,
        student: Any,
        rows_B: NDArray[np.int64],
        target_BC: torch.Tensor,
        rng: np.random.Generator,
    ) -> Lesson:
        """Return the lesson on some examples."""
        batch, outputs = self._examples.tokens.batch(rows_B), self._examples.outputs
        said_BC = self._scale.standard(outputs.logits_NC[rows_B])
        return Lesson(
            inputs={"input_ids": batch.ids_BT, **batch.inputs(student)},
            mask_BT=batch.mask_BT,
            teacher_BC=torch.from_numpy(said_BC).to(device()),
            teacher_hidden={k: outputs.padded(k, batch) for k in self._layers},
            target_BC=target_BC,
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
        layers: tuple[int, ...],
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
        batch = self._examples.tokens.batch(rows_B)
        mix = self._augmentation.mix(len(rows_B), rng)
        partner_B = torch.from_numpy(mix.partner_B).to(device())
        share_B1 = torch.from_numpy(mix.share_B).float().to(device())[:, None]
        mask_BT = batch.mask_BT | (batch.mask_BT[partner_B] & (share_B1 < 1))

        def blend(own: torch.Tensor) -> torch.Tensor:
            share = share_B1.view(-1, *[1] * (own.ndim - 1))
            return share * own + (1 - share) * own[partner_B]

        def inputs(model: Any) -> dict[str, torch.Tensor]:
            embedded_BTD = blend(model.get_input_embeddings()(batch.ids_BT))
            masked = batch.inputs(model) | {"attention_mask": mask_BT.long()}
            return {"inputs_embeds": embedded_BTD, **masked}

        with torch.no_grad():
            said = self._teacher(output_hidden_states=bool(self._layers), **inputs(self._teacher))
        return Lesson(
            inputs=inputs(student),
            mask_BT=mask_BT,
            teacher_BC=said.logits.float(),
            teacher_hidden={k: said.hidden_states[k].float() for k in self._layers},
            target_BC=blend(target_BC),
        )
