"""What is expected of candidates, which of them make a list, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from autodistill.recommend.portfolio import Residuals, complementary
from autodistill.recommend.surrogate import encode, judge, placed
from autodistill.recommend.witnesses import EXPERT_TASKS, Witness, foretell
from autodistill.spec import PipelineSpec
from autodistill.task import TaskFacts

TOP_OF_A_TASK = 5
"""Pipelines of each past task that are candidates for a new one."""


def candidates(
    facts: TaskFacts, witnesses: Sequence[Witness], expert: Sequence[PipelineSpec]
) -> list[PipelineSpec]:
    """Return the expert's pipelines, then the best of each past task that distil and serve."""
    found = dict.fromkeys(expert)
    for witness in witnesses:
        tried = witness.known.measured  # best first
        serving = (p for p in tried if p.distils and not p.problems(facts))
        found |= dict.fromkeys(p for p, _ in zip(serving, range(TOP_OF_A_TASK), strict=False))
    return list(found)


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
