"""Numbers as people read them, always with their unit; the dashboard's pages follow it too."""

from __future__ import annotations

import math
from collections.abc import Mapping

from autodistill.metrics import CATALOGUE, LOWER_IS_BETTER
from autodistill.spec import Limit

UNITS = {
    "nll": "nats",
    "forward_kl": "nats",
    "reverse_kl": "nats",
    "js": "nats",
    "latency_ms": "ms",
}
"""Of metrics that are no shares and have one."""


def metric_name(name: str) -> str:
    """Return what a metric is called."""
    return CATALOGUE[name].label if name in CATALOGUE else words(name)


def is_share(name: str) -> bool:
    """Whether a metric is shown in per cent."""
    return name in CATALOGUE and CATALOGUE[name].share


def metric(name: str, value: float | None) -> str:
    """Return a metric with its unit."""
    if value is None or not math.isfinite(value):
        return "–"
    if name == "num_parameters":
        return parameters(value)
    if is_share(name):
        return f"{100 * value:.2f} %"
    return f"{number(value)} {UNITS.get(name, '')}".strip()


def limit(one: Limit) -> str:
    """Return a limit: what is bounded, on which side, by how much."""
    side = "most" if one.metric in LOWER_IS_BETTER else "least"
    return f"{metric_name(one.metric)} at {side} {metric(one.metric, one.bound)}"


def spread(name: str, mean: float, sd: float | None) -> str:
    """Return a mean over seeds with its standard deviation, where there is one."""
    if sd is None:
        return metric(name, mean)
    return f"{metric(name, mean).removesuffix(' %')} ± {metric(name, sd)}"


def student_name(label: str, names: Mapping[str, str]) -> str:
    """Return what a student is called: cut ones by their layers, others by the name of their id."""
    layers = label.removeprefix("cut-")
    return f"{layers}-layer cut" if layers.isdecimal() else names.get(label, label)


def difference(name: str, value: float) -> str:
    """Return a signed difference of a metric; of shares in points."""
    sign, size = "−" if value < 0 else "+", abs(value)
    return f"{sign}{100 * size:.2f} points" if is_share(name) else f"{sign}{metric(name, size)}"


def lead(name: str, value: float, over: str) -> str:
    """Return by how much something is better than another; behind it where that is negative."""
    if name not in LOWER_IS_BETTER:
        return f"{difference(name, value)} over {over}"
    return f"{metric(name, abs(value))} {'more' if value < 0 else 'less'} than {over}"


def number(value: float, digits: int = 3) -> str:
    """Return a number with some significant digits."""
    return f"{value:,.{digits}g}" if abs(value) < 10**digits else f"{value:,.0f}"


def parameters(value: float) -> str:
    """Return a model's size."""
    for unit, name in ((1e9, "B "), (1e6, "M ")):
        if value >= unit:
            return f"{value / unit:.1f} {name}parameters"
    return f"{value / 1e3:.0f} k parameters" if value >= 1e3 else f"{value:.0f} parameters"


def duration(seconds: float) -> str:
    """Return a time span with the unit that suits it."""
    if seconds < 90:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    hours = minutes // 60
    return f"{hours} h {minutes % 60} min" if hours < 48 else f"{round(hours / 24)} days"


def plural(count: int, noun: str) -> str:
    """Return a count with its noun."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def listed(items: list[str]) -> str:
    """Return words as a list: "a, b and c"."""
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)


def words(name: str) -> str:
    """Return a name of the code as people read it."""
    return name.replace("_", " ").replace("num ", "number of ", 1)
