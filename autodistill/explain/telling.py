"""Which of many trials a picture shows: all that tell something, and an even sample of the rest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from autodistill.explain.frame import Frame
from autodistill.record import Origin, TrialState

Positions = NDArray[np.intp]


def signed(frame: Frame, metric: str, *, maximise: bool) -> NDArray[np.float64]:
    """Return a metric on dev of every trial, turned so that more is better; NaN where missing."""
    values = frame.numbers(f"dev/{metric}")
    finite = np.where(np.isfinite(values), values, np.nan)
    return finite if maximise else -finite


def searched(frame: Frame) -> NDArray[np.bool_]:
    """Return which trials belong to the search: not the confirmations after it."""
    found: NDArray[np.bool_] = frame.column("origin") != Origin.CONFIRMATION.value
    return found


def has_state(frame: Frame, state: TrialState) -> NDArray[np.bool_]:
    """Return which trials are in a state."""
    found: NDArray[np.bool_] = frame.column("state") == state.value
    return found


def complete(frame: Frame) -> NDArray[np.bool_]:
    """Return which trials of the search ran to their end."""
    found: NDArray[np.bool_] = has_state(frame, TrialState.COMPLETE) & searched(frame)
    return found


def rivals(frame: Frame) -> NDArray[np.bool_]:
    """Return which complete trials of the search learn from the teacher and break no limit."""
    scored = np.isfinite(frame.numbers("score"))
    found: NDArray[np.bool_] = complete(frame) & scored & frame.column("distils").astype(bool)
    return found


def leaders(values: NDArray[np.float64]) -> Positions:
    """Return where a value is better than every one before it; more is better, NaN never is."""
    known = np.where(np.isnan(values), -np.inf, values)
    before = np.concatenate([[-np.inf], np.maximum.accumulate(known)[:-1]])
    return np.flatnonzero(known > before) if len(values) else np.empty(0, dtype=np.intp)


def front(objectives: Sequence[NDArray[np.float64]]) -> Positions:
    """Return the points that no other beats in one objective without losing in another.

    More is better in each. A point with a missing value is not on the front; equal points all are.
    """
    points = np.stack([*objectives], axis=1)
    left = np.flatnonzero(np.isfinite(points).all(axis=1))
    kept: list[int] = []
    while len(left):  # whoever beats a point comes before it in this order
        first = left[np.lexsort(-points[left].T[::-1])[0]]
        beaten = (points[left] <= points[first]).all(axis=1)
        equal = left[(points[left] == points[first]).all(axis=1)]
        kept += equal.tolist()
        left = left[~beaten]
    return np.array(kept, dtype=np.intp)


def telling(
    frame: Frame, held: NDArray[np.bool_], always: Sequence[Positions], most: int
) -> Positions:
    """Return at most `most` positions by trial number: those of `always`, and an even sample.

    Args:
        frame: Trials.
        held: Which of them may be shown.
        always: Which of those are shown before others, in the order of their weight.
        most: How many may be shown.
    """
    numbers = frame.column("number")
    order = np.argsort(numbers, kind="stable")
    order = order[held[order]]
    if len(order) <= most:
        return order
    wanted = np.concatenate([*always, order[:1], order[-1:]])
    _, first = np.unique(wanted, return_index=True)
    must = wanted[np.sort(first)][:most].astype(np.intp)
    rest = order[~np.isin(order, must)]
    room = most - len(must)
    taken = rest[np.linspace(0, len(rest) - 1, room).round().astype(np.intp)]
    both = np.union1d(must, taken)
    shown: Positions = both[np.argsort(numbers[both], kind="stable")]
    return shown
