"""How training examples fare while a proxy learns them: made once for a job, kept by content."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from autodistill.models.device import clock
from autodistill.models.fitting import Optimiser, batches, hard_loss
from autodistill.models.folders import folder, key
from autodistill.models.outputs import outputs
from autodistill.models.speaking import Speaker
from autodistill.models.tokens import Tokens
from autodistill.optimisation import Training
from autodistill.pool import Dynamics
from autodistill.task import Task

PROXY = Training(num_epochs=4)
"""How the proxy, the student itself, is trained: on the hard labels, with default settings."""
SEED = 30
ARRAYS = ("forgetting", "el2n", "grand")


def dynamics(
    student: Any,
    tokens: Tokens,
    label_VC: torch.Tensor,
    positions_M: NDArray[np.int64],
    task: Task,
    parent: Path,
    *parts: Any,
) -> Dynamics:
    """Train the proxy, or read what an earlier trial found.

    Args:
        student: The student before training; it is trained here and is of no use afterwards.
        tokens: Of the training split.
        label_VC: Labels of all its rows.
        positions_M: The examples of the pool.
        task: What is predicted.
        parent: Folder of everything that is kept by content.
        parts: What the student and the tokens are made from.
    """

    def make(to: Path) -> None:
        started = clock()
        for name, values in zip(
            ARRAYS, _watch(student, tokens, label_VC, positions_M, task), strict=True
        ):
            np.save(to / f"{name}.npy", values)
        np.save(to / "seconds.npy", clock() - started)

    name = key("dynamics", *parts, positions_M.tolist(), PROXY.model_dump(), SEED)
    made = folder(parent / name, make)
    forgetting_V, el2n_V, grand_V = (np.load(made / f"{name}.npy") for name in ARRAYS)
    seconds = float(np.load(made / "seconds.npy"))
    return Dynamics(forgetting_V, el2n_V, grand_V, seconds)


def _watch(
    student: Any,
    tokens: Tokens,
    label_VC: torch.Tensor,
    positions_M: NDArray[np.int64],
    task: Task,
) -> tuple[NDArray[np.float32], ...]:
    """Return forgetting, EL2N and GraNd of each row of the pool."""
    torch.manual_seed(SEED)
    rows_V = tokens.rows(positions_M)
    true_VC = label_VC.cpu().numpy()[rows_V]
    optimiser = Optimiser([student], PROXY, len(positions_M))
    speaker = Speaker(student)
    was_right_V = np.zeros(len(rows_V), dtype=bool)
    forgotten_V, learnt_V = np.zeros(len(rows_V)), np.zeros(len(rows_V), dtype=bool)
    el2n_V, grand_V = np.zeros(len(rows_V)), np.zeros(len(rows_V))
    for epoch in range(PROXY.num_epochs):
        student.train()
        rng = np.random.default_rng([SEED, epoch])
        for chosen in batches(tokens.lengths[positions_M], PROXY.batch_size, rng):
            batch = tokens.batch(positions_M[chosen])
            said = speaker(batch.inputs(student), batch.scored_BT)
            target_VC = label_VC[torch.from_numpy(batch.rows_V).to(label_VC.device)]
            optimiser.step(hard_loss(task, said.logits_VC, target_VC).mean())
        found = outputs(student, tokens)
        guess_VC = found.logits_VC[rows_V]
        if task.is_classification:
            guess_VC = torch.from_numpy(guess_VC).softmax(dim=1).numpy()
        error_V = np.linalg.norm(guess_VC - true_VC, axis=1)
        el2n_V += error_V / PROXY.num_epochs
        length_V = np.linalg.norm(found.features_VE[rows_V].astype(np.float32), axis=1)
        grand_V += error_V * np.sqrt(1 + length_V**2) / PROXY.num_epochs
        right_V = guess_VC.argmax(axis=1) == true_VC.argmax(axis=1)
        forgotten_V += was_right_V & ~right_V
        learnt_V |= right_V
        was_right_V = right_V
    speaker.close()
    forgotten_V[~learnt_V] = np.inf
    return tuple(values.astype(np.float32) for values in (forgotten_V, el2n_V, grand_V))
