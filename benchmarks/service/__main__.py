"""`python -m benchmarks.service [BAR …]`: measure; a JSON line for each figure and a table."""

from __future__ import annotations

import sys
from collections.abc import Callable

from benchmarks.service.economy import economy
from benchmarks.service.fairness import fairness
from benchmarks.service.figures import Figure, table
from benchmarks.service.load import load
from benchmarks.service.restart import restart
from benchmarks.service.slots import slots

BARS: dict[str, Callable[[], list[Figure]]] = {
    "economy": economy,
    "fairness": fairness,
    "load": load,
    "restart": restart,
    "slots": slots,
}


def main(names: list[str]) -> int:
    """Measure the named bars, or all; return 1 when one is missed."""
    if unknown := [name for name in names if name not in BARS]:
        print(f"No bar {unknown[0]}; the bars are: {', '.join(BARS)}.", file=sys.stderr)
        return 2
    figures: list[Figure] = []
    for name in names or BARS:
        for figure in BARS[name]():
            figure.say()
            figures.append(figure)
    table(figures)
    return 0 if all(f.met for f in figures) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
