"""What a selection is. Letters: M examples, V rows, E width of the teacher's features."""

from __future__ import annotations

import itertools
from abc import abstractmethod
from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

import numpy as np
from annotated_types import Ge, Gt, Le
from numpy.typing import NDArray
from typing_extensions import override

from autodistill.component import Choice, Component, Uniform
from autodistill.pool import Pool
from autodistill.task import TaskFacts

Floats = NDArray[np.float64]
PRINCIPAL = 64
"""Principal components of the teacher's features between which distances are taken."""
MOST_COMPARED = 30_000
"""Training examples up to which each is compared with each that is kept."""


class Selection(Component):
    """Which training examples are kept (data pruning).

    Promises, checked for every variant by `autodistill.testing`: ascending indices of examples
    without repeats, the same for the same generator state; at least one example is kept.
    """

    kind: str

    @property
    def keeps_steps(self) -> bool:
        """Whether fewer examples are gone over more often, so that epochs have as many steps."""
        return False

    @abstractmethod
    def choose(self, pool: Pool, rng: np.random.Generator) -> NDArray[np.int64]:
        """Return which of the pool's M examples are kept, ascending."""


class FractionSelection(Selection):
    """A selection that keeps a share of the examples.

    A smaller fraction keeps a subset of what a larger one keeps, for the same seed.
    """

    keep_fraction: Annotated[float, Gt(0), Le(1), Uniform(0.3, 1.0)] = 0.7
    """Share of the training examples that is kept."""
    fixed: Annotated[Literal["epochs", "steps"], Choice(("epochs", "steps"))] = "epochs"
    """What stays as without a selection: how often each kept example is seen, which saves time, or
    the number of optimiser steps, where an epoch goes over the kept ones again and again."""

    @property
    @override
    def keeps_steps(self) -> bool:
        return self.fixed == "steps"


class FlooredSelection(FractionSelection):
    """A selection that keeps some examples of every class, however small the fraction."""

    class_floor: Annotated[int, Ge(2), Le(1000)] = 2
    """Examples of each class that are kept at least, as far as there are so many; they come first
    in the order of preference. Without a meaning for values."""

    def num_kept(self, pool: Pool, num_first: int) -> int:
        """Return how many are kept where so many come first."""
        return max(1, num_first, round(self.keep_fraction * pool.num_examples))

    def turns(self, pool: Pool) -> Iterator[NDArray[np.bool_]]:
        """Yield for each example that comes first which may be it, (M,): those of a class."""
        holds_CM = np.zeros((pool.num_classes, pool.num_examples), dtype=bool)
        if pool.num_classes:
            holds_CM[pool.labels_V.astype(int), pool.example_V] = True
        for _, holds_M in itertools.product(range(self.class_floor), holds_CM):
            yield holds_M


class RankedSelection(FlooredSelection):
    """A selection that ranks the examples by how hard they are."""

    direction: Annotated[Literal["hard", "easy", "middle"], Choice(("hard", "easy", "middle"))] = (
        "hard"
    )
    """Which are kept: the hardest, the easiest, or those of median rank. The hardest of a small
    fraction are often mislabelled."""

    @abstractmethod
    def hardness(self, pool: Pool) -> Floats:
        """Return how hard each row is, shape (V,); an example is as hard as its rows on average."""

    @override
    def choose(self, pool: Pool, rng: np.random.Generator) -> NDArray[np.int64]:
        shuffled = rng.permutation(pool.num_examples)  # of equally hard ones, any
        hardness_M = pool.per_example(self.hardness(pool))
        order = shuffled[np.argsort(-hardness_M[shuffled], kind="stable")]
        if self.direction == "easy":
            order = order[::-1]
        elif self.direction == "middle":
            from_median = np.abs(np.arange(len(order)) - (len(order) - 1) / 2)
            order = order[np.argsort(from_median, kind="stable")]
        wanted_M, first_M = np.argsort(order), np.zeros(len(order), dtype=bool)
        for may_be_M in self.turns(pool):
            left = np.flatnonzero(may_be_M & ~first_M)
            if len(left):
                first_M[left[wanted_M[left].argmin()]] = True
        order = order[np.argsort(~first_M[order], kind="stable")]
        return np.sort(order[: self.num_kept(pool, int(first_M.sum()))])


class GreedySelection(FlooredSelection):
    """A selection that takes one example after the other, by the teacher's features.

    The first is the one nearest to the mean; distances are taken in the 64 leading principal
    components of the features (ours, for speed; exact for teachers that are no wider).
    """

    cost: ClassVar[str] = "examples x kept examples x 64 products, once a trial"

    @classmethod
    @override
    def unsuitable(cls, facts: TaskFacts) -> str | None:
        """Refuse more than 30,000 training examples."""
        if facts.num_train > MOST_COMPARED:
            kind = cls.model_fields["kind"].default
            return (
                f"{kind} compares each example with each that is kept, so it takes at most "
                f"{MOST_COMPARED:,} training examples; got num_train={facts.num_train:,}. Use "
                "another selection."
            )
        return super().unsuitable(facts)

    @abstractmethod
    def worth(
        self, worth_M: Floats, vectors_ME: Floats, squares_M: Floats, taken: list[int]
    ) -> Floats:
        """Return what taking each example is worth, after the last of `taken` was taken.

        Args:
            worth_M: What it was worth before; of the first, minus its squared length.
            vectors_ME: The examples, around a mean of 0.
            squares_M: Their squared lengths.
            taken: Those that are taken, in their order.
        """

    @override
    def choose(self, pool: Pool, rng: np.random.Generator) -> NDArray[np.int64]:
        vectors_ME = principal(pool.per_example(pool.features_VE))
        squares_M = np.square(vectors_ME).sum(axis=1)
        worth_M, left_M = -squares_M, np.ones(pool.num_examples, dtype=bool)
        taken: list[int] = []

        def take(may_be_M: NDArray[np.bool_]) -> None:
            nonlocal worth_M
            among = np.flatnonzero(may_be_M & left_M)
            if len(among):
                taken.append(int(among[worth_M[among].argmax()]))
                left_M[taken[-1]] = False
                worth_M = self.worth(worth_M, vectors_ME, squares_M, taken)

        for holds_M in self.turns(pool):
            take(holds_M)
        for _ in range(self.num_kept(pool, len(taken)) - len(taken)):
            take(left_M)
        return np.sort(np.array(taken, dtype=np.int64))


def principal(features_ME: Floats) -> Floats:
    """Return centred features, rotated to their leading principal components where they are wide.

    A rotation changes no distance, so that up to 64 components are the features themselves.
    """
    centred_ME: Floats = features_ME - features_ME.mean(axis=0)
    if centred_ME.shape[1] <= PRINCIPAL:
        return centred_ME
    _, axes_EE = np.linalg.eigh(centred_ME.T @ centred_ME)
    leading_ME: Floats = centred_ME @ axes_EE[:, -PRINCIPAL:]
    return leading_ME
