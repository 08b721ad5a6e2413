"""What is expected of candidates, which of them make a list, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from autodistill.recommend.portfolio import Residuals, complementary
from autodistill.recommend.witnesses import EXPERT_TASKS, Panel, hear
from autodistill.spec import PipelineSpec
from autodistill.task import TaskFacts

TOP_OF_A_TASK = 5
"""Pipelines of each past task that are candidates for a new one."""


def candidates(
    facts: TaskFacts, panel: Panel, expert: Sequence[PipelineSpec]
) -> list[PipelineSpec]:
    """Return the expert's pipelines, then the best of each past task that distil and serve."""
    found = dict.fromkeys(expert)
    for witness in panel.witnesses:
        tried = witness.known.measured  # best first
        serving = (p for p in tried if p.distils and not p.problems(facts))
        found |= dict.fromkeys(p for p, _ in zip(serving, range(TOP_OF_A_TASK), strict=False))
    return list(found)


class Foresight(NamedTuple):
    """What is expected of candidates, and which of them are chosen."""

    said: NDArray[np.float64]
    """[witness, candidate], share of the gap that each past task expects it to close."""
    expected: NDArray[np.float64]
    """[candidate], the share of the gap that is promised; intervals are around it."""
    chosen: list[int]


def foresee(panel: Panel, pool: Sequence[PipelineSpec], expert: Sequence[int], k: int) -> Foresight:
    """Judge candidates and choose `k`; `expert` are the places of the experts' list, best first."""
    view = panel.view(pool)
    chances = np.arange(len(expert), 0, -1.0)
    opinions = np.zeros((len(expert), len(pool)))
    opinions[np.arange(len(expert)), list(expert)] = 1.0
    scenarios = np.vstack([view.worth, opinions])
    weights = np.concatenate([view.weights, EXPERT_TASKS * chances / max(1.0, chances.sum())])
    return Foresight(view.said, view.promised, complementary(scenarios, weights, k))


def residuals(panel: Panel, k: int) -> list[Residuals]:
    """Return, for each place of a list, how much more of the gap it closed than was foretold.

    Each group's tasks are foretold from those of other groups, by trees that have not seen it;
    their own trials are the candidates.
    """
    pools = [list(w.known.measured) for w in panel.witnesses]
    ends = np.cumsum([0, *map(len, pools)])
    said = hear(panel.witnesses, [pipeline for pool in pools for pipeline in pool])
    found: list[dict[str, list[float]]] = [{} for _ in range(k)]
    for i, one in enumerate(panel.witnesses):
        view = panel.without(i, said[:, ends[i] : ends[i + 1]], one.known.distinct)
        if view is None:
            continue
        reached = [one.known.measured[pipeline] for pipeline in pools[i]]
        for place, at in enumerate(complementary(view.worth, view.weights, k)):
            gained = reached[at] - float(view.promised[at])
            found[place].setdefault(one.group, []).append(gained)
    return [
        Residuals([float(np.mean(of_group)) for of_group in in_place.values()])
        for in_place in found
    ]
