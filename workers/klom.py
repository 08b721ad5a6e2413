"""How the margins of a pipeline's students are distributed over seeds, against its teacher's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from autodistill.data.table import read_split
from autodistill.models.encoders import load
from autodistill.models.inputs import read_inputs
from autodistill.models.outputs import outputs, read_outputs
from autodistill.record import PreparedTask

BINS = 20


def klom(task: PreparedTask, label: str, students: Sequence[Path]) -> float:
    """Return the divergence of the students' margins on the test split from the teacher's.

    Args:
        task: A task of classes.
        label: Of the student that all of them are.
        students: Their folders, one for each seed.
    """
    labels_V = read_split(task.dataset, "test").labels
    tokens = read_inputs(task.student_tokens[label], "test")
    said = read_outputs(task.outputs, "test", read_inputs(task.tokens, "test"))
    mine = [margins(outputs(load(path), tokens).logits_VC, labels_V) for path in students]
    return divergence(np.concatenate(mine), margins(said.logits_VC, labels_V))


def margins(logits_VC: NDArray[np.float32], labels_V: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the log odds of the true class."""
    rows_V, others_VC = np.arange(len(labels_V)), logits_VC.astype(np.float64)
    true_V = others_VC[rows_V, labels_V]
    others_VC[rows_V, labels_V] = -np.inf
    margin_V: NDArray[np.float64] = true_V - logsumexp(others_VC, axis=1)
    return margin_V


def divergence(mine: NDArray[np.float64], theirs: NDArray[np.float64]) -> float:
    """Return KL(mine || theirs) over 20 equal bins of their common range, in nats.

    Half an example is added to each bin, so that it is finite.
    """
    edges = np.histogram_bin_edges(np.concatenate([mine, theirs]), BINS)
    p, q = (np.histogram(values, edges)[0] + 0.5 for values in (mine, theirs))
    p, q = p / p.sum(), q / q.sum()
    return float((p * np.log(p / q)).sum())
