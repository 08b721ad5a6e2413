"""Settings as rows of numbers, conditional ones included, and random rows."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from autodistill.component import AnyRange, Choice, IntUniform, Scalar

Floats = NDArray[np.float64]


class Encoding:
    """A space as columns, one a name: 0 to 1 where values are ordered, else the option's index.

    NaN is inactive: a name is active when one of its conditions holds, or when it has none.

    Args:
        space: What is drawn, by flat name; a name comes after those that its conditions name.
        when: The (name, option)s that activate a name; see `component.conditions`.
    """

    def __init__(
        self,
        space: Mapping[str, AnyRange],
        when: Mapping[str, Collection[tuple[str, str]]] | None = None,
    ) -> None:
        self.names = tuple(space)
        self._ranges = tuple(space.values())
        self._unordered = [_unordered(drawn) for drawn in self._ranges]
        at = {name: i for i, name in enumerate(self.names)}
        self._when = [
            [(at[parent], self._code(at[parent], option)) for parent, option in reasons]
            if (reasons := _offered(space, (when or {}).get(name, ())))
            else []
            for name in self.names
        ]
        widths = [
            len(drawn.options) if free and isinstance(drawn, Choice) else 1
            for drawn, free in zip(self._ranges, self._unordered, strict=True)
        ]
        self.groups = np.repeat(np.arange(len(self.names)), widths)
        """The column that each feature comes from."""

    def encode(self, params: Mapping[str, Scalar]) -> Floats:
        """Return the row of a setting; names that it lacks are inactive."""
        row = np.full(len(self.names), np.nan)
        for i, name in enumerate(self.names):
            if name in params:
                row[i] = self._code(i, params[name])
        return row

    def decode(self, row: Floats) -> dict[str, Scalar]:
        """Return the setting of a row, with what is active alone."""
        return {
            name: self._value(i, float(row[i]))
            for i, name in enumerate(self.names)
            if not math.isnan(row[i])
        }

    def features(self, rows: Floats) -> Floats:
        """Return [row, feature]: indices one-hot, so that two options are 1 apart.

        What is inactive lies in the middle, as far from one end as from the other; that it is
        inactive shows in the choice which made it so.
        """
        columns = []
        for i, drawn in enumerate(self._ranges):
            column = rows[:, i]
            if self._unordered[i] and isinstance(drawn, Choice):
                options = np.arange(len(drawn.options))
                columns.append((column[:, None] == options) / math.sqrt(2))
            else:
                columns.append(np.where(np.isnan(column), 0.5, column)[:, None])
        return np.hstack(columns)

    def draw(self, rng: np.random.Generator, count: int) -> Floats:
        """Return random rows, uniform in each active column."""
        return self._active(self._anything(rng, count))

    def near(self, rows: Floats, rng: np.random.Generator, *, width: float) -> Floats:
        """Return a neighbour of each row: one to three of its columns moved or drawn again."""
        fresh = self._anything(rng, len(rows))
        filled = np.where(np.isnan(rows), fresh, rows)
        free = np.array([_free(drawn) for drawn in self._ranges])
        chance = rng.random(rows.shape) + np.where(free & ~np.isnan(rows), 0.0, 9.0)
        few = np.sort(chance, axis=1)[:, :3]
        most = few[np.arange(len(rows)), rng.integers(0, few.shape[1], len(rows))]
        moved = (chance <= most[:, None]) & (chance < 9.0)
        step = np.clip(filled + width * rng.standard_normal(rows.shape), 0.0, 1.0)
        unordered = np.array(self._unordered)
        filled = np.where(moved, np.where(unordered, fresh, step), filled)
        return self._active(self._snap(filled))

    def _anything(self, rng: np.random.Generator, count: int) -> Floats:
        rows = rng.random((count, len(self.names)))
        for i, drawn in enumerate(self._ranges):
            if isinstance(drawn, Choice):
                index = np.floor(rows[:, i] * len(drawn.options))
                rank = _ranks(drawn) if not self._unordered[i] else None
                rows[:, i] = index if rank is None else rank[index.astype(int)]
        return self._snap(rows)

    def _snap(self, rows: Floats) -> Floats:
        """Bring ordered columns of few values to the nearest of them."""
        for i, drawn in enumerate(self._ranges):
            if isinstance(drawn, Choice) and not self._unordered[i]:
                ranks = _ranks(drawn)
                nearest = np.abs(rows[:, i, None] - ranks).argmin(axis=1)
                rows[:, i] = ranks[nearest]
            elif isinstance(drawn, IntUniform):
                values = np.rint(_stretch(drawn, rows[:, i]))
                rows[:, i] = _unit(drawn, np.clip(values, drawn.low, drawn.high))
        return rows

    def _active(self, rows: Floats) -> Floats:
        for i, reasons in enumerate(self._when):
            if reasons:
                holds = [rows[:, parent] == code for parent, code in reasons]
                rows[:, i] = np.where(np.logical_or.reduce(holds), rows[:, i], np.nan)
        return rows

    def _code(self, i: int, value: Scalar) -> float:
        drawn = self._ranges[i]
        if not isinstance(drawn, Choice):
            return float(np.clip(_unit(drawn, np.float64(value)), 0.0, 1.0))
        index = drawn.options.index(value)
        return float(index if self._unordered[i] else _ranks(drawn)[index])

    def _value(self, i: int, code: float) -> Scalar:
        drawn = self._ranges[i]
        if isinstance(drawn, Choice):
            if self._unordered[i]:
                return drawn.options[int(code)]
            return drawn.options[int(np.abs(_ranks(drawn) - code).argmin())]
        value = float(_stretch(drawn, np.float64(code)))
        if isinstance(drawn, IntUniform):
            return drawn.nearest(round(value))
        return drawn.nearest(value)


def _offered(
    space: Mapping[str, AnyRange], reasons: Collection[tuple[str, str]]
) -> list[tuple[str, str]]:
    """Return the conditions that the space can fulfil."""
    found = []
    for name, option in sorted(reasons):
        drawn = space.get(name)
        if isinstance(drawn, Choice) and option in drawn.options:
            found.append((name, option))
    return found


def _unordered(drawn: AnyRange) -> bool:
    return isinstance(drawn, Choice) and any(isinstance(x, bool | str) for x in drawn.options)


def _free(drawn: AnyRange) -> bool:
    return len(drawn.options) > 1 if isinstance(drawn, Choice) else drawn.high > drawn.low


def _ranks(drawn: Choice) -> Floats:
    """Return the place of each option among the sorted ones, from 0 to 1."""
    options: Sequence[float] = [float(x) for x in drawn.options]
    return np.argsort(np.argsort(options)) / max(1, len(options) - 1)


def _unit(drawn: AnyRange, values: Floats | np.float64) -> Floats:
    assert not isinstance(drawn, Choice)
    low, high, at = float(drawn.low), float(drawn.high), np.asarray(values, float)
    if drawn.log:
        low, high, at = math.log(low), math.log(high), np.log(np.maximum(at, 1e-300))
    return (at - low) / ((high - low) or 1.0)


def _stretch(drawn: AnyRange, units: Floats | np.float64) -> Floats:
    assert not isinstance(drawn, Choice)
    low, high = float(drawn.low), float(drawn.high)
    if drawn.log:
        return np.exp(math.log(low) + np.asarray(units) * (math.log(high) - math.log(low)))
    return low + np.asarray(units) * (high - low)
