"""From the experts' first pipeline to a recommended one, a component at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from autodistill.history import Exchange
from autodistill.recommend.portfolio import Residuals
from autodistill.recommend.surrogate import Key, encode
from autodistill.recommend.witnesses import ROUNDING, Panel, Witness, telling
from autodistill.spec import PipelineSpec
from autodistill.task import TaskFacts

Floats = NDArray[np.float64]
MOST = 2.0
"""Largest gain of an exchange: from a share of -1 to one of 1."""


@dataclass
class _Way:
    """How far a path has come."""

    goal: PipelineSpec
    stations: list[PipelineSpec]
    slots: list[str] = field(default_factory=list)

    @property
    def here(self) -> PipelineSpec:
        return self.stations[-1]

    def options(self, facts: TaskFacts) -> list[tuple[str, PipelineSpec]]:
        """Return what may be exchanged next; what the task refuses only where nothing else may."""
        left = [s for s in PipelineSpec.model_fields if self._at(s) != getattr(self.goal, s)]
        found = [(s, self.here.model_copy(update={s: getattr(self.goal, s)})) for s in left]
        return [option for option in found if not option[1].problems(facts)] or found

    def _at(self, slot: str) -> object:
        return getattr(self.here, slot)


def paths(
    facts: TaskFacts, panel: Panel, start: PipelineSpec, goals: Sequence[PipelineSpec]
) -> list[tuple[Exchange, ...]]:
    """Return the way from one pipeline to each of some others, the most rewarding exchange first.

    An ablation path (Fawcett & Hoos, 2016) on what past tasks expect (Biedenkapp et al., 2017). A
    slot is exchanged as a whole, with its settings. The gains of a path sum to what its end is
    expected to close more of the gap than its beginning; how they are shared out depends on the
    order. Without past tasks there is nothing to say, and no path has a step.
    """
    if not panel.witnesses:
        return [() for _ in goals]
    ways = [_Way(goal, [start]) for goal in goals]
    while open_ways := [way for way in ways if way.here != way.goal]:
        offered = [(way, option) for way in open_ways for option in way.options(facts)]
        expected = panel.view([pipeline for _, (_, pipeline) in offered]).promised
        for way in open_ways:
            mine = [i for i, (of, _) in enumerate(offered) if of is way]
            slot, pipeline = offered[max(mine, key=lambda i: expected[i])][1]
            way.slots.append(slot)
            way.stations.append(pipeline)
    stations = {Key(pipeline): None for way in ways for pipeline in way.stations}
    views = _Views(panel, [key.pipeline for key in stations])
    return [
        tuple(
            views.exchange(slot, before, after)
            for slot, (before, after) in zip(way.slots, pairwise(way.stations), strict=True)
        )
        for way in ways
    ]


class _Views:
    """What is foretold of the stations of all paths, and what each past task says of them."""

    def __init__(self, panel: Panel, stations: Sequence[PipelineSpec]) -> None:
        self._panel = panel
        self._place = {Key(pipeline): i for i, pipeline in enumerate(stations)}
        view, table = panel.view(stations), encode(stations)
        self._expected, self._said = view.promised, view.said
        self._foretold = [panel.without(i, self._said, table) for i in range(len(panel.witnesses))]

    def exchange(self, slot: str, before: PipelineSpec, after: PipelineSpec) -> Exchange:
        """Return what is known of exchanging a slot."""
        witnesses = self._panel.witnesses
        a, b = self._place[Key(before)], self._place[Key(after)]
        gain = float(self._expected[b] - self._expected[a])
        gains = self._said[:, b] - self._said[:, a]
        knows = [_knows(w, slot, before, after) for w in witnesses]
        residual = self._residuals(a, b, gains, knows)
        interval = residual.around(gain, MOST)
        word, sign = ("For", 1.0) if gain >= 0 else ("Against", -1.0)
        reason = ""
        for i in telling(witnesses, np.where(knows, sign * gains, 0.0)):
            tried = witnesses[i].known.gained
            measured = before in tried and after in tried
            expected = witnesses[i].known.span * float(gains[i])
            gained = tried[after] - tried[before] if measured else expected
            reason += "; " * bool(reason) + witnesses[i].tells(gained, "before", measured=measured)
        return Exchange(
            slot=slot,
            component=getattr(after, slot).model_dump(mode="json"),
            gain=gain,
            interval=interval,
            level=residual.level,
            evident=interval is not None and (interval[0] > ROUNDING or interval[1] < -ROUNDING),
            reason=f"{word} it speaks {reason}." if reason else "",
        )

    def _residuals(self, a: int, b: int, gains: Floats, knows: Sequence[bool]) -> Residuals:
        """Return by how much more an exchange gained in each group than the others foretold.

        Only of groups in which both sides were tried: trees that never saw a component do not tell.
        """
        found: dict[str, list[float]] = {}
        for i, one in enumerate(self._panel.witnesses):
            foretold = self._foretold[i]
            if knows[i] and foretold is not None:
                more = float(gains[i] - (foretold.promised[b] - foretold.promised[a]))
                found.setdefault(one.group, []).append(more)
        return Residuals([float(np.mean(of_group)) for of_group in found.values()])


def _knows(witness: Witness, slot: str, before: PipelineSpec, after: PipelineSpec) -> bool:
    """Whether a past task has tried both kinds of a slot, whatever their settings."""
    tried = witness.known.kinds[slot]
    return all(getattr(getattr(p, slot), "kind", "") in tried for p in (before, after))
