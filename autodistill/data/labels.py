"""Labels: classes or real values, from whatever a file holds."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autodistill.data.problems import of_rows, shown
from autodistill.errors import InvalidDataset, Problem
from autodistill.task import Task

MAX_CLASSES = 1000
MAX_NAME = 200
"""Characters of a class name."""
MAX_VALUE = 1e15
"""Largest value whose square still fits single precision with room to sum."""
FEW_VALUES = 20
"""Numbers with a fraction and more distinct values than this are taken for real values."""
NUMBER = re.compile(
    r"[+-]?(?:(?:(?:0|[1-9][0-9]{0,300})(?:\.[0-9]*)?|\.[0-9]+)(?:e[+-]?[0-9]+)?"
    r"|nan|inf(?:inity)?)",
    re.IGNORECASE,
)
"""A number as text; "001" is a code and no number."""

Label = bool | int | float | str | None
"""What a cell says, None when nothing; a float has a fraction or is infinite."""


def read_labels(cells: Sequence[Any]) -> list[Label]:
    """Return the labels of a column, all of one type; text is numbers when each cell is one.

    Raises:
        InvalidDataset: When a cell is no label at all, or the column mixes types.
    """
    strange = [
        (row, f"a label is text, a number, or true or false, got {shown(cell)}.")
        for row, cell in enumerate(cells, start=1)
        if not isinstance(cell, bool | int | float | Decimal | str | None)
    ]
    if strange:
        raise InvalidDataset(of_rows("label_column", strange))
    labels = [_label(cell) for cell in cells]
    first: dict[str, int] = {}
    for row, label in enumerate(labels, start=1):
        if label is not None:
            first.setdefault(_type(label), row)
    if len(first) > 1:
        examples = " and ".join(
            f"{kind} in row {row} ({shown(cells[row - 1])})" for kind, row in first.items()
        )
        raise _refused(f"All labels must be of one type, but there is {examples}; make them one.")
    texts = [label for label in labels if isinstance(label, str)]
    if texts and all(NUMBER.fullmatch(text) for text in texts):
        return [_number(label) if isinstance(label, str) else label for label in labels]
    return labels


def guess_task(labels: Sequence[Label], *, pair: bool) -> Task:
    """Return the task that labels suggest."""
    real = any(isinstance(label, float) and math.isfinite(label) for label in labels)
    if real and len(set(labels)) > FEW_VALUES:
        return Task.TEXT_REGRESSION
    return Task.TEXT_PAIR_CLASSIFICATION if pair else Task.TEXT_CLASSIFICATION


def encode(labels: Sequence[Label], task: Task) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Return class numbers with the class names, or values with none.

    Raises:
        InvalidDataset: When a label is missing, not a number where one is needed, or classes are
            fewer than two or more than a thousand.
    """
    missing = "there is no label; give one or drop the row."
    faults = [(row, missing) for row, label in enumerate(labels, start=1) if label is None]
    if faults:
        raise InvalidDataset(of_rows("label_column", faults))
    return _classes(labels) if task.is_classification else (_values(labels), ())


def _classes(labels: Sequence[Label]) -> tuple[NDArray[Any], tuple[str, ...]]:
    endless = [row for row, x in enumerate(labels, start=1) if x in (math.inf, -math.inf)]
    if endless:
        law = "a label must be finite; correct or drop the row."
        raise InvalidDataset(of_rows("label_column", [(row, law) for row in endless]))
    ascending: list[Any] = sorted(set(labels), key=lambda label: label)
    names = tuple(str(label) for label in ascending)
    if len(names) < 2:
        raise _refused(f'There must be two classes at least, but every label is "{names[0]}".')
    if len(names) > MAX_CLASSES:
        way_out = "merge the rare ones, or ask for text_regression where labels are quantities"
        raise _refused(f"{len(names)} classes are more than {MAX_CLASSES}; {way_out}.")
    if long := next((name for name in names if len(name) > MAX_NAME), None):
        message = f"{shown(long)} is too long for a class name; use at most {MAX_NAME} characters."
        raise _refused(message)
    number = {label: i for i, label in enumerate(ascending)}
    return np.array([number[label] for label in labels], dtype=np.int64), names


def _values(labels: Sequence[Label]) -> NDArray[Any]:
    faults, values = [], []
    for row, label in enumerate(labels, start=1):
        value = _number(label) if isinstance(label, str) and NUMBER.fullmatch(label) else label
        if isinstance(value, str | bool | None):
            faults.append((row, f"a value must be a number, got {shown(label)}."))
        elif abs(value) > MAX_VALUE:
            law = f"a value must be finite and within ±{MAX_VALUE:g}"
            faults.append((row, f"{law}, got {shown(value)}; correct, rescale or drop it."))
        else:
            values.append(float(value))
    if faults:
        raise InvalidDataset(of_rows("label_column", faults))
    return np.array(values, dtype=np.float64)


def _label(cell: Any) -> Label:
    if isinstance(cell, str):
        return " ".join(cell.split()) or None
    if isinstance(cell, float | Decimal):
        return _whole(float(cell))
    return cell if isinstance(cell, bool | int) else None


def _number(text: str) -> int | float | None:
    return int(text) if text.lstrip("+-").isdecimal() else _whole(float(text))


def _whole(value: float) -> int | float | None:
    """Return a whole number as an int, so that 1.0 and 1 are one class; NaN is no label."""
    if math.isnan(value):
        return None
    return int(value) if value.is_integer() else value


def _type(label: Label) -> str:
    if isinstance(label, bool):
        return "true or false"
    return "text" if isinstance(label, str) else "a number"


def _refused(message: str) -> InvalidDataset:
    return InvalidDataset(Problem(field="label_column", message=message))
