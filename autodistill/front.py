"""What no other beats: dominance, the front, and how much of the space it covers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
BLOCK = 500
"""Points that are compared with a front at once."""
BEYOND = 0.1
"""By how much of the range the reference lies beyond the worst point."""


def dominating(points: Floats, point: Floats) -> NDArray[np.bool_]:
    """Return which of the points are at least as good in everything and better in something.

    Args:
        points: [point, objective], more is better.
        point: [objective].
    """
    return np.logical_and((points >= point).all(axis=1), (points > point).any(axis=1))


class Front:
    """The points that no other dominates, and their hypervolume, kept point by point.

    The hypervolume is the volume that the front dominates above a reference (Zitzler & Thiele,
    1999). Each point adds what it alone dominates, by the limit sets of WFG (While et al., 2012):
    exact, and quick for the few objectives that a job may have.

    Args:
        reference: [objective]; points that are not above it in everything add nothing.
    """

    def __init__(self, reference: Floats) -> None:
        self._reference = np.asarray(reference, float)
        self.points: Floats = np.zeros((0, len(self._reference)))
        self.hypervolume = 0.0

    def add(self, point: Floats) -> float:
        """Take in a point, and return how much it adds to the hypervolume."""
        point = np.asarray(point, float)
        if (self.points >= point).all(axis=1).any():
            return 0.0
        gained = _alone(point, self.points, self._reference)
        self.points = np.vstack([self.points[~(point >= self.points).all(axis=1)], point])
        self.hypervolume += gained
        return gained


def hypervolume(points: Floats, reference: Floats) -> float:
    """Return the volume between a reference and what the points dominate."""
    front = Front(reference)
    for point in points:
        front.add(point)
    return front.hypervolume


def growth(points: Floats) -> list[tuple[int, float]]:
    """Return each position at which the front grows, with the hypervolume from there on.

    In parts of the box from a tenth of the range beyond the worst to the best of all points in each
    objective, whatever their units; the tenth lets a front's ends count (Ishibuchi et al., 2018).
    In an objective in which all points are equal, all are best.

    Args:
        points: [point, objective] in their order, more is better; one that is not finite is none.
    """
    known = np.flatnonzero(np.isfinite(points).all(axis=1))
    if not len(known):
        return []
    told = points[known]
    worst, span = told.min(axis=0), np.ptp(told, axis=0)
    share = np.where(span > 0, (told - worst) / np.where(span > 0, span, 1.0), 1.0)
    inside = (share + BEYOND) / (1.0 + BEYOND)
    front = Front(np.zeros(points.shape[1]))
    found: list[tuple[int, float]] = []
    for start in range(0, len(inside), BLOCK):
        block = inside[start : start + BLOCK]
        beaten = np.any(np.all(front.points >= block[:, None], axis=2), axis=1)
        found.extend(
            (int(known[start + i]), front.hypervolume)
            for i in np.flatnonzero(~beaten)
            if front.add(block[i]) > 0
        )
    return found


def _alone(point: Floats, others: Floats, reference: Floats) -> float:
    """Return the volume that a point dominates and no other does."""
    sides = point - reference
    if not (sides > 0).all():
        return 0.0
    limited = np.minimum(others, point)
    limited = limited[(limited > reference).all(axis=1)]
    return float(np.prod(sides)) - hypervolume(limited, reference)
