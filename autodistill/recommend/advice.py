"""From history to a ranked list with reasons: one formula for no, little and much history."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from autodistill.history import Advice, PastTask, Recommendation
from autodistill.recommend.expert import portfolio
from autodistill.recommend.portfolio import Residuals, complementary
from autodistill.recommend.similarity import evidence, similarities
from autodistill.recommend.surrogate import Experience, encode, experience, judge, placed
from autodistill.record import Dataset
from autodistill.spec import PipelineSpec
from autodistill.task import TaskFacts

SIMILAR = 0.1
"""Similarity below which a past task is not asked."""
MAX_TASKS = 16
"""The most similar past tasks are asked, so that a large store answers as fast as a small one."""
TOP_OF_A_TASK = 5
"""Pipelines of each past task that are candidates for a new one."""
EXPERT_TASKS = 3.0
"""Past tasks that the expert's opinion counts for."""
FEW = 2.0
"""Weight of all past tasks below which the answer says that it rests on little."""
NAMED = 3
"""Past tasks that a reason names."""


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


def recommend(
    dataset: Dataset, facts: TaskFacts, history: Sequence[PastTask], *, k: int = 5
) -> Recommendation:
    """Return the `k` pipelines to try first on a dataset with this teacher and student.

    Everything that may hold is a scenario with a weight: each similar past task, in which every
    candidate closes the share of the gap that this task's surrogate expects, and the expert's list,
    which stands for `EXPERT_TASKS` tasks in each of which one of its pipelines closes the whole gap
    (the first most often). The first of the list has the best expected share; each further one adds
    most to the expected best of the list (greedy portfolio, as in Auto-sklearn 2.0, Feurer et al.,
    2022, weighted by similarity). Without similar past tasks this is the expert's list.
    """
    expert = portfolio(facts)
    witnesses = witnesses_of(dataset, facts, history)
    pool = _candidates(facts, witnesses, [p for p, _ in expert])
    if not pool:
        return _answer((), witnesses, None)
    view = foresee(witnesses, pool, range(len(expert)), k)
    past = residuals(witnesses, len(view.chosen))
    advice = tuple(
        Advice(
            pipeline=pool[i],
            expected=float(view.expected[i]) if witnesses else None,
            interval=residual.around(float(view.expected[i])),
            reason=_reason(
                pool[i], view.said[:, i], witnesses, expert[i][1] if i < len(expert) else ""
            ),
        )
        for i, residual in zip(view.chosen, past, strict=True)
    )
    return _answer(advice, witnesses, past[0].level)


class Foresight(NamedTuple):
    """What is expected of candidates, and which of them are chosen."""

    said: NDArray[np.float64]
    """[witness, candidate], share of the gap that each past task expects it to close."""
    expected: NDArray[np.float64]
    """[candidate], what `foretell` makes of that; intervals are around it."""
    chosen: list[int]


def foresee(
    witnesses: Sequence[Witness], pool: Sequence[PipelineSpec], expert: Sequence[int], k: int
) -> Foresight:
    """Judge candidates and choose `k`; `expert` are the places of the experts' list, best first."""
    table, places = encode(pool), placed(pool)
    said = np.array([judge(w.known, places, table) for w in witnesses]).reshape(-1, len(pool))
    chances = np.arange(len(expert), 0, -1.0)
    opinions = np.zeros((len(expert), len(pool)))
    opinions[np.arange(len(expert)), list(expert)] = 1.0
    scenarios = np.vstack([said, opinions])
    trust = np.array([w.weight for w in witnesses])
    weights = np.concatenate([trust, EXPERT_TASKS * chances / max(1.0, chances.sum())])
    return Foresight(said, foretell(trust, said), complementary(scenarios, weights, k))


def foretell(weights: NDArray[np.float64], said: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of the gap that each candidate is expected to close.

    The experts choose, but promise nothing: they count as past tasks on which nothing was gained.
    """
    expected: NDArray[np.float64] = weights @ said / (weights.sum() + EXPERT_TASKS)
    return expected


def residuals(witnesses: Sequence[Witness], k: int) -> list[Residuals]:
    """Return, for each place of a list, how much more of the gap it closed than was foretold.

    Each group's tasks are foretold from those of other groups; their own trials are the candidates.
    """
    pools = [list(w.known.measured) for w in witnesses]
    ends = np.cumsum([0, *map(len, pools)])
    everything = [pipeline for pool in pools for pipeline in pool]
    table = np.vstack([w.known.distinct for w in witnesses]) if witnesses else np.zeros((0, 0))
    places = placed(everything)
    said = np.array([judge(w.known, places, table) for w in witnesses])
    found: list[dict[str, list[float]]] = [{} for _ in range(k)]
    for i, one in enumerate(witnesses):
        group = one.known.past.group
        others = [j for j, w in enumerate(witnesses) if w.known.past.group != group]
        if not others:
            continue
        theirs = said[others, ends[i] : ends[i + 1]]
        weights = np.array([witnesses[j].weight for j in others])
        foretold = foretell(weights, theirs)
        for slot, at in enumerate(complementary(theirs, weights, k)):
            gained = one.known.measured[pools[i][at]] - float(foretold[at])
            found[slot].setdefault(group, []).append(gained)
    return [
        Residuals([float(np.mean(of_group)) for of_group in in_place.values()])
        for in_place in found
    ]


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


def _candidates(
    facts: TaskFacts, witnesses: Sequence[Witness], expert: Sequence[PipelineSpec]
) -> list[PipelineSpec]:
    """Return the expert's pipelines, then the best of each past task that distil and serve."""
    found = dict.fromkeys(expert)
    for witness in witnesses:
        distinct = dict.fromkeys(trial.spec.pipeline for trial in witness.known.trials)
        serving = (p for p in distinct if p.distils and not p.problems(facts))
        found |= dict.fromkeys(p for p, _ in zip(serving, range(TOP_OF_A_TASK), strict=False))
    return list(found)


def _reason(
    pipeline: PipelineSpec,
    said: NDArray[np.float64],
    witnesses: Sequence[Witness],
    expert: str,
) -> str:
    """Name the past tasks that speak most for a pipeline, and its gain there; then the expert."""
    weighed = said * np.array([w.weight for w in witnesses])
    order = [i for i in np.argsort(-weighed, kind="stable")[:NAMED] if said[i] > 0]
    parts = [_testimony(pipeline, witnesses[i], float(said[i])) for i in order]
    sentences = ["For it speaks " + "; ".join(parts) + "."] if parts else []
    if expert:
        sentences.append(expert[0].upper() + expert[1:] + ".")
    return " ".join(sentences) or "No past task speaks for it; it complements the others."


def _testimony(pipeline: PipelineSpec, witness: Witness, said: float) -> str:
    known = witness.known
    measured = known.measured.get(pipeline)
    gain = known.span * (said if measured is None else measured)
    how = f"expected from {len(known.trials)} trials" if measured is None else "measured"
    return (
        f"{witness.name} (similarity {witness.similarity:.2f}), {known.past.metric} "
        f"{abs(gain):.4f} {'better' if gain >= 0 else 'worse'} than the median trial, {how}"
    )


def _answer(
    advice: tuple[Advice, ...], witnesses: Sequence[Witness], level: float | None
) -> Recommendation:
    if not witnesses:
        message = "No similar past task: this is the experts' list, best first."
        return Recommendation(advice=advice, basis="expert", num_past_tasks=0, message=message)
    names = list(dict.fromkeys(w.known.past.dataset.name for w in witnesses))
    listed = ", ".join(names[:5]) + " …" * (len(names) > 5)
    many = len(witnesses)
    message = f"From {many} similar past task{'s' * (many > 1)} on {listed}, and the experts' list."
    if sum(w.weight for w in witnesses) < FEW:
        message += " That is little: a few short trials of your own would tell more."
    return Recommendation(
        advice=advice, basis="history", num_past_tasks=many, message=message, level=level
    )
