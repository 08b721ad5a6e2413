"""The trials of a job by column."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autodistill.component import flatten_json
from autodistill.errors import InvalidInput, Problem
from autodistill.spec import PipelineSpec

Block = Mapping[str, NDArray[Any]]
"""Columns of equal length: float64 with NaN where a number is missing, or objects with None."""
FACTS = (
    "number",
    "state",
    "origin",
    "student",
    "distils",
    "score",
    "seconds",
    "epochs_done",
    "num_attempts",
    "finish_order",
    "created_at",
    "finished_at",
)
"""Columns that every trial has; times are seconds since 1970."""
NUMBERS = {int, float, type(None)}
MOST_BLOCKS = 8


def block(rows: Sequence[Mapping[str, Any]]) -> Block:
    """Return plain trials by column; pipelines by flat name, scores as `dev/…` and `test/…`."""
    found = [_row(row) for row in rows]
    names = dict.fromkeys(name for row in found for name in row)
    return {name: _column([row.get(name) for row in found]) for name in names}


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{name: row[name] for name in FACTS},
        **flatten_json(PipelineSpec, row["pipeline"]),
        **{f"dev/{name}": value for name, value in row["dev"].items()},
        **{f"test/{name}": value for name, value in row["test"].items()},
    }


def _column(values: Sequence[Any]) -> NDArray[Any]:
    kinds = set(map(type, values))
    if kinds <= NUMBERS:
        return np.array(values, dtype=np.float64)
    # One text for all trials that say it, or thousands of equal ones would be kept.
    shared = [sys.intern(v) if type(v) is str else v for v in values]
    return np.array(shared, dtype=object)


class Frame:
    """Some trials of a job by column, in the order in which they finished; never changed."""

    def __init__(self, blocks: Sequence[Block] = ()) -> None:
        self._blocks = [b for b in blocks if b]
        if len(self._blocks) > MOST_BLOCKS:
            self._blocks = [{name: self.column(name) for name in self.names}]

    def with_blocks(self, *more: Block) -> Frame:
        """Return the frame with more trials at its end."""
        return Frame([*self._blocks, *more])

    def __len__(self) -> int:
        return sum(len(b["number"]) for b in self._blocks)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The columns, each once: facts, then pipelines, then scores."""
        return tuple(dict.fromkeys((*FACTS, *(name for b in self._blocks for name in b))))

    @cached_property
    def _columns(self) -> dict[str, NDArray[Any]]:
        return {}

    def column(self, name: str) -> NDArray[Any]:
        """Return a column.

        Raises:
            InvalidInput: When there is none of that name; it lists those there are.
        """
        if name not in self._columns:
            if name not in self.names:
                message = f'Trials of this job have no "{name}".'
                raise InvalidInput(Problem(field="name", message=message, known=self.names))
            self._columns[name] = self._joined(name)
        return self._columns[name]

    def numbers(self, name: str) -> NDArray[np.float64]:
        """Return a column of numbers; NaN everywhere when it has none."""
        if name not in self.names or self.column(name).dtype == object:
            return np.full(len(self), np.nan)
        return self.column(name)

    def _joined(self, name: str) -> NDArray[Any]:
        parts = [b.get(name) for b in self._blocks]
        if len(parts) == 1 and parts[0] is not None:
            return parts[0]
        if any(p is not None and p.dtype == object for p in parts):
            objects = [
                np.full(len(b["number"]), None, dtype=object) if p is None else p.astype(object)
                for p, b in zip(parts, self._blocks, strict=True)
            ]
            return np.concatenate(objects)
        floats = [
            np.full(len(b["number"]), np.nan) if p is None else p
            for p, b in zip(parts, self._blocks, strict=True)
        ]
        return np.concatenate(floats) if floats else np.empty(0)
