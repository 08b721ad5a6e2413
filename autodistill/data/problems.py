"""Saying what is wrong with a file: many places at once, but not all of them."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from autodistill.errors import Problem

MAX_ROWS = 20
"""Rows that are named; the rest are counted."""
MAX_SHOWN = 60


def shown(value: object) -> str:
    """Return a value as a message can carry it."""
    text = repr(value[: MAX_SHOWN * 2] if isinstance(value, str) else value)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"


def of_rows(field: str, faults: Iterable[tuple[int, str]], unit: str = "Row") -> list[Problem]:
    """Return a problem for each of the first faulty rows, the last one with how many follow.

    Args:
        field: Field of the request that named the column.
        faults: Number of the row, from 1, with what is wrong there.
        unit: What is numbered; a row is an example, the header of a CSV file is none.
    """
    rest = iter(faults)
    found = [f"{unit} {row}: {message}" for row, message in islice(rest, MAX_ROWS)]
    if more := sum(1 for _ in rest):
        found[-1] += f" ({more} more like it.)"
    return [Problem(field=field, message=message) for message in found]
