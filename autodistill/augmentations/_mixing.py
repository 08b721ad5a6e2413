"""Batches whose examples are interpolated with each other. Letters: B examples, T tokens."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from typing_extensions import override

from autodistill.activations import Said
from autodistill.augmentations._base import Unchanged
from autodistill.lazy import torch
from autodistill.models.lessons import Lesson, Reading, Scene


@dataclass(frozen=True)
class Mix:
    """How a batch is interpolated: example b becomes share[b] * b + (1 - share[b]) * partner[b]."""

    partner_B: torch.Tensor
    share_B: torch.Tensor

    def __call__(self, own: torch.Tensor) -> torch.Tensor:
        """Return mixed values, shape (B, ...)."""
        partner_B, share_B = self.partner_B.to(own.device), self.share_B.to(own.device)
        share = share_B.view(-1, *[1] * (own.ndim - 1))
        return share * own + (1 - share) * own[partner_B]

    def mask(self, own_BT: torch.Tensor) -> torch.Tensor:
        """Return where a mixed example has a token of either parent."""
        mixed_B1 = (self.share_B < 1).to(own_BT.device)[:, None]
        return own_BT | (own_BT[self.partner_B.to(own_BT.device)] & mixed_B1)


def drawn(size: int, beta: float, fraction: float, rng: np.random.Generator) -> Mix:
    """Return how a batch of `size` examples is interpolated, `round(fraction * size)` of them."""
    share_B = np.ones(size)
    mixed = rng.permutation(size)[: round(fraction * size)]
    share_B[mixed] = rng.beta(beta, beta, len(mixed))
    ring = rng.permutation(size)
    partner_B = np.empty(size, dtype=np.int64)
    partner_B[ring] = np.roll(ring, 1)
    return Mix(torch.from_numpy(partner_B), torch.from_numpy(share_B).float())


class Mixing(Unchanged):
    """Makes lessons on interpolated inputs."""

    def __init__(self, beta: float, fraction: float, *, both: bool) -> None:
        self.beta, self.fraction, self.both = beta, fraction, both

    @override
    def __call__(self, scene: Scene, rng: np.random.Generator) -> Lesson:
        mix = drawn(len(scene.student.batch.mask_BT), self.beta, self.fraction, rng)

        def inputs(of: Reading) -> dict[str, torch.Tensor]:
            return of.inputs(mix(of.vectors()), mix.mask(of.batch.mask_BT))

        if self.both:
            with torch.no_grad():
                said = scene.teacher.says(inputs(scene.teacher))
        else:
            known = scene.recall()
            states = {k: mix(states_BTE) for k, states_BTE in known.states.items()}
            features_VE, unbounded_VE = mix(known.features_VE), known.unbounded(mix)
            said = Said(mix(known.logits_VC), features_VE, states, unbounded_VE)
        return Lesson(
            inputs=inputs(scene.student),
            scored_BT=scene.student.batch.scored_BT,
            student_mask_BT=mix.mask(scene.student.batch.mask_BT),
            teacher_mask_BT=mix.mask(scene.teacher_batch.mask_BT),
            teacher=said,
            target_VC=mix(scene.target_VC),
            shared_tokens=scene.shared_tokens,
        )
