"""Past tasks that are asked about a new one, and what all of them together foretell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from autodistill.history import PastTask
from autodistill.recommend.similarity import evidence, similarities
from autodistill.recommend.surrogate import Experience, experience
from autodistill.record import Dataset
from autodistill.task import TaskFacts

SIMILAR = 0.1
"""Similarity below which a past task is not asked."""
MAX_TASKS = 16
"""The most similar past tasks are asked, so that a large store answers as fast as a small one."""
EXPERT_TASKS = 3.0
"""Past tasks that the expert's opinion counts for."""
NAMED = 3
"""Past tasks that a reason names."""
ROUNDING = 1e-9
"""Share of a gap that is none: sums of floats differ by it."""


@dataclass(frozen=True)
class Witness:
    """A past task that is asked, with its weight."""

    known: Experience
    similarity: float
    weight: float

    @property
    def name(self) -> str:
        """The dataset and the student, for people."""
        layers = self.known.past.facts.student_layers
        return f"{self.known.past.dataset.name} with {layers} layer{'s' * (layers > 1)}"

    def tells(self, share: float, than: str, *, measured: bool) -> str:
        """Say in this task's metric what a share of its gap is."""
        gain = self.known.span * share
        how = "measured" if measured else f"expected from {len(self.known.trials)} trials"
        return (
            f"{self.name} (similarity {self.similarity:.2f}), {self.known.past.metric} "
            f"{abs(gain):.4f} {'better' if gain >= 0 else 'worse'} than {than}, {how}"
        )


def witnesses_of(
    dataset: Dataset,
    facts: TaskFacts,
    history: Sequence[PastTask],
    learn: Callable[[PastTask], Experience | None] = experience,
) -> tuple[Witness, ...]:
    """Return the similar past tasks that have something to say, the most similar first."""
    alike = similarities(dataset, facts, history)
    near = [i for i in np.argsort(-alike, kind="stable") if alike[i] >= SIMILAR]
    found: list[tuple[Experience, float]] = []
    for i in near:
        if (known := learn(history[i])) is not None:
            found.append((known, float(alike[i])))
        if len(found) == MAX_TASKS:
            break
    weights = evidence([s for _, s in found], [known.past for known, _ in found])
    return tuple(
        Witness(known, similarity, weight)
        for (known, similarity), weight in zip(found, weights, strict=True)
    )


def foretell(weights: NDArray[np.float64], said: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of the gap that each candidate is expected to close.

    The experts choose, but promise nothing: they count as past tasks on which nothing was gained.
    """
    expected: NDArray[np.float64] = weights @ said / (weights.sum() + EXPERT_TASKS)
    return expected


def telling(witnesses: Sequence[Witness], shares: NDArray[np.float64]) -> list[int]:
    """Return the few witnesses that speak most for something, by weight and share of their gap.

    Of several jobs on one dataset with one kind of student, which have one name, the first is told.
    """
    weighed = shares * np.array([w.weight for w in witnesses])
    first: dict[str, int] = {}
    for i in np.argsort(-weighed, kind="stable"):
        if shares[i] > 0:
            first.setdefault(witnesses[i].name, int(i))
    return list(first.values())[:NAMED]
