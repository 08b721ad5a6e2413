"""Past tasks that are asked about a new one, and what all of them together foretell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from autodistill.history import PastTask
from autodistill.recommend.forest import Forest, Lesson, share, worth
from autodistill.recommend.similarity import evidence, features, similarities
from autodistill.recommend.surrogate import Experience, encode, experience, judge, placed
from autodistill.record import Dataset
from autodistill.spec import PipelineSpec
from autodistill.task import TaskFacts

Floats = NDArray[np.float64]
SIMILAR = 0.1
"""Similarity below which a past task is not asked."""
MAX_TASKS = 16
"""The most similar past tasks are asked, so that a large store answers as fast as a small one."""
EXPERT_TASKS = 0.1
"""Past tasks that the expert's opinion counts for: on past tasks it was the worst of all ways."""
ALONE = 3.0
"""What past tasks weigh together where their forest counts as much as they do one by one."""
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

    @property
    def group(self) -> str:
        """What is left out together."""
        return self.known.past.group

    @cached_property
    def features(self) -> Floats:
        """The task as numbers."""
        return features(self.known.past.dataset, self.known.past.facts)

    def tells(self, gain: float, than: str, *, measured: bool) -> str:
        """Say what was gained here, in this task's metric; positive is better."""
        how = "measured" if measured else f"expected from {len(self.known.trials)} trials"
        return (
            f"{self.name} (similarity {self.similarity:.2f}), {self.known.past.metric} "
            f"{abs(gain):.4f} {'better' if gain >= 0 else 'worse'} than {than}, {how}"
        )


class View(NamedTuple):
    """What is expected of pipelines on a task."""

    said: Floats
    """[witness, pipeline], the share of its own gap that each expects each to close."""
    worth: Floats
    """[scenario, pipeline], by each witness and by each tree of their forest."""
    weights: Floats
    """[scenario], together what the witnesses weigh."""
    promised: Floats
    """[pipeline], the expected share of the gap. The experts choose, but promise nothing: they
    count as past tasks on which nothing was gained."""


@dataclass(frozen=True)
class Panel:
    """The past tasks that are asked about a task, the most similar first; there may be none."""

    witnesses: tuple[Witness, ...]
    forest: Forest | None
    """What all of them have learnt together, whatever they are asked about; None without any."""
    features: Floats
    """The task that they are asked about, as numbers."""
    num_silent: int = 0
    """Similar past tasks with nothing to say: of too few trials, or all alike."""

    def tell(self, pipelines: Sequence[PipelineSpec]) -> Floats:
        """Return [tree, pipeline, (closed, standing)] for the task; no trees without a witness."""
        if self.forest is None:
            return np.zeros((0, len(pipelines), 2))
        return self.forest.tell(encode(pipelines), self.features)

    def view(self, pipelines: Sequence[PipelineSpec]) -> View:
        """Return what is expected of pipelines on the task."""
        weights = np.array([w.weight for w in self.witnesses])
        return blend(hear(self.witnesses, pipelines), self.tell(pipelines), weights)

    def without(self, number: int, said: Floats, table: Floats) -> View | None:
        """Return what all but the group of one witness would expect on its task; None: nothing.

        Args:
            number: Of the witness.
            said: [witness, pipeline], what all say of some pipelines.
            table: The same pipelines, as `encode` returns them.
        """
        one = self.witnesses[number]
        others = [i for i, w in enumerate(self.witnesses) if w.group != one.group]
        if self.forest is None or not others:
            return None
        told = self.forest.tell(table, one.features, one.group)
        return blend(said[others], told, np.array([self.witnesses[i].weight for i in others]))

    def about(self, dataset: Dataset, facts: TaskFacts) -> Panel:
        """Return the same past tasks, asked about another task."""
        asked = [w.known for w in self.witnesses]
        alike = similarities(dataset, facts, [known.past for known in asked])
        return Panel(_weighed(asked, alike.tolist()), self.forest, features(dataset, facts))


def panel_of(
    dataset: Dataset,
    facts: TaskFacts,
    history: Sequence[PastTask],
    learn: Callable[[PastTask], Experience | None] = experience,
) -> Panel:
    """Return the similar past tasks that have something to say."""
    alike = similarities(dataset, facts, history)
    near = [i for i in np.argsort(-alike, kind="stable") if alike[i] >= SIMILAR]
    found: list[tuple[Experience, float]] = []
    num_silent = 0
    for i in near:
        if (known := learn(history[i])) is not None:
            found.append((known, float(alike[i])))
        else:
            num_silent += 1
        if len(found) == MAX_TASKS:
            break
    asked = [known for known, _ in found]
    witnesses = _weighed(asked, [similarity for _, similarity in found])
    equal = evidence([1.0] * len(asked), [known.past for known in asked])
    lessons = [
        Lesson(w.known.table, w.known.closed, w.features, w.group, weight)
        for w, weight in zip(witnesses, equal, strict=True)
    ]
    forest = Forest(lessons) if lessons else None
    return Panel(witnesses, forest, features(dataset, facts), num_silent)


def _weighed(asked: Sequence[Experience], alike: Sequence[float]) -> tuple[Witness, ...]:
    weights = evidence(alike, [known.past for known in asked])
    return tuple(map(Witness, asked, alike, weights))


def blend(said: Floats, told: Floats, weights: Floats) -> View:
    """Weigh what past tasks say each alone against what their forest tells.

    The forest counts for W / (W + `ALONE`), where W is what all of the tasks weigh: few tasks speak
    for themselves, by their similarity; many have taught it what holds for which kind of task.

    Args:
        said: [witness, pipeline], see `hear`.
        told: [tree, pipeline, (closed, standing)]; trees only where there are witnesses.
        weights: [witness].
    """
    if not len(weights):
        return View(said, said, np.zeros(0), np.zeros(said.shape[1]))
    whole = float(weights.sum())
    forest = whole / (whole + ALONE)
    of_trees = np.full(len(told), forest * whole / len(told))
    expected = (1 - forest) * (weights @ said) / whole + forest * share(told)
    return View(
        said,
        np.vstack([said, worth(told)]),
        np.concatenate([(1 - forest) * weights, of_trees]),
        expected * whole / (whole + EXPERT_TASKS),
    )


def hear(witnesses: Sequence[Witness], pipelines: Sequence[PipelineSpec]) -> Floats:
    """Return [witness, pipeline], the share of its own gap that each expects each to close."""
    table, places = encode(pipelines), placed(pipelines)
    said = [judge(w.known, places, table) for w in witnesses]
    return np.array(said).reshape(len(witnesses), len(pipelines))


def telling(witnesses: Sequence[Witness], shares: Floats) -> list[int]:
    """Return the few witnesses that speak most for something, by weight and share of their gap.

    Of several jobs on one dataset with one kind of student, which have one name, the first is told.
    """
    weighed = shares * np.array([w.weight for w in witnesses])
    first: dict[str, int] = {}
    for i in np.argsort(-weighed, kind="stable"):
        if shares[i] > 0:
            first.setdefault(witnesses[i].name, int(i))
    return list(first.values())[:NAMED]
