"""The training examples that a trial may use, with what the prepared teacher says about them.

Letters: M examples, V rows, C outputs, E width of features. A row is what is predicted: one for
each example, or one for each tagged token.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from autodistill.task import TaskFacts

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Dynamics:
    """How training examples fared while a proxy learnt them from their labels alone."""

    forgetting_V: Array
    """How often each row went from right to wrong; infinite where it was never right."""
    el2n_V: Array
    """Mean norm of (probabilities - one-hot label), or |error| of values."""
    grand_V: Array
    """Mean norm of the loss's gradient by the output layer, bias included."""
    seconds: float
    """What finding out has cost, once."""


@dataclass(frozen=True)
class Pool:
    """What components may look at when they are built: the training split, never dev or test."""

    facts: TaskFacts
    num_ids: int
    """Rows have stable ids from 0 to here; those of examples outside the pool do not occur."""
    ids_V: NDArray[np.int64]
    example_V: NDArray[np.int64]
    """Which of the M examples each row belongs to, ascending."""
    labels_V: NDArray[np.float64]
    """Class numbers, or values on the scale that is trained on."""
    logits_VC: Array
    """Of the prepared teacher, on that scale."""
    read_features: Callable[[], Array]
    """Reads what its output layer sees, (V, E)."""
    read_penultimate: Callable[[], Array]
    """Reads the same before a tanh bounded it, where one does."""
    watch: Callable[[], Dynamics]
    """Trains a proxy, or reads what an earlier call found."""

    @property
    def features_VE(self) -> Array:  # noqa: N802
        """What the teacher's output layer sees; read anew, as few need it and it is large."""
        return self.read_features()

    @property
    def penultimate_VE(self) -> Array:  # noqa: N802
        """The same before a tanh bounded it, where one does."""
        return self.read_penultimate()

    @property
    def num_examples(self) -> int:
        """M."""
        return int(self.example_V[-1]) + 1

    @property
    def num_classes(self) -> int:
        """Number of classes; 0 for regression."""
        return self.facts.num_outputs if self.facts.task.is_classification else 0

    @cached_property
    def dynamics(self) -> Dynamics:
        """What `watch` finds."""
        return self.watch()

    @property
    def scoring_seconds(self) -> float:
        """What looking at the dynamics has cost so far; 0 while nobody has."""
        return self.dynamics.seconds if "dynamics" in vars(self) else 0.0

    def per_example(self, values_V: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the mean over each example's rows, shape (M, ...)."""
        first_M = np.flatnonzero(np.diff(self.example_V, prepend=-1))
        sums_M = np.add.reduceat(values_V.astype(np.float64), first_M, axis=0)
        rows_M = np.bincount(self.example_V, minlength=self.num_examples)
        return sums_M / rows_M.reshape(-1, *[1] * (values_V.ndim - 1))
