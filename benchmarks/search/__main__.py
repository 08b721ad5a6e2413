"""Search on recorded curves against Optuna's samplers, in the same run.

python -m benchmarks.search --table FILE.npz [--seeds 3] [--trials 50] [--history 100]

Leave one task out: the others are the past, with `--history` random trials each. Regret is (best -
reached) / (best - median) of the task; a level that is not reached counts as one trial more. Prints
medians and means with 95 % intervals (bootstrap over tasks, then seeds) and one JSON line. Any
table in the format of `benchmarks.search.tables` will do.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.samplers import BaseSampler

from autodistill.search.prior import Past
from autodistill.search.samplers import named
from autodistill.search.transfer import Knowledge, TransferSampler
from benchmarks.search.intervals import interval, mean, ratio, shown
from benchmarks.search.replay import Player
from benchmarks.search.tables import Table, read

Floats = NDArray[np.float64]
AT = (1, 3, 5, 10, 20, 50)
RANDOM_TRIALS, DRAWS = 50, 2000
CONTENDERS = ("transfer", "scrambled", "cold", "tpe", "tpe_default", "gp", "random")


def past(table: Table, task: int, count: int, seed: int, *, scrambled: bool) -> list[Past]:
    """Return random trials of every other task; scrambled ones have each other's scores."""
    found = []
    for other in range(len(table.tasks)):
        if other == task:
            continue
        rng = np.random.default_rng([seed, other])
        chosen = rng.choice(len(table.params), min(count, len(table.params)), replace=False)
        values = table.final[other, chosen]
        if scrambled:
            values = rng.permutation(values)
        found.append(Past(tuple(table.params[i] for i in chosen), values[:, None]))
    return found


def contender(name: str, table: Table, task: int, history: int, seed: int) -> BaseSampler:
    """Return a sampler by name; `cold` is what a job without a past has."""
    if name in ("transfer", "scrambled"):
        known = past(table, task, history, seed, scrambled=name == "scrambled")
        return TransferSampler(Knowledge(table.space, {}, known), seed=seed)
    if name == "cold":
        return TransferSampler(Knowledge(table.space, {}, ()), seed=seed)
    if name == "tpe_default":
        return optuna.samplers.TPESampler(seed=seed)
    return named(name, seed)


def target(scores: Floats, seed: int) -> float:
    """Return what random search has after 50 trials, in the mean."""
    rng = np.random.default_rng(seed)
    drawn = rng.random((DRAWS, min(len(scores), 2000))).argsort(axis=1)[:, :RANDOM_TRIALS]
    kept = rng.permutation(len(scores))[: drawn.max() + 1]
    return float(scores[kept][drawn].max(axis=1).mean())


def main(asked: argparse.Namespace) -> int:
    """Run and print."""
    table = read(asked.table)
    names: Sequence[str] = asked.contenders.split(",")
    shape = (len(table.tasks), asked.seeds)
    reached = {name: np.full((*shape, asked.trials), np.nan) for name in names}
    hits = {name: np.zeros(shape) for name in names}
    player = Player(table)
    for task in range(shape[0]):
        scores = table.final[task]
        best, middle, level = scores.max(), np.median(scores), target(scores, task)
        for seed in range(asked.seeds):
            for name in names:
                start = time.process_time()
                sampler = contender(name, table, task, asked.history, seed)
                run = player.search(task, sampler, asked.trials)
                reached[name][task, seed] = (best - run.best) / (best - middle)
                there = run.best >= level
                hits[name][task, seed] = there.argmax() + 1 if there.any() else asked.trials + 1
                if asked.verbose:
                    took = time.process_time() - start
                    print(table.tasks[task], seed, name, hits[name][task, seed], f"{took:.1f} s")
    at = [k for k in AT if k <= asked.trials]
    told: dict[str, object] = {"benchmark": "search", "table": asked.table.stem}
    for name in names:
        to_level = interval(hits[name], lambda v: float(np.median(v)))
        regrets = {k: mean(reached[name][:, :, k - 1]) for k in at}
        print(f"{name}: trials to random@50, median {shown(to_level)}")
        print("    regret " + ", ".join(f"@{k} {shown(r)}" for k, r in regrets.items()))
        told[name] = {"to_random_50": to_level[0], **{f"regret_{k}": regrets[k][0] for k in at}}
    last = min(20, asked.trials)
    for bar, ours, theirs in (("2", "transfer", "tpe"), ("3", "scrambled", "cold")):
        if ours in names and theirs in names:
            part = ratio(reached[ours][:, :, last - 1], reached[theirs][:, :, last - 1])
            print(f"bar {bar}: regret@{last} of {ours} over that of {theirs}: {shown(part)}")
            told[f"bar_{bar}"] = part
    print(json.dumps(told))
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--table", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--trials", type=int, default=50)
    parser.add_argument("--history", type=int, default=100)
    parser.add_argument("--contenders", default=",".join(CONTENDERS))
    parser.add_argument("--verbose", action="store_true")
    given = parser.parse_args()
    if not given.table.exists():
        sys.exit(f"{given.table} is absent; see benchmarks/search/tables.py for how to get one.")
    sys.exit(main(given))
