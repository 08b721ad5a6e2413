"""Trying the recommender on the past: each group of tasks is left out and advised by the rest."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from autodistill.history import Evaluation, PastTask, Verdict
from autodistill.losses.logit_mse import LogitMSE
from autodistill.metrics import LOWER_IS_BETTER
from autodistill.recommend.expert import portfolio
from autodistill.recommend.foresight import foresee, residuals
from autodistill.recommend.similarity import sort
from autodistill.recommend.surrogate import Experience, encode, experience
from autodistill.recommend.witnesses import Panel, panel_of
from autodistill.record import Origin, Trial
from autodistill.spec import PipelineSpec

Floats = NDArray[np.float64]
K = 5
DRAWS = 10
"""Random pipelines that the first choice is held against."""
MOST_TASKS = 60
"""Tasks that are left out in turn; of more, evenly many."""
RESAMPLES = 4000
RANDOM, AVERAGE, DEFAULT = "random", "best on average", "expert default"
NEAREST, RECIPE, OURS = "nearest dataset", "original recipe", "recommender"
METHODS = (OURS, RANDOM, AVERAGE, DEFAULT, NEAREST, RECIPE)


@dataclass(frozen=True)
class Held:
    """A task that is left out: its pipelines, and what they reached on dev and test together."""

    past: PastTask
    pool: list[PipelineSpec]
    reached: Floats
    """Of each pipeline, more is better."""
    named: NDArray[np.bool_]
    """Which pipelines a user had named, without having seen a result."""

    @property
    def regrets(self) -> Floats:
        """How much of the gap from the median pipeline (1) to the best (0) each leaves open."""
        best, middle = self.reached.max(), float(np.median(self.reached))
        found: Floats = np.minimum((best - self.reached) / (best - middle), 2.0)
        return found

    @property
    def drawn(self) -> Floats:
        """Regrets of the pipelines among which random ones are drawn.

        A search has chosen by this task's results, which chance cannot: where a user named enough,
        these alone count.
        """
        enough = self.named.sum() >= DRAWS
        found: Floats = self.regrets[self.named] if enough else self.regrets
        return found

    @property
    def plain(self) -> int:
        """The pipeline that is most like distillation from logits with default settings."""
        regression = not self.past.facts.task.is_classification
        return nearest(PipelineSpec(loss=LogitMSE()) if regression else PipelineSpec(), self.pool)


def evaluate(history: Sequence[PastTask], methods: Sequence[str] = METHODS) -> Evaluation:
    """Return regret, win rates and coverage over all groups of tasks of a history.

    Nothing of a task's group is seen where it is advised, but its dataset's features and its facts.
    The candidates are its own distilling pipelines; they are chosen by what past tasks reached on
    dev and judged by what they reached on dev and test together, of which the advice has seen
    neither: the more examples, the less noise. Regret is the share of the gap from the median
    pipeline to the best that the best of the list leaves open. Random pipelines are drawn from
    those that were named before the task had a result. Intervals are 95 %, from a bootstrap over
    groups.
    """
    known = {id(past): experience(past) for past in history}
    held = [h for past in history if (h := hold(past)) is not None]
    step = math.ceil(len(held) / MOST_TASKS) or 1
    held = held[::step]
    groups = [h.past.group for h in held]
    if len(set(groups)) < 2:
        message = "At least two groups of tasks with enough trials are needed to try advice on."
        return Evaluation(num_tasks=len(held), num_groups=len(set(groups)), message=message)
    regret: dict[str, list[tuple[float, float]]] = {name: [] for name in methods}
    inside, closed, beats = [], [], []
    for one in held:
        past = [p for p in history if p.group != one.past.group]
        panel = panel_of(one.past.dataset, one.past.facts, past, lambda p: known[id(p)])
        mine = sort(one.past.facts.task)
        kindred = (known[id(p)] for p in past if sort(p.facts.task) == mine)
        everyone = [e for e in kindred if e is not None]
        asked = Asked(one, panel, everyone)
        for name in methods:
            regret[name].append(_at(one, name, asked))
        order = asked.order(OURS)
        inside.append(_covered(one, panel, order[0]))
        closed.append([_closed(one, order[:k]) for k in (1, K)])
        beats.append(float(one.regrets[order[0]] < _random(one.drawn, DRAWS)))
    verdicts = [_verdict(name, regret, groups) for name in methods]
    covered = [i for i in inside if i is not None]
    share = np.array(closed)
    return Evaluation(
        num_tasks=len(held),
        num_groups=len(set(groups)),
        verdicts=tuple(verdicts),
        coverage=float(np.mean(covered)) if covered else None,
        num_covered=len(covered),
        closed=(_mean(share[:, 0], groups), _mean(share[:, 1], groups)),
        beats_random=_mean(np.array(beats), groups),
        message=f"Each of {len(set(groups))} groups was left out once.",
    )


def hold(past: PastTask) -> Held | None:
    """Return what a task can be tried on, or None: too few pipelines, or all reached the same."""
    sign = -1.0 if past.metric in LOWER_IS_BETTER else 1.0
    scores: dict[PipelineSpec, list[float]] = {}
    named = {t.spec.pipeline for t in past.trials if t.origin is Origin.USER}
    for trial in past.trials:
        value = _held_out(past, trial)
        if trial.spec.pipeline.distils and math.isfinite(value):
            scores.setdefault(trial.spec.pipeline, []).append(sign * value)
    reached = np.array([np.mean(found) for found in scores.values()])
    if len(reached) <= K or not reached.max() - np.median(reached) > 1e-9:
        return None
    return Held(past, list(scores), reached, np.array([p in named for p in scores]))


def _held_out(past: PastTask, trial: Trial) -> float:
    """Return the mean score on dev and test, by their examples; NaN where it has neither."""
    sizes = past.dataset.num_examples
    scores = (trial.dev, sizes.get("dev") or 1), (trial.test, sizes.get("test") or 1)
    told = [(value, n) for found, n in scores if (value := found.get(past.metric)) is not None]
    total = sum(size for _, size in told)
    return sum(value * size for value, size in told) / total if told else math.nan


class Asked:
    """What the methods are asked about one task."""

    def __init__(self, held: Held, panel: Panel, everyone: Sequence[Experience]) -> None:
        self.held, self.panel, self.everyone = held, panel, everyone
        self.table = encode(held.pool)
        self._expert = [nearest(p, held.pool) for p, _ in portfolio(held.past.facts)]

    def order(self, method: str) -> list[int]:
        """Return the first few candidates that a method would try, best first."""
        ways: Mapping[str, Callable[[], list[int]]] = {
            OURS: self._ours,
            AVERAGE: self._average,
            DEFAULT: lambda: list(dict.fromkeys(self._expert)),
            NEAREST: self._nearest,
            RECIPE: self._recipe,
        }
        return ways[method]()[:K]

    def _ours(self) -> list[int]:
        expert = list(dict.fromkeys(self._expert))
        return foresee(self.panel, self.held.pool, expert, K).chosen

    def _average(self) -> list[int]:
        said = [known.trees.predict(self.table) for known in self.everyone]
        return _best(np.mean(said, axis=0)) if said else self._ours()

    def _nearest(self) -> list[int]:
        if not self.panel.witnesses:
            return self._average()
        return _best(self.panel.witnesses[0].known.trees.predict(self.table))

    def _recipe(self) -> list[int]:
        """Regress the ratio of student to teacher on everything, as AutoDistiller does."""
        from sklearn.ensemble import HistGradientBoostingRegressor  # noqa: PLC0415  # slow

        if not self.everyone:
            return self._ours()
        tables, targets = [], []
        for known in self.everyone:
            scale = known.past.teacher.get(f"dev/{known.past.metric}") or 1.0
            tables.append(_with_features(known.table, known.past))
            targets.append((known.gains + known.middle) / scale)
        trees = HistGradientBoostingRegressor(random_state=0)
        trees.fit(np.vstack(tables), np.concatenate(targets))
        return _best(trees.predict(_with_features(self.table, self.held.past)))


def nearest(pipeline: PipelineSpec, pool: Sequence[PipelineSpec]) -> int:
    """Return the place of the pipeline in a pool that differs least: in kinds, then in numbers."""
    rows = encode([pipeline, *pool])
    gaps = np.abs(rows[1:] - rows[0])
    spread = np.ptp(rows, axis=0)
    return int((gaps / np.where(spread > 0, spread, 1.0)).sum(axis=1).argmin())


MISSING = -1.0
FEATURES = (
    *("log_train", "mean_words", "log_outputs", "label_entropy", "majority", "linear_gain"),
    *("type_token_ratio", "minority_share"),
)


def _with_features(table: Floats, past: PastTask) -> Floats:
    facts, known = past.facts, past.dataset.meta_features
    row = [known.get(name, MISSING) for name in FEATURES]
    row += [facts.student_layers / facts.teacher_layers, facts.student_width / facts.teacher_width]
    return np.hstack([table, np.tile(row, (len(table), 1))])


def _best(values: Floats) -> list[int]:
    return [int(i) for i in np.argsort(-values, kind="stable")]


def _at(held: Held, method: str, asked: Asked) -> tuple[float, float]:
    if method == RANDOM:
        return _random(held.drawn, 1), _random(held.drawn, K)
    order = asked.order(method)
    return float(held.regrets[order[0]]), float(held.regrets[order].min())


def _random(regrets: Floats, k: int) -> float:
    """Return the expected best of k of them, drawn without putting back."""
    ordered, n = np.sort(regrets), len(regrets)
    k = min(k, n)
    chance = [math.comb(n - 1 - i, k - 1) / math.comb(n, k) for i in range(n)]
    return float(ordered @ np.array(chance))


def _closed(held: Held, order: Sequence[int]) -> float:
    """Return the share of the gap from plain logit distillation to the best that a list closes."""
    plain, best = held.reached[held.plain], held.reached.max()
    if not best - plain > 1e-9:
        return 1.0
    return float(max(-1.0, (held.reached[list(order)].max() - plain) / (best - plain)))


def _covered(held: Held, panel: Panel, first: int) -> bool | None:
    """Whether the first advice closed a share of the gap on dev that its interval holds."""
    mine = experience(held.past)
    if mine is None or not panel.witnesses:
        return None
    expected = foresee(panel, held.pool, [], 1).expected[first]
    interval = residuals(panel, 1)[0].around(float(expected))
    reached = mine.measured.get(held.pool[first])
    if interval is None or reached is None:
        return None
    return interval[0] - 1e-9 <= reached <= interval[1] + 1e-9


def _verdict(
    name: str, regret: Mapping[str, list[tuple[float, float]]], groups: Sequence[str]
) -> Verdict:
    mine = np.array(regret[name])
    ours = np.array(regret[OURS]) if OURS in regret else mine
    wins = (ours < mine - 1e-12) + 0.5 * (np.abs(ours - mine) <= 1e-12)
    return Verdict(
        method=name,
        regret_1=_mean(mine[:, 0], groups),
        regret_5=_mean(mine[:, 1], groups),
        wins_1=None if name == OURS else _mean(wins[:, 0], groups),
        wins_5=None if name == OURS else _mean(wins[:, 1], groups),
    )


def _mean(values: Floats, groups: Sequence[str]) -> tuple[float, float, float]:
    """Return the mean over groups with its 95 % interval, from resampled groups."""
    names = sorted(set(groups))
    of = np.array(groups)
    means = np.array([values[of == name].mean() for name in names])
    drawn = np.random.default_rng(0).integers(0, len(means), (RESAMPLES, len(means)))
    low, high = np.quantile(means[drawn].mean(axis=1), [0.025, 0.975])
    return float(means.mean()), float(low), float(high)
