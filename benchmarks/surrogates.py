"""Which model of past trials ranks pipelines best on a task that it has not seen.

python -m benchmarks.surrogates [--table FILE.npz ...] [--history FILE.parquet|FILE.csv ...]
[--trials 50] [--seeds 3] [--configs 800]

Leave one group of tasks out, in turn: every model learns from the trials of the others and orders
what the task itself has tried (`--history`), or configurations of a table that none has seen.
Models: trees for each past task, weighed by similarity; one forest of all tasks with their
features as columns; both, blended as the recommender does, on the table's own features and weights;
LightGBM's LambdaMART; a multilayer perceptron
with and without the bound on its gradient norm that IGNITE sets (see `benchmarks.ignite`). "nested"
takes for each group the model that was best when the other groups were left out in turn.

Prints Spearman's rank correlation, and the regret of the first choice and of the best of five as
the share of the gap from the median to the best, with 95 % intervals from a bootstrap over groups,
and one JSON line. LightGBM: `pip install --group surrogates`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from autodistill.history import PastTask, Standing, chronicle, distiller
from autodistill.recommend.evaluation import hold
from autodistill.recommend.forest import Forest, Lesson, share
from autodistill.recommend.surrogate import Trees, encode, experience, shares
from autodistill.recommend.witnesses import blend
from benchmarks import ignite
from benchmarks.search.tables import Table, read
from benchmarks.transfer import columns, near, regrets, resampled

Floats = NDArray[np.float64]
K = 5
FEWEST = 3
GRADES = 31
"""Relevance of the best pipeline of a task to the ranker."""


@dataclass(frozen=True)
class Known:
    """A past task, as models see it."""

    group: str
    rows: Floats
    """[trial, column]"""
    closed: Floats
    """[trial], share of the gap from the median to the best."""
    features: Floats

    @property
    def joined(self) -> Floats:
        """Each trial with the features of its task."""
        return np.hstack([self.rows, np.tile(self.features, (len(self.rows), 1))])

    @cached_property
    def trees(self) -> Trees:
        """Those of this task alone."""
        return Trees(self.rows, self.closed)


@dataclass(frozen=True)
class Asked:
    """What is to be ordered."""

    known: Known
    pool: Floats
    """[candidate, column]"""
    reached: Floats
    """[candidate], more is better."""
    regret: Floats

    @property
    def joined(self) -> Floats:
        """Each candidate with the features of its task."""
        return np.hstack([self.pool, np.tile(self.known.features, (len(self.pool), 1))])


Model = Callable[[Sequence[Known], Asked], Floats]


def _weights(past: Sequence[Known], asked: Asked) -> Floats:
    return near(asked.known.features, np.array([k.features for k in past]))


def _said(past: Sequence[Known], asked: Asked) -> Floats:
    return np.array([k.trees.predict(asked.pool) for k in past])


def _told(past: Sequence[Known], asked: Asked) -> Floats:
    lessons = [Lesson(k.rows, k.closed, k.features, k.group) for k in past]
    return Forest(lessons).tell(asked.pool, asked.known.features)


def single(past: Sequence[Known], asked: Asked) -> Floats:
    """Trees of each task, weighed by similarity."""
    return np.asarray(_weights(past, asked) @ _said(past, asked))


def pooled(past: Sequence[Known], asked: Asked) -> Floats:
    """One forest of all tasks, which weigh the same."""
    return share(_told(past, asked))


def both(past: Sequence[Known], asked: Asked) -> Floats:
    """Return both of them, in the recommender's blend."""
    return blend(_said(past, asked), _told(past, asked), _weights(past, asked)).promised


def ranker(past: Sequence[Known], asked: Asked) -> Floats:
    """LambdaMART (Burges, 2010), a task a query."""
    import lightgbm  # noqa: PLC0415  # an extra

    grades = [np.round(GRADES * (k.closed + 1) / 2).astype(int) for k in past]
    model = lightgbm.LGBMRanker(
        n_estimators=200,
        learning_rate=0.05,
        num_leaves=15,
        min_child_samples=10,
        label_gain=list(range(GRADES + 1)),
        random_state=0,
        n_jobs=1,
        verbose=-1,
    )
    rows, _ = _stacked(past)
    model.fit(rows, np.concatenate(grades), group=[len(g) for g in grades])
    return np.asarray(model.booster_.predict(asked.joined))


def perceptron(past: Sequence[Known], asked: Asked) -> Floats:
    """A multilayer perceptron."""
    return ignite.fitted(*_stacked(past), bounded=False)(asked.joined)


def bounded(past: Sequence[Known], asked: Asked) -> Floats:
    """The same with IGNITE's bound."""
    return ignite.fitted(*_stacked(past), bounded=True)(asked.joined)


MODELS: dict[str, Model] = {
    "trees of each task": single,
    "forest of all": pooled,
    "recommender": both,
    "LambdaMART": ranker,
    "perceptron": perceptron,
    "IGNITE": bounded,
}


def _stacked(past: Sequence[Known]) -> tuple[Floats, Floats]:
    return np.vstack([k.joined for k in past]), np.concatenate([k.closed for k in past])


def of_history(tasks: Sequence[PastTask]) -> list[Asked]:
    """Return the tasks of a history, each with what it tried itself to be ordered."""
    names = sorted({name for task in tasks for name in task.dataset.meta_features})
    found = []
    for task in tasks:
        held, known = hold(task), experience(task)
        if held is not None and known is not None:
            facts, own = task.facts, task.dataset.meta_features
            sizes = [facts.student_layers, facts.student_layers / facts.teacher_layers]
            sort = [float(facts.task.is_classification), facts.student_width / facts.teacher_width]
            features = np.array([own.get(name, -1.0) for name in names] + sizes + sort)
            past = Known(task.group, known.table, known.closed, features)
            found.append(Asked(past, encode(held.pool), held.reached, held.regrets))
    return found


def of_table(table: Table, trials: int, seed: int) -> list[Asked]:
    """Return the tasks of a table, each known by some random configurations."""
    everything, found = columns(table), []
    for i, name in enumerate(table.tasks):
        rng = np.random.default_rng([seed, i])
        chosen = rng.choice(len(everything), min(trials, len(everything)), replace=False)
        closed = shares(table.final[i, chosen])
        if closed is not None:
            known = Known(name, everything[chosen], closed, table.meta[i])
            final = table.final[i]
            found.append(Asked(known, everything, final, regrets(final, whole=False)))
    return found


def tried(tasks: Sequence[Asked], group: str, without: str = "") -> dict[str, Floats]:
    """Return (Spearman, regret@1, regret@5) of each model on a group, which it does not see.

    Args:
        tasks: All of them.
        group: Who is asked.
        without: A further group that is not seen.
    """
    past = [t.known for t in tasks if t.known.group not in (group, without)]
    found: dict[str, list[Floats]] = {name: [] for name in MODELS}
    for asked in (t for t in tasks if t.known.group == group):
        for name, model in MODELS.items():
            found[name].append(_judged(model(past, asked), asked))
    return {name: np.mean(rows, axis=0) for name, rows in found.items()}


def _judged(values: Floats, asked: Asked) -> Floats:
    order = np.argsort(-values, kind="stable")
    related = stats.spearmanr(values, asked.reached).statistic if np.ptp(values) > 0 else 0.0
    return np.array([related, asked.regret[order[0]], asked.regret[order[:K]].min()])


def compare(tasks: Sequence[Asked]) -> dict[str, Floats]:
    """Return [group, (Spearman, regret@1, regret@5)] of each model, and of the nested choice.

    Raises:
        ValueError: When there are fewer than three groups: two are left out, one teaches.
    """
    groups = sorted({t.known.group for t in tasks})
    if len(groups) < FEWEST:
        message = f"Nested leave-one-out takes {FEWEST} groups of tasks; got {len(groups)}."
        raise ValueError(message)
    outer = {group: tried(tasks, group) for group in groups}
    inner = {
        out: {group: tried(tasks, group, out) for group in groups if group != out} for out in groups
    }
    found = {name: np.array([outer[group][name] for group in groups]) for name in MODELS}
    chosen = []
    for out in groups:
        worth = {name: np.mean([of[name][0] for of in inner[out].values()]) for name in MODELS}
        chosen.append(outer[out][max(worth, key=lambda name: worth[name])])
    return found | {"nested": np.array(chosen)}


def main(named: dict[str, list[list[Asked]]]) -> None:
    """Compare, print and say it in one line; several lists of tasks are seeds of a table."""
    answer: dict[str, Any] = {"benchmark": "surrogates"}
    for title, seeds in named.items():
        compared = [compare(tasks) for tasks in seeds]
        groups = len({t.known.group for t in seeds[0]})
        print(f"{title}: {len(seeds[0])} tasks in {groups} groups, {len(seeds)} seeds")
        told: dict[str, Any] = {}
        for name in compared[0]:
            values = np.mean([found[name] for found in compared], axis=0)
            told[name] = [resampled(values[:, [i]]) for i in range(values.shape[1])]
            shown = [f"{mean:6.3f} [{low:.3f}, {high:.3f}]" for mean, low, high in told[name]]
            print(f"  {name:20} Spearman {shown[0]}  @1 {shown[1]}  @{K} {shown[2]}", flush=True)
        answer[title] = told
    print(json.dumps(answer))


def history(path: Path) -> list[PastTask]:
    """Read a file of past tasks: the published table of Distiller's authors, or our Parquet."""
    if path.suffix == ".csv":
        return distiller.read(path)
    return chronicle.read(path, Standing.SHIPPED)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--table", type=Path, nargs="*", default=[])
    parser.add_argument("--history", type=Path, nargs="*", default=[])
    parser.add_argument("--trials", type=int, default=50)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--configs", type=int, default=800)
    given = parser.parse_args()
    if absent := [str(path) for path in (*given.table, *given.history) if not path.exists()]:
        sys.exit(f"There is no {', '.join(absent)}.")
    if find_spec("lightgbm") is None:
        sys.exit("LightGBM is not installed; pip install --group surrogates.")
    wanted = {path.name: [of_history(history(path))] for path in given.history}
    for path in given.table:
        thin = read(path).thinned(given.configs)
        wanted[path.name] = [of_table(thin, given.trials, seed) for seed in range(given.seeds)]
    main(wanted)
