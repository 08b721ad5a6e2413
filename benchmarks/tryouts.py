"""What short trials of a recommended list gain over its first choice.

python -m benchmarks.tryouts [--history FILE]: each group of tasks is left out
and advised by the rest, which choose among its own distilling pipelines. The first few of the list
are tried out for a share of their epochs, for which the start of their recorded curve stands, and
the best of them on dev is the choice. It is judged by its whole run on test, whose noise the start
of the curve on dev does not share. Prints, for the choice without trials and for each number and
share, the regret, how much less that is than without trials, the share of the gap from plain logit
distillation to the best that it closes, the share of groups in which it beats the best of ten
random pipelines, and what the trials cost in whole runs, with 95 % intervals from a bootstrap over
groups.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from autodistill.history import PastTask, Standing, chronicle
from autodistill.metrics import LOWER_IS_BETTER
from autodistill.recommend.evaluation import (
    DRAWS,
    OURS,
    Asked,
    Held,
    _closed,
    _mean,
    _random,
    hold,
)
from autodistill.recommend.surrogate import experience
from autodistill.recommend.tryout import MOST, SHARE
from autodistill.recommend.witnesses import panel_of

WAYS = ((1, 1.0), (3, 1 / SHARE), (MOST, 0.1), (MOST, 1 / SHARE), (MOST, 0.5), (MOST, 1.0))
"""Pipelines that are tried out, and the share of their epochs."""


def listed(history: Sequence[PastTask]) -> Iterator[tuple[Held, list[int]]]:
    """Yield each task, judged on test alone, with the list for it, as places in its pool."""
    known = {id(past): experience(past) for past in history}
    for past in history:
        judged = tuple(t.model_copy(update={"dev": {}}) for t in past.trials)
        if (held := hold(past.model_copy(update={"trials": judged}))) is None:
            continue
        others = [p for p in history if p.group != past.group]
        panel = panel_of(past.dataset, past.facts, others, lambda p: known[id(p)])
        yield held, Asked(held, panel, []).order(OURS)


def reached(held: Held, place: int, share: float) -> float:
    """Return the best of the first epochs of a pipeline on dev; more is better."""
    metric = held.past.metric
    sign = -1 if metric in LOWER_IS_BETTER else 1
    (curve, *_) = (t.curve for t in held.past.trials if t.spec.pipeline == held.pool[place])
    return max(sign * m.values[f"dev/{metric}"] for m in curve[: math.ceil(share * len(curve))])


def main(history: Path) -> None:
    """Try, and print."""
    tasks = list(listed(chronicle.read(history, Standing.SHIPPED)))
    groups = [held.past.group for held, _ in tasks]
    told = {}
    for count, share in WAYS:
        rows = []
        for held, order in tasks:
            first = max(order[:count], key=lambda place: reached(held, place, share))
            regret = held.regrets[first]
            less, beats = held.regrets[order[0]] - regret, regret < _random(held.drawn, DRAWS)
            rows.append((regret, less, _closed(held, [first]), float(beats)))
        name = "none" if count == 1 else f"{count} of {share:.2f}"
        columns = [_mean(column, groups) for column in np.array(rows).T]
        told[name] = columns
        cost = 0.0 if count == 1 else count * share
        said = ("{:.2f} [{:.2f}, {:.2f}]".format(*column) for column in columns)
        print(
            f"{name:10} regret {{}} less {{}} closed {{}} beats {{}} cost {cost:.2f}".format(*said)
        )
    print(json.dumps({"benchmark": "tryouts", "tasks": len(tasks), **told}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--history", type=Path, default=chronicle.SHIPPED)
    given = parser.parse_args()
    if not given.history.exists():
        sys.exit(f"{given.history} is absent; benchmarks/prior.py collects it.")
    main(given.history)
