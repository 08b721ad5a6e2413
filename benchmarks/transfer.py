"""The recommender's model on tables of recorded scores.

python -m benchmarks.transfer --table FILE.npz [--history 50] [--seeds 3] [--metric gap|range]
[--configs 800]

Leave one task out: the past is `--history` random configurations of every other task, the
candidates are all of the table's, or as many as `--configs` says, drawn once. Any table in the
format of `benchmarks.search.tables` will do; its `meta` columns tell which tasks are alike, where
there are any. Regret is the share of the gap from the median (`gap`) or the worst (`range`)
configuration to the best that is left open. Prints means with 95 % intervals from a bootstrap over
tasks, coverage of the 90 % intervals, what permuted, unrelated, single-task and constant histories
do to it, and one JSON line.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from autodistill.recommend.forest import Forest, Lesson
from autodistill.recommend.portfolio import Residuals, complementary
from autodistill.recommend.surrogate import Trees, shares
from autodistill.recommend.witnesses import View, blend
from benchmarks.search.tables import Table, read

Floats = NDArray[np.float64]
K = 5


class Past:
    """Trials of the other tasks, and what their surrogates say of every configuration."""

    def __init__(self, table: Table, task: int, count: int, seed: int, twist: str = "") -> None:
        self.everything = columns(table)
        self.others = [t for t in range(len(table.tasks)) if t != task]
        if twist == "one task":
            self.others = self.others[:1]
        self.chosen, self.values = [], []
        for other in self.others:
            rng = np.random.default_rng([seed, other])
            count_here = min(count, len(self.everything))
            chosen = rng.choice(len(self.everything), count_here, replace=False)
            values = table.final[other, chosen]
            if twist == "permuted":
                values = rng.permutation(values)
            elif twist == "unrelated":
                values = rng.normal(size=len(chosen))
            elif twist == "constant":
                values = np.zeros(len(chosen))
            self.chosen.append(chosen)
            self.values.append(values)
        told = [shares(v) for v in self.values]
        heard = [i for i, share in enumerate(told) if share is not None]
        self.said = np.array(
            [
                Trees(self.everything[self.chosen[i]], share).predict(self.everything)
                for i in heard
                if (share := told[i]) is not None
            ]
        ).reshape(len(heard), len(self.everything))
        self.shares = [share for share in told if share is not None]
        self.weights = near(table.meta[task], table.meta[[self.others[i] for i in heard]])
        self.chosen = [self.chosen[i] for i in heard]
        self.features = table.meta[task]
        self.lessons = [
            Lesson(self.everything[self.chosen[i]], share, table.meta[self.others[at]], str(at))
            for i, (at, share) in enumerate(zip(heard, self.shares, strict=True))
        ]
        self.forest = Forest(self.lessons) if self.lessons else None

    def view(self) -> View:
        """Return what the recommender expects of all configurations."""
        assert self.forest is not None
        told = self.forest.tell(self.everything, self.features)
        return blend(self.said, told, self.weights)

    def ours(self) -> list[int]:
        """Return the recommender's list."""
        return _list(self.view()) if self.forest is not None else []

    def average(self) -> list[int]:
        """Return what is best on average."""
        return _best(self.said.mean(axis=0)) if len(self.said) else []

    def ranks(self) -> list[int]:
        """Return what has the best mean rank among the past tasks' surrogates."""
        ranked = [stats.rankdata(row) for row in self.said]
        return _best(np.mean(ranked, axis=0)) if ranked else []

    def nearest(self) -> list[int]:
        """Return what the most similar task liked."""
        return _best(self.said[int(self.weights.argmax())]) if len(self.said) else []

    def recipe(self, meta: Floats, task: int) -> list[int]:
        """Regress the raw score on configuration and features, as AutoDistiller does."""
        from sklearn.ensemble import HistGradientBoostingRegressor  # noqa: PLC0415  # slow

        rows = [
            np.hstack([self.everything[c], np.tile(meta[o], (len(c), 1))])
            for o, c in zip(self.others, self.chosen, strict=False)
        ]
        trees = HistGradientBoostingRegressor(random_state=0)
        trees.fit(np.vstack(rows), np.concatenate(self.values[: len(rows)]))
        asked = np.hstack([self.everything, np.tile(meta[task], (len(self.everything), 1))])
        return _best(trees.predict(asked))

    def covered(self, truth: Floats) -> tuple[bool, float] | None:
        """Whether the interval of the first advice holds, and its width."""
        if self.forest is None or len(self.lessons) < 2:
            return None
        found = []
        for i, lesson in enumerate(self.lessons):
            told = self.forest.tell(lesson.rows, lesson.features, lesson.group)
            others = [j for j in range(len(self.lessons)) if j != i]
            said = self.said[others][:, self.chosen[i]]
            seen = blend(said, told, self.weights[others])
            first = _list(seen)[0]
            found.append(float(lesson.closed[first] - seen.promised[first]))
        view = self.view()
        first = _list(view)[0]
        interval = Residuals(found).around(float(view.promised[first]))
        if interval is None:
            return None
        low, high = interval
        return low - 1e-9 <= truth[first] <= high + 1e-9, high - low


def _list(view: View) -> list[int]:
    return complementary(view.worth, view.weights, K)


def columns(table: Table) -> Floats:
    """Return configurations as the recommender encodes them: logarithms where searched so."""
    columns = table.configs.copy()
    for i, name in enumerate(table.names):
        if getattr(table.space[name], "log", False):
            columns[:, i] = np.log10(np.maximum(columns[:, i], 1e-12))
    return np.where(np.isnan(columns), -1.0, columns)


def near(mine: Floats, others: Floats) -> Floats:
    """Return what past tasks weigh: a Gaussian kernel of the median distance, and a twentieth.

    Args:
        mine: [feature], of the task that is asked about.
        others: [task, feature]; all weigh 1 where there is no feature.
    """
    if not others.size:
        return np.ones(len(others))
    known = np.vstack([mine, others])
    scaled = (known - known.mean(axis=0)) / (known.std(axis=0) + 1e-9)
    distance = np.sqrt(np.nanmean(np.square(scaled[1:] - scaled[0]), axis=1))
    kernel: Floats = np.exp(-0.5 * np.square(distance / max(float(np.median(distance)), 1e-9)))
    return kernel + 0.05


def _best(values: Floats) -> list[int]:
    return [int(i) for i in np.argsort(-values, kind="stable")[:K]]


def regrets(final: Floats, *, whole: bool) -> Floats:
    """Return what each configuration leaves open of a task's gap."""
    floor = final.min() if whole else float(np.median(final))
    found: Floats = np.minimum((final.max() - final) / max(final.max() - floor, 1e-12), 2.0)
    return found


def _random(regret: Floats, k: int) -> float:
    rng = np.random.default_rng(0)
    return float(np.mean([rng.choice(regret, k, replace=False).min() for _ in range(400)]))


def resampled(values: Floats) -> tuple[float, float, float]:
    """Return the mean of [task, seed] with its 95 % interval, from resampled tasks."""
    of_task = values.mean(axis=1)
    drawn = np.random.default_rng(0).integers(0, len(of_task), (4000, len(of_task)))
    low, high = np.quantile(of_task[drawn].mean(axis=1), [0.025, 0.975])
    return float(of_task.mean()), float(low), float(high)


def main(table: Table, history: int, seeds: int, *, whole: bool) -> dict[str, object]:
    """Measure, print and return it."""
    methods: dict[str, Callable[[Past, int], list[int]]] = {
        "recommender": lambda past, _: past.ours(),
        "best on average": lambda past, _: past.average(),
        "mean rank": lambda past, _: past.ranks(),
        "nearest task": lambda past, _: past.nearest(),
        "original recipe": lambda past, task: past.recipe(table.meta, task),
    }
    twists = ("permuted", "unrelated", "one task", "constant")
    num = len(table.tasks)
    found = {name: np.zeros((num, seeds, 2)) for name in (*methods, "random", *twists)}
    inside, widths, order = [], [], []
    for task in range(num):
        final = table.final[task]
        regret, truth = regrets(final, whole=whole), shares(final)
        for seed in range(seeds):
            past = Past(table, task, history, seed)
            for name, way in methods.items():
                chosen = way(past, task)
                found[name][task, seed] = regret[chosen[0]], regret[chosen].min()
            found["random"][task, seed] = _random(regret, 1), _random(regret, K)
            order.append(stats.spearmanr(past.view().promised, final).statistic)
            if truth is not None and (told := past.covered(truth)) is not None:
                inside.append(told[0])
                widths.append(told[1])
            for twist in twists:
                chosen = Past(table, task, history, seed, twist).ours()
                found[twist][task, seed] = (
                    (regret[chosen[0]], regret[chosen].min())
                    if chosen
                    else found["random"][task, seed]
                )
    told_of = {}
    for name, values in found.items():
        first, five = resampled(values[:, :, 0]), resampled(values[:, :, 1])
        told_of[name] = {"regret_1": first, "regret_5": five}
        shown = [f"{m:.3f} [{a:.3f}, {b:.3f}]" for m, a, b in (first, five)]
        print(f"{name:16} regret@1 {shown[0]}  regret@5 {shown[1]}")
    against = found["recommender"][:, :, 1] <= found["random"][:, :, 1]
    answer: dict[str, object] = {
        "benchmark": "transfer",
        "tasks": num,
        "history": history,
        "methods": told_of,
        "spearman": float(np.nanmean(order)),
        "top5_not_above_random5": float(against.mean()),
        "coverage": float(np.mean(inside)) if inside else None,
        "width": float(np.mean(widths)) if widths else None,
    }
    print(json.dumps(answer))
    return answer


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--table", type=Path, required=True)
    parser.add_argument("--history", type=int, default=50)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--configs", type=int, help="candidates drawn of a table that has more")
    parser.add_argument("--metric", choices=("gap", "range"), default="gap")
    given = parser.parse_args()
    if not given.table.exists():
        sys.exit(f"There is no table {given.table}; benchmarks.search.tables makes some.")
    told = read(given.table)
    if given.configs is not None:
        told = told.thinned(given.configs)
    main(told, given.history, given.seeds, whole=given.metric == "range")
