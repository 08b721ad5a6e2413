"""How training examples fare while a proxy learns them: made once for a job, kept by content."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import softmax

from autodistill.models.device import clock
from autodistill.models.fitting import Optimiser, batches, hard_loss
from autodistill.models.folders import folder, key
from autodistill.models.inputs import Inputs
from autodistill.models.outputs import outputs
from autodistill.models.speaking import Speaker
from autodistill.optimisation import Training
from autodistill.pool import Dynamics
from autodistill.task import Task

PROXY = Training(num_epochs=4)
"""How the proxy, the student itself, is trained: on the hard labels, with default settings."""
SEED = 30
ARRAYS = ("forgetting", "el2n", "grand")


def dynamics(
    student: Any,
    tokens: Inputs,
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
            np.save(to / f"{name}.npy", values.astype(np.float32))
        np.save(to / "seconds.npy", clock() - started)

    name = key("dynamics", *parts, positions_M.tolist(), PROXY.model_dump(), SEED)
    made = folder(parent / name, make)
    forgetting_V, el2n_V, grand_V = (np.load(made / f"{name}.npy") for name in ARRAYS)
    seconds = float(np.load(made / "seconds.npy"))
    return Dynamics(forgetting_V, el2n_V, grand_V, seconds)


def _watch(
    student: Any,
    tokens: Inputs,
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
    seen: list[Score] = []
    for epoch in range(PROXY.num_epochs):
        student.train()
        rng = np.random.default_rng([SEED, epoch])
        for chosen in batches(tokens.lengths[positions_M], PROXY.batch_size, rng):
            batch = tokens.batch(positions_M[chosen])
            said = speaker(batch.inputs(student), batch.scored_BT)
            target_VC = label_VC[torch.from_numpy(batch.rows_V).to(label_VC.device)]
            optimiser.step(hard_loss(task, said.logits_VC, target_VC).mean())
        found = outputs(student, tokens, positions_M)
        logits_VC, features_VE = found.logits_VC[rows_V], found.features_VE[rows_V]
        seen.append(score(task, logits_VC, features_VE, true_VC))
    speaker.close()
    el2n_V = np.mean([s.error_V for s in seen], axis=0)
    grand_V = np.mean([s.gradient_V for s in seen], axis=0)
    return forgotten(np.array([s.right_V for s in seen])), el2n_V, grand_V


class Score(NamedTuple):
    """How a proxy fares on some rows."""

    error_V: NDArray[np.float32]
    """EL2N: norm of (probabilities - one-hot label), or |error| of values."""
    gradient_V: NDArray[np.float32]
    """GraNd: norm of the loss's gradient by the output layer, bias included."""
    right_V: NDArray[np.bool_]


def score(
    task: Task,
    logits_VC: NDArray[np.float32],
    features_VE: NDArray[np.float16],
    true_VC: NDArray[np.float32],
) -> Score:
    """Return how far answers are from one-hot labels or values (Paul et al., 2021)."""
    guess_VC = softmax(logits_VC, axis=1) if task.is_classification else logits_VC
    error_V = np.linalg.norm(guess_VC - true_VC, axis=1)
    length_V = np.linalg.norm(features_VE.astype(np.float32), axis=1)
    slope = 1 if task.is_classification else 2  # of a squared error it is twice the error
    gradient_V = slope * error_V * np.sqrt(1 + np.square(length_V))
    return Score(error_V, gradient_V, guess_VC.argmax(axis=1) == true_VC.argmax(axis=1))


def forgotten(right_TV: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return how often each row went from right to wrong from one time to the next.

    Infinite where it was never right (Toneva et al., 2019).
    """
    events_V = (right_TV[:-1] & ~right_TV[1:]).sum(axis=0)
    return np.where(right_TV.any(axis=0), events_V, np.inf).astype(np.float32)
