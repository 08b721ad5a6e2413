"""What the teacher says about a batch: from its cache, or live where inputs are changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from autodistill.activations import Activation, Said
from autodistill.models.device import device
from autodistill.models.inputs import Batch
from autodistill.models.lessons import Reading, Scene
from autodistill.models.scale import Scale
from autodistill.models.speaking import Speaker
from autodistill.trial._examples import Examples


class Teaching:
    """Sets the scene for each batch. The teacher itself is loaded when it is first asked."""

    def __init__(
        self,
        examples: Examples,
        activations: Sequence[Activation],
        scale: Scale,
        load_teacher: Callable[[], Any],
    ) -> None:
        self._examples, self._activations, self._scale = examples, activations, scale
        self._load_teacher = load_teacher

    def scene(
        self, student: Speaker, chosen_B: NDArray[np.int64], target_VC: torch.Tensor
    ) -> Scene:
        """Return student and teacher at some examples."""
        mine, theirs = self._examples.batches(chosen_B)
        return Scene(
            student=Reading(student, mine),
            teacher_batch=theirs,
            target_VC=target_VC,
            recall=lambda: self._cached(theirs),
            call_teacher=lambda: self._teacher,
        )

    @cached_property
    def _teacher(self) -> Speaker:
        model = self._load_teacher().eval().requires_grad_(requires_grad=False)
        return Speaker(model, self._activations)

    def _cached(self, batch: Batch) -> Said:
        """Return what the memory-mapped arrays hold."""
        outputs = self._examples.outputs
        said_VC = self._scale.standard(outputs.logits_VC[batch.rows_V])

        def remembered(kept_VE: NDArray[np.float16]) -> torch.Tensor:
            return torch.from_numpy(kept_VE[batch.rows_V].astype(np.float32)).to(device())

        before = outputs.unbounded_VE
        return Said(
            torch.from_numpy(said_VC).to(device()),
            remembered(outputs.features_VE),
            {a: outputs.padded(a, batch) for a in self._activations},
            None if before is None else remembered(before),
        )
