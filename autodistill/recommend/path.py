"""From the experts' first pipeline to a recommended one, a component at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from autodistill.history import Exchange
from autodistill.recommend.portfolio import Residuals
from autodistill.recommend.surrogate import encode, judge, placed
from autodistill.recommend.witnesses import ROUNDING, Witness, foretell, telling
from autodistill.spec import PipelineSpec
from autodistill.task import TaskFacts

Floats = NDArray[np.float64]
MOST = 2.0
"""Largest gain of an exchange: from a share of -1 to one of 1."""


@dataclass
class _Way:
    """How far a path has come."""

    goal: PipelineSpec
    here: PipelineSpec
    said: Floats
    """[witness], share of the gap that each expects `here` to close."""
    steps: list[Exchange] = field(default_factory=list)

    def options(self, facts: TaskFacts) -> list[tuple[str, PipelineSpec]]:
        """Return what may be exchanged next; what the task refuses only where nothing else may."""
        left = [s for s in PipelineSpec.model_fields if self._at(s) != getattr(self.goal, s)]
        found = [(s, self.here.model_copy(update={s: getattr(self.goal, s)})) for s in left]
        return [option for option in found if not option[1].problems(facts)] or found

    def _at(self, slot: str) -> object:
        return getattr(self.here, slot)


def paths(
    facts: TaskFacts,
    witnesses: Sequence[Witness],
    start: PipelineSpec,
    goals: Sequence[PipelineSpec],
) -> list[tuple[Exchange, ...]]:
    """Return the way from one pipeline to each of some others, the most rewarding exchange first.

    An ablation path (Fawcett & Hoos, 2016) on what past tasks expect (Biedenkapp et al., 2017). A
    slot is exchanged as a whole, with its settings. The gains of a path sum to what its end is
    expected to close more of the gap than its beginning; how they are shared out depends on the
    order. Without past tasks there is nothing to say, and no path has a step.
    """
    if not witnesses:
        return [() for _ in goals]
    (first,) = _judged(witnesses, [start]).T
    ways = [_Way(goal, start, first) for goal in goals]
    while open_ways := [way for way in ways if way.here != way.goal]:
        offered = [(way, option) for way in open_ways for option in way.options(facts)]
        said = _judged(witnesses, [pipeline for _, (_, pipeline) in offered])
        expected = foretell(_trust(witnesses), said)
        for way in open_ways:
            mine = [i for i, (of, _) in enumerate(offered) if of is way]
            best = max(mine, key=lambda i: expected[i])
            slot, pipeline = offered[best][1]
            way.steps.append(_exchange(witnesses, way, slot, pipeline, said[:, best]))
            way.here, way.said = pipeline, said[:, best]
    return [tuple(way.steps) for way in ways]


def _judged(witnesses: Sequence[Witness], pipelines: Sequence[PipelineSpec]) -> Floats:
    """Return [witness, pipeline], the share of the gap that each expects each to close."""
    table, places = encode(pipelines), placed(pipelines)
    return np.array([judge(w.known, places, table) for w in witnesses])


def _trust(witnesses: Sequence[Witness]) -> Floats:
    return np.array([w.weight for w in witnesses])


def _exchange(
    witnesses: Sequence[Witness], way: _Way, slot: str, after: PipelineSpec, said: Floats
) -> Exchange:
    gains = said - way.said
    knows = [_knows(w, slot, way.here, after) for w in witnesses]
    residual = _residuals(witnesses, gains, knows)
    gain = float(foretell(_trust(witnesses), gains[:, None])[0])
    interval = residual.around(gain, MOST)
    word, sign = ("For", 1.0) if gain >= 0 else ("Against", -1.0)
    reason = ""
    for i in telling(witnesses, np.where(knows, sign * gains, 0.0)):
        tried = witnesses[i].known.measured
        measured = way.here in tried and after in tried
        share = tried[after] - tried[way.here] if measured else float(gains[i])
        reason += "; " * bool(reason) + witnesses[i].tells(share, "before", measured=measured)
    return Exchange(
        slot=slot,
        component=getattr(after, slot).model_dump(mode="json"),
        gain=gain,
        interval=interval,
        level=residual.level,
        evident=interval is not None and (interval[0] > ROUNDING or interval[1] < -ROUNDING),
        reason=f"{word} it speaks {reason}." if reason else "",
    )


def _knows(witness: Witness, slot: str, before: PipelineSpec, after: PipelineSpec) -> bool:
    """Whether a past task has tried both kinds of a slot, whatever their settings."""
    tried = witness.known.kinds[slot]
    return all(getattr(getattr(p, slot), "kind", "") in tried for p in (before, after))


def _residuals(witnesses: Sequence[Witness], gains: Floats, knows: Sequence[bool]) -> Residuals:
    """Return by how much more an exchange gained in each group than the other groups foretold.

    Only of groups in which both sides were tried: trees that never saw a component do not tell.
    """
    trust, groups = _trust(witnesses), [w.known.past.group for w in witnesses]
    found: dict[str, list[float]] = {}
    for i, group in enumerate(groups):
        others = np.array([other != group for other in groups])
        if knows[i] and others.any():
            foretold = foretell(trust[others], gains[others, None])[0]
            found.setdefault(group, []).append(float(gains[i] - foretold))
    return Residuals([float(np.mean(of_group)) for of_group in found.values()])
