"""Early stopping on recorded curves in virtual time.

python -m benchmarks.search.stopping --table FILE.npz [--pool 1000] [--seeds 10] [--first 10]

Every configuration of the table, or of a random pool of it, is started in random order on eight
slots; the rungs of `autodistill.search` are told each epoch when it is due, and stop whom they
stop. Against it stands "short run, keep the top K": everything is trained for a tenth, and the best
K of that to their end. Prints, with 95 % intervals over tasks and seeds, the share of all epochs
that was trained; the regret of the best that was completed, (best - reached) / (best - median);
how often the true best was stopped; and the area under the regret of the best model in hand over
the epochs, against that of the top K.
"""

from __future__ import annotations

import argparse
import heapq
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from autodistill.search import Rungs
from autodistill.spec import Objective
from benchmarks.search.intervals import mean, ratio, shown
from benchmarks.search.tables import Table, read

Floats = NDArray[np.float64]
Order = NDArray[np.int64]
SLOTS = 8
SCORE = Objective(metric="accuracy")
"""What the rungs are told that the scores of a table are: more is better."""
TENTH = 0.1


@dataclass
class Played:
    """What became of the trials of a search."""

    completed: list[int] = field(default_factory=list)
    hand: list[float] = field(default_factory=list)
    """Score of the best model of all, after each epoch that was trained."""

    def train(self, score: float) -> None:
        """Take in an epoch's score."""
        self.hand.append(max([score, *self.hand[-1:]]))

    @property
    def epochs(self) -> int:
        """How many were trained."""
        return len(self.hand)


def play(
    judge: Rungs, curves: Floats, order: Order, costs: Sequence[Mapping[str, float]] = ()
) -> Played:
    """Run trials on eight slots, each epoch taking one unit of time, and stop whom the rungs stop.

    Args:
        judge: The rungs.
        curves: [config, epoch], more is better.
        order: In which configurations are started.
        costs: What the student of each configuration costs.
    """
    played, num_epochs = Played(), curves.shape[1]
    waiting = iter(enumerate(order.tolist()))
    due = [(1, slot, *start, 1) for slot, start in zip(range(SLOTS), waiting, strict=False)]
    heapq.heapify(due)
    while due:
        now, slot, number, config, epoch = heapq.heappop(due)
        score = float(curves[config, epoch - 1])
        played.train(score)
        told = {SCORE.metric: score, **(costs[config] if costs else {})}
        stopped = judge.stop(number, epoch, num_epochs, told)
        if not stopped and epoch < num_epochs:
            heapq.heappush(due, (now + 1, slot, number, config, epoch + 1))
            continue
        if not stopped:
            played.completed.append(config)
        if (following := next(waiting, None)) is not None:
            heapq.heappush(due, (now + 1, slot, *following, 1))
    return played


def top(curves: Floats, order: Order, count: int) -> Played:
    """Train all for a tenth of the epochs, then the best so far to their end, best first."""
    played, short = Played(), max(1, round(TENTH * curves.shape[1]))
    for config in order.tolist():
        for score in curves[config, :short]:
            played.train(float(score))
    reached = curves[order, :short].max(axis=1)
    for config in order[np.argsort(-reached, kind="stable")][:count].tolist():
        for score in curves[config, short:]:
            played.train(float(score))
        played.completed.append(config)
    return played


def area(played: Played, epochs: int, best: float, gap: float) -> float:
    """Return the mean regret of the best model in hand over so many epochs, at most 1 each."""
    hand = np.array(played.hand)
    regret = np.clip((best - hand) / gap, 0.0, 1.0)
    padded = np.concatenate([regret, np.full(max(0, epochs - len(regret)), regret[-1])])
    return float(padded[:epochs].mean())


def curves_of(table: Table, task: int) -> Floats:
    """Return a task's curves; what is not finite is worse than all that is."""
    scores = table.scores[task]
    finite = np.isfinite(scores)
    return np.where(finite, scores, float(scores[finite].min()) - 1.0)


def main(asked: argparse.Namespace) -> int:
    """Run and print."""
    table = read(asked.table)
    shape = (len(table.tasks), asked.seeds)
    names = ("epochs", "regret", "stopped", "area", "epochs_top", "regret_top", "area_top")
    found = {name: np.zeros(shape) for name in names}
    for task in range(shape[0]):
        curves = curves_of(table, task)
        middle = float(np.median(curves[:, -1]))
        for seed in range(asked.seeds):
            order = np.random.default_rng([seed, task]).permutation(len(curves))[: asked.pool]
            ends = curves[order, -1]
            best, goal = float(ends.max()), int(order[ends.argmax()])
            ours = play(Rungs((SCORE,), SCORE), curves, order)
            theirs = top(curves, order, asked.first)
            longest, gap = max(ours.epochs, theirs.epochs), max(best - middle, 1e-12)
            at = (task, seed)
            for name, played in (("", ours), ("_top", theirs)):
                found[f"epochs{name}"][at] = played.epochs / (len(order) * curves.shape[1])
                found[f"regret{name}"][at] = (best - curves[played.completed, -1].max()) / gap
                found[f"area{name}"][at] = area(played, longest, curves[order].max(), gap)
            found["stopped"][at] = goal not in ours.completed
    told: dict[str, object] = {"benchmark": "search.stopping", "table": asked.table.stem}
    for name, values in found.items():
        told[name] = mean(values)
        print(f"{name}: {shown(mean(values))}")
    told["area_ratio"] = part = ratio(found["area"], found["area_top"])
    print(f"area of ours over that of the top {asked.first}: {shown(part)}")
    print(json.dumps(told))
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--table", type=Path, required=True)
    parser.add_argument("--pool", type=int, default=1000)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first", type=int, default=10)
    given = parser.parse_args()
    if not given.table.exists():
        sys.exit(f"{given.table} is absent; see benchmarks/search/tables.py for how to get one.")
    sys.exit(main(given))
