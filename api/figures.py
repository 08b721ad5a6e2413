"""Pictures of a printable report, as SVG without scripts."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

WIDTH, HEIGHT = 720, 260
LEFT, RIGHT, TOP, BOTTOM = 62, 12, 24, 34
Say = Callable[[float], str]


@dataclass(frozen=True)
class Points:
    """Marks of one kind, or a line through them."""

    at: Sequence[tuple[float, float]]
    look: str
    """A class of the report's style sheet."""
    step: bool = False
    """A stair through the points instead of marks."""


@dataclass(frozen=True)
class Level:
    """A dashed level line with its name."""

    y: float
    name: str


def figure(
    points: Sequence[Points],
    *,
    label: str,
    across: str,
    up: str,
    x_text: Say,
    y_text: Say,
    levels: Sequence[Level] = (),
) -> Markup:
    """Return a chart; `x_text` and `y_text` write the values of its axes."""
    every = [p for one in points for p in one.at]
    if not every:
        return Markup("")  # nothing to see, and nothing to say
    X = _scale([x for x, _ in every], LEFT, WIDTH - RIGHT)
    Y = _scale([y for _, y in every] + [v.y for v in levels], HEIGHT - BOTTOM, TOP)
    parts = [*_axes(X, Y, x_text, y_text), _text(0, 12, up, "start")]
    parts.append(_text(WIDTH - RIGHT, HEIGHT - 4, across, "end"))
    for level in levels:
        y = Y.at(level.y)
        parts.append(f'<path class="level" d="M{LEFT} {y}H{WIDTH - RIGHT}"/>')
        parts.append(_text(WIDTH - RIGHT - 4, y - 5, level.name, "end"))
    for one in points:
        at = [(X.at(x), Y.at(y)) for x, y in one.at]
        parts.append(_stair(at, one.look) if one.step else _marks(at, one.look))
    return Markup(  # every text in it is escaped where it is made
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label)}">'
        + "".join(parts)
        + "</svg>"
    )


@dataclass(frozen=True)
class _Scale:
    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)

    def ticks(self) -> list[float]:
        raw = (self.high - self.low) / 5
        power = 10 ** math.floor(math.log10(raw))
        step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= raw * 0.999)
        first = math.ceil(self.low / step)
        return [step * i for i in range(first, math.floor(self.high / step) + 1)]


def _scale(values: Sequence[float], start: float, end: float) -> _Scale:
    low, high = min(values), max(values)
    pad = (high - low or abs(high) * 0.1 or 1.0) * 0.06
    return _Scale(low - pad, high + pad, start, end)


def _axes(X: _Scale, Y: _Scale, x_text: Say, y_text: Say) -> list[str]:
    rows = [
        f'<path class="grid" d="M{LEFT} {Y.at(v)}H{WIDTH - RIGHT}"/>'
        + _text(LEFT - 8, Y.at(v) + 4, y_text(v), "end")
        for v in Y.ticks()
    ]
    return rows + [_text(X.at(v), HEIGHT - BOTTOM + 16, x_text(v), "middle") for v in X.ticks()]


def _text(x: float, y: float, said: str, anchor: str) -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}">{escape(said)}</text>'


def _marks(at: Sequence[tuple[float, float]], look: str) -> str:
    radius = 4 if len(at) < 200 else 2
    return "".join(f'<circle class="{look}" cx="{x}" cy="{y}" r="{radius}"/>' for x, y in at)


def _stair(at: Sequence[tuple[float, float]], look: str) -> str:
    if not at:
        return ""
    (x, y), *rest = at
    line = f"M{x} {y}" + "".join(f"H{x}V{y}" for x, y in rest)
    return f'<path class="{look}" d="{line}"/>'
