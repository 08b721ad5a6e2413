"""What components may look at, out of a prepared task."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from autodistill.lazy import torch
from autodistill.models.inputs import read_inputs
from autodistill.models.outputs import read_outputs
from autodistill.models.scale import Scale
from autodistill.pool import Dynamics, Pool
from autodistill.record import PreparedTask


def pool_of(
    task: PreparedTask,
    student: str,
    available_M: NDArray[np.int64],
    label_VC: torch.Tensor,
    scale: Scale,
    watch: Callable[[], Dynamics],
) -> Pool:
    """Return what components may look at when they are built.

    Args:
        task: Where everything lies.
        student: Label of the student.
        available_M: Which training examples there are.
        label_VC: Labels of all rows of the training split.
        scale: The scale that values are learnt on.
        watch: Tells how the examples fared.
    """
    tokens = read_inputs(task.student_tokens[student], "train")
    said = read_outputs(task.outputs, "train", read_inputs(task.tokens, "train"))
    ids_V = tokens.rows(available_M)
    rows_M = np.diff(tokens.row_offsets)[available_M]
    labels_VC = label_VC[torch.from_numpy(ids_V)].cpu().numpy()
    before = said.features_VE if said.unbounded_VE is None else said.unbounded_VE
    return Pool(
        facts=task.facts[student],
        num_ids=len(label_VC),
        ids_V=ids_V,
        example_V=np.repeat(np.arange(len(available_M)), rows_M),
        labels_V=(
            labels_VC.argmax(axis=1) if task.task.is_classification else labels_VC[:, 0]
        ).astype(np.float64),
        logits_VC=scale.standard(said.logits_VC[ids_V]),
        read_features=lambda: said.features_VE[ids_V].astype(np.float32),
        read_penultimate=lambda: before[ids_V].astype(np.float32),
        watch=watch,
    )
