"""Filtering and sorting the trials of a frame."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autodistill.errors import InvalidInput, Problem
from autodistill.explain.frame import Frame
from autodistill.explain.telling import Positions

CONDITION = re.compile(r"(?P<name>[^<>=]+)(?P<how>>=|<=|=)(?P<value>.*)", re.DOTALL)


def matching(frame: Frame, where: Sequence[str]) -> Positions:
    """Return the positions of the trials that fulfil every condition.

    Args:
        frame: Trials.
        where: Such as `loss=softened_kl|reverse_kl` (one of these) or `dev/accuracy>=0.8`.

    Raises:
        InvalidInput: When a condition cannot be read or names no column.
    """
    held = np.ones(len(frame), dtype=bool)
    for condition in where:
        held &= _holds(frame, condition)
    return np.flatnonzero(held)


def _holds(frame: Frame, condition: str) -> NDArray[np.bool_]:
    read = CONDITION.fullmatch(condition)
    if read is None:
        raise _unread(condition)
    column, value = frame.column(read["name"]), read["value"]
    if read["how"] == "=":
        wanted = set(value.split("|"))
        values = column.tolist()
        meant = {v for v in set(values) if text(v) in wanted}
        held = np.array([v in meant for v in values], dtype=bool)
        return held | np.isnan(column) if "" in wanted and column.dtype != object else held
    try:
        bound = float(value)
    except ValueError as error:
        raise _unread(condition) from error
    if column.dtype == object:
        raise _unread(condition)
    return column >= bound if read["how"] == ">=" else column <= bound


def _unread(condition: str) -> InvalidInput:
    message = (
        f'"{condition}" is no condition; write name=value|value, or name>=number or name<=number '
        "of a column of numbers."
    )
    return InvalidInput(Problem(field="where", message=message))


def text(value: Any) -> str:
    """Return a cell as a condition names it: 3 and not 3.0; nothing is the empty text."""
    if value is None or value != value:  # noqa: PLR0124  # NaN differs from itself
        return ""
    if isinstance(value, bool | np.bool_):
        return str(bool(value)).lower()
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def ordered(frame: Frame, positions: Positions, name: str, *, descending: bool) -> Positions:
    """Return positions by a column; what it lacks comes last, equals by their number."""
    column, numbers = frame.column(name)[positions], frame.column("number")[positions]
    if column.dtype == object:
        said = [text(v) for v in column.tolist()]
        ranks = {value: float(i) for i, value in enumerate(sorted(set(said)))}
        keys = np.array([ranks[v] if v else np.nan for v in said])
    else:
        keys = column
    return positions[np.lexsort((numbers, -keys if descending else keys))]


def following(frame: Frame, order: Positions, after: int | None, limit: int) -> Positions:
    """Return the next positions of an order, those after the trial of a number.

    Raises:
        InvalidInput: When that trial is not among them.
    """
    if after is None:
        return order[:limit]
    found = np.flatnonzero(frame.column("number")[order] == after)
    if not len(found):
        message = f"Trial {after} is not among these trials; begin with the first page again."
        raise InvalidInput(Problem(field="after", message=message))
    return order[found[0] + 1 :][:limit]


def cells(column: NDArray[Any]) -> list[Any]:
    """Return a column as JSON: null where a number is missing or not finite."""
    values: list[Any] = column.tolist()
    if column.dtype == object:
        return values
    whole = np.isfinite(column)
    return [
        (int(v) if v.is_integer() and abs(v) < 2**53 else v) if ok else None
        for v, ok in zip(values, whole.tolist(), strict=True)
    ]
