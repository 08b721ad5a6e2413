"""What memory a trial will take, before its first step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autodistill.augmentations import UnlabelledAugmentation
from autodistill.models.memory import free_bytes, taken_bytes
from autodistill.models.speaking import Speaker
from autodistill.spec import PipelineSpec
from autodistill.trial._examples import Examples

FINEST = 64
"""Slices of a batch, at most, that a trial begins with where memory is short."""


def fit(
    speaker: Speaker, examples: Examples, pipeline: PipelineSpec, modules: Sequence[Any]
) -> float:
    """Return the predicted peak of training in bytes; the speaker's slices grow until it fits.

    Besides what is taken now that is gradients and AdamW's two moments, the activations of a slice
    of the longest examples, measured on one and on two of them, and the gradients of one layer's
    activations. What losses and critics keep is left out.

    Args:
        speaker: Of the student.
        examples: Of the trial.
        pipeline: Of the trial.
        modules: Whatever is trained.
    """
    speaker.model.train()
    lengths_K = examples.tokens.lengths[examples.chosen_K]
    longest = examples.chosen_K[lengths_K.argmax()]

    def kept(number: int) -> int:
        batch, _ = examples.batches(np.full(number, longest))
        return speaker.remembers(batch.inputs(speaker.model), batch.scored_BT)

    one, two = kept(1), kept(2)
    moving: int = 3 * sum(p.nbytes for m in modules for p in m.parameters() if p.requires_grad)
    layers: int = speaker.model.config.num_hidden_layers
    parts = 2 if isinstance(pipeline.augmentation, UnlabelledAugmentation) else 1
    size = parts * min(pipeline.training.batch_size, len(examples.chosen_K))

    def more() -> float:
        slice_size = -(-size // speaker.slices)
        return moving + (one + (slice_size - 1) * (two - one)) * (1 + 1 / layers)

    while more() > free_bytes() and speaker.slices < FINEST:
        speaker.slices *= 2
    return taken_bytes() + more()
