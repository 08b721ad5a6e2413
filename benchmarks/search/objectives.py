"""Early stopping with several objectives on recorded curves in virtual time.

python -m benchmarks.search.objectives --table taskset.npz [--trials 200] [--seeds 10]

The tasks of TaskSet-text are students of one dataset. A trial is a random student with a random
setting; its score is maximised, its student's size and latency are minimised. Neither is recorded:
they follow from the name (parameters of the recurrent cell, and those times the tokens read), on a
logarithmic scale. The same trials, in the same order on eight slots, run with and without the
rungs. Prints, with 95 % intervals over seeds, the share of the epochs that was trained and the
share of the hypervolume that the completed trials kept. The reference is the median score and the
costliest student.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from autodistill.front import hypervolume
from autodistill.search import Rungs
from autodistill.spec import Objective
from benchmarks.search.intervals import mean, shown
from benchmarks.search.stopping import SCORE, play
from benchmarks.search.tables import Table, read

Floats = NDArray[np.float64]
OBJECTIVES = (SCORE, Objective(metric="latency_ms"), Objective(metric="num_parameters"))
NAME = re.compile(r"patch(\d+)_([A-Z]+)(\d+)(?:_embed|_E)?(\d+)?")
GATES = {"LSTM": 4, "GRU": 3, "VRNN": 1, "IRNN": 1}
EMBEDDING = 64
"""Width of the embedding where the name says nothing of it."""


def costs(name: str) -> dict[str, float]:
    """Return the logarithms of what a student of TaskSet costs, by its name.

    Raises:
        ValueError: When the name is no student's.
    """
    if (read_name := NAME.match(name)) is None:
        raise ValueError(f'"{name}" is no student of TaskSet-text.')
    patch, kind, hidden, embedding = read_name.groups()
    width = int(hidden) + int(embedding or EMBEDDING) + 1
    cell = GATES[kind] * int(hidden) * width
    return {"latency_ms": math.log(int(patch) * cell), "num_parameters": math.log(cell)}


def one(table: Table, num_trials: int, seed: int) -> tuple[float, float]:
    """Return the shares of epochs trained and hypervolume kept in one search."""
    rng = np.random.default_rng(seed)
    students = rng.integers(0, len(table.tasks), num_trials)
    configs = rng.integers(0, len(table.configs), num_trials)
    scores = np.where(np.isfinite(table.scores), table.scores, -np.inf)
    curves = scores[students, configs]
    known = [costs(name) for name in table.tasks]
    theirs = [known[s] for s in students]
    judge = Rungs(OBJECTIVES, SCORE)
    played = play(judge, curves, np.arange(num_trials), theirs)
    points = np.array(
        [
            [c[-1], *(-cost[o.metric] for o in OBJECTIVES[1:])]
            for c, cost in zip(curves, theirs, strict=True)
        ]
    )
    worst = [-max(cost[o.metric] for cost in known) - 1e-9 for o in OBJECTIVES[1:]]
    reference = np.array([float(np.median(table.final)), *worst])
    kept = hypervolume(points[played.completed], reference) / hypervolume(points, reference)
    return played.epochs / curves.size, kept


def main(asked: argparse.Namespace) -> int:
    """Run and print."""
    table = read(asked.table)
    runs = np.array([one(table, asked.trials, seed) for seed in range(asked.seeds)])
    told: dict[str, object] = {"benchmark": "search.objectives", "table": asked.table.stem}
    for name, values in zip(("epochs", "hypervolume"), runs.T, strict=True):
        told[name] = mean(values[None])
        print(f"{name}: {shown(mean(values[None]))}, worst seed {values.min():.3f}")
    print(json.dumps(told))
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--table", type=Path, required=True)
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--seeds", type=int, default=10)
    given = parser.parse_args()
    if not given.table.exists():
        sys.exit(f"{given.table} is absent; see benchmarks/search/tables.py for how to get one.")
    sys.exit(main(given))
