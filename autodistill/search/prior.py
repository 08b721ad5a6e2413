"""What past tasks say about the settings of a new one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from autodistill.component import Scalar
from autodistill.history.scales import standing
from autodistill.search.encoding import Encoding
from autodistill.search.process import Lengths, Process

Floats = NDArray[np.float64]
FEWEST = 4
"""Trials without which a past task says nothing."""
MOST = 150
"""Trials of a past task that are looked at, spread evenly from its best to its worst."""
LENGTHS_SD = 0.7
"""How far the lengths of a new task lie from the mean of the past ones, as logarithms."""


@dataclass(frozen=True)
class Past:
    """A past task: its settings, their values by objective, and its weight."""

    settings: tuple[Mapping[str, Scalar], ...]
    """By flat name, inside the space."""
    values: Floats
    """[setting, objective], more is better; NaN where one was not measured."""
    weight: float = 1.0
    """Similarity to the new task, above 0."""


class Prior:
    """The past tasks in one objective: a Gaussian process of each, on where its trials stand."""

    def __init__(self, encoding: Encoding, past: Sequence[tuple[Floats, Floats, float]]) -> None:
        self.processes: list[Process] = []
        weights, rows = [], []
        for settings, values, weight in past:
            if len(values) < FEWEST or not values.max() > np.median(values):
                continue
            order = np.argsort(-values, kind="stable")
            kept = order[np.linspace(0, len(order) - 1, min(len(order), MOST)).round().astype(int)]
            place = standing(values)[kept]
            features = encoding.features(settings[kept])
            self.processes.append(Process(features, place, encoding.groups))
            weights.append(weight)
            rows.append(settings[kept[: max(FEWEST, len(kept) // 3)]])
        self.weights = np.array(weights) / (sum(weights) or 1.0)
        self.rows: Floats = (
            np.unique(np.vstack(rows), axis=0) if rows else np.zeros((0, len(encoding.names)))
        )
        """Settings of past tasks that were good in one of them."""

    def __bool__(self) -> bool:
        return bool(self.processes)

    @cached_property
    def lengths(self) -> Lengths | None:
        """What the past says of the lengths; None without any."""
        if not self.processes:
            return None
        found = np.stack([process.lengths for process in self.processes])
        return Lengths(self.weights @ found, LENGTHS_SD)

    def said(self, features: Floats) -> Floats:
        """Return where each past task expects points to stand, [task, point]."""
        return np.stack([process.expect(features) for process in self.processes])

    def portfolio(self, said: Floats, count: int) -> list[int]:
        """Return the points of which each adds most to the expected best of those before it.

        As in Auto-sklearn 2.0 (Feurer et al., 2022), over surrogates instead of measurements.
        """
        chosen = [int((self.weights @ said).argmax())]
        while len(chosen) < count:
            reached = said[:, chosen].max(axis=1, keepdims=True)
            worth = self.weights @ (np.maximum(said, reached) + 1e-3 * said)
            worth[chosen] = -np.inf
            chosen.append(int(worth.argmax()))
        return chosen
