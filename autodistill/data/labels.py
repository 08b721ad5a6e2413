"""Labels: classes or real values, from whatever a file holds."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autodistill.errors import InvalidDataset, Problem
from autodistill.task import Task

MAX_CLASSES = 1000
FEW_VALUES = 20
"""Numbers with a fraction and more distinct values than this are taken for real values."""


def guess_task(cells: Any, *, pair: bool) -> Task:
    """Return the task that a label column suggests."""
    numbers = [_number(cell) for cell in cells]
    real = all(n is not None for n in numbers) and any(
        n != int(n) for n in numbers if n is not None
    )
    if real and len(set(numbers)) > FEW_VALUES:
        return Task.TEXT_REGRESSION
    return Task.TEXT_PAIR_CLASSIFICATION if pair else Task.TEXT_CLASSIFICATION


def encode(cells: Any, task: Task) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Return class numbers with the class names, or values with none.

    Raises:
        InvalidDataset: When a label is missing, not a number where one is needed, or classes are
            fewer than two or more than a thousand.
    """
    return _classes(cells) if task.is_classification else (_values(cells), ())


def _classes(cells: Any) -> tuple[NDArray[Any], tuple[str, ...]]:
    names = [_name(cell) for cell in cells]
    missing = [row for row, name in enumerate(names, start=1) if not name]
    if missing:
        raise _refused(f"Row {missing[0]} has no label ({len(missing)} such rows); label or drop.")
    labels = tuple(sorted({name for name in names if name}))
    if len(labels) < 2:
        raise _refused(f'There must be at least two classes; every label is "{labels[0]}".')
    if len(labels) > MAX_CLASSES:
        message = f"{len(labels)} classes are more than {MAX_CLASSES}; is this a regression?"
        raise _refused(message)
    number = {label: i for i, label in enumerate(labels)}
    return np.array([number[str(name)] for name in names], dtype=np.int64), labels


def _values(cells: Any) -> NDArray[Any]:
    values = [_number(cell) for cell in cells]
    wrong = [row for row, value in enumerate(values, start=1) if value is None]
    if wrong:
        shown = repr(list(cells)[wrong[0] - 1])[:40]
        message = f"Row {wrong[0]}: a value must be a finite number, got {shown}"
        raise _refused(f"{message} ({len(wrong)} such rows).")
    return np.array(values, dtype=np.float64)


def _name(cell: Any) -> str:
    """Return a class name: numbers that are whole lose their fraction, missing ones are empty."""
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def _number(cell: Any) -> float | None:
    if isinstance(cell, bool) or cell is None:
        return None
    try:
        value = float(cell)
    except (TypeError, ValueError):
        return None
    return value if math.isfinite(value) else None


def _refused(message: str) -> InvalidDataset:
    return InvalidDataset(Problem(field="label_column", message=message))
