"""Which choices of a pipeline mattered in a job: PED-ANOVA."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from autodistill.component import AnyRange
from autodistill.explain.frame import Frame
from autodistill.lazy import optuna

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial

MIN_TRIALS = 8
"""With fewer scored trials, nothing can be said."""
TIE = 1e-12
"""Below this, scores of trials differ by rounding alone."""
MOST_TRIALS = 600
"""Of more, so many are looked at, spread evenly from the best to the worst."""


def spread(values: NDArray[np.float64], most: int) -> NDArray[np.intp]:
    """Return positions of known values, spread evenly from the best to the worst."""
    known = np.flatnonzero(np.isfinite(values))
    ranked = known[np.argsort(-values[known], kind="stable")]
    if len(ranked) <= most:
        return ranked
    return ranked[np.linspace(0, len(ranked) - 1, most).round().astype(np.intp)]


def importance(
    frame: Frame, values: NDArray[np.float64], space: Mapping[str, AnyRange]
) -> dict[str, float]:
    """Return the share of each searched name in reaching the best tenth; they add up to 1.

    PED-ANOVA (Watanabe et al., IJCAI 2023), as Optuna has it: how far the best tenth's density of
    a name is from that of all trials. Names that belong to one kind are judged among its trials.
    Where all trials tie there is no best tenth, and nothing is returned.

    Args:
        frame: Trials.
        values: One for each trial; more is better, NaN is left out.
        space: What the job searched. Names that never varied are left out.
    """
    shown = spread(values, MOST_TRIALS)
    if len(shown) < MIN_TRIALS or np.ptp(values[shown]) < TIE:
        return {}
    known = [name for name in (*space, "student") if name in frame.names]
    columns = {name: frame.column(name)[shown] for name in known}
    drawn = {
        name: distribution
        for name, column in columns.items()
        if (distribution := _distribution(column, log=getattr(space.get(name), "log", False)))
    }
    trials = [
        _trial({n: columns[n][i] for n in drawn if _present(columns[n][i])}, drawn, -values[at])
        for i, at in enumerate(shown)
    ]
    return _evaluated(trials) if drawn else {}


def _present(value: object) -> bool:
    return value is not None and value == value  # noqa: PLR0124  # NaN differs from itself


def _distribution(column: NDArray[np.generic], *, log: bool) -> BaseDistribution | None:
    present = [v for v in column.tolist() if _present(v)]
    distinct = sorted(set(present), key=str)
    if len(distinct) < 2:
        return None
    if column.dtype == object:
        return optuna.distributions.CategoricalDistribution(distinct)
    low, high = min(present), max(present)
    return optuna.distributions.FloatDistribution(low, high, log=log and low > 0)


def _trial(
    params: Mapping[str, object], drawn: Mapping[str, BaseDistribution], value: float
) -> FrozenTrial:
    used = {name: drawn[name] for name in params}
    return optuna.trial.create_trial(params=dict(params), distributions=used, value=value)


def _evaluated(trials: Sequence[FrozenTrial]) -> dict[str, float]:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage = optuna.storages.InMemoryStorage()
    study_id = storage.create_new_study([optuna.study.StudyDirection.MINIMIZE], "importance")
    study = optuna.Study("importance", storage)
    for trial in trials:
        storage.create_new_trial(study_id, template_trial=trial)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of ties, which are shown as such
        evaluator = optuna.importance.PedAnovaImportanceEvaluator()
        found = optuna.importance.get_param_importances(study, evaluator=evaluator)
    return dict(found)
