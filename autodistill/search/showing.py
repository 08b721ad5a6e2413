"""A job shown as an Optuna study, for those who know Optuna's pictures and files."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autodistill.component import AnyRange, Choice
from autodistill.lazy import optuna
from autodistill.record import Origin, Trial
from autodistill.record import TrialState as State
from autodistill.search.study import STUDENT, told, under_way
from autodistill.spec import JobSpec

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial


def as_study(spec: JobSpec, trials: Sequence[Trial], name: str = "job") -> optuna.Study:
    """Return a job as an Optuna study in memory, which nothing that is done to it changes.

    Trials come by their number and keep it as `number` among their user attributes, beside what
    they scored on dev (`dev/…`) and test (`test/…`), where they come from and why. Confirmations
    are left out, and so are trials of kinds that the space does not offer, such as a baseline
    without a loss where losses are narrowed: Optuna's parameters have no place for them. Curves are
    by the percentage of a trial's own epochs, where trials carry theirs. With several objectives
    Optuna knows no pruned trials: those are complete and infeasible.

    Args:
        spec: The job.
        trials: Of the job.
        name: Of the study.
    """
    students = Choice(tuple(student.label for student in spec.students))
    space = {**spec.space, STUDENT: students}
    ways = optuna.study.StudyDirection
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        study_name=name,
        directions=[ways.MAXIMIZE if o.maximise else ways.MINIMIZE for o in spec.objectives],
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        study.set_metric_names([o.metric for o in spec.objectives])
    for trial in sorted(trials, key=lambda t: t.number):
        if trial.origin is Origin.CONFIRMATION:
            continue
        if (shown := _shown(spec, trial, space)) is not None:
            study.add_trial(shown)
    return study


def write_journal(study: optuna.Study, path: Path) -> None:
    """Write a study as a file of Optuna's `JournalStorage`.

    Raises:
        FileExistsError: When there is something at the path; journals are only ever added to.
    """
    if path.exists():
        raise FileExistsError(f"{path} exists; give another name, or remove it first.")
    from optuna.storages.journal import JournalFileBackend  # noqa: PLC0415  # loads Optuna

    journal = optuna.storages.JournalStorage(JournalFileBackend(str(path)))
    optuna.copy_study(
        from_study_name=study.study_name, from_storage=study._storage, to_storage=journal
    )


def _shown(spec: JobSpec, trial: Trial, space: Mapping[str, AnyRange]) -> FrozenTrial | None:
    """Return a trial for a study that people look at; None where it has no place."""
    states = optuna.trial.TrialState
    if not trial.state.terminal or trial.state is State.CANCELLED:
        found = under_way(trial, space)
        if found is not None and trial.state.terminal:
            found.state = states.FAIL
    else:
        found = told(trial, space, spec.objectives, trial.number, spec.limits)
    if found is None:
        return None
    if trial.state is State.FAILED:
        found.state, found.values = states.FAIL, None
    found.datetime_start = trial.created_at.replace(tzinfo=None)
    ended = (trial.finished_at or trial.created_at).replace(tzinfo=None)
    found.datetime_complete = ended if found.state.is_finished() else None
    found.user_attrs.update(_known(trial))
    found.system_attrs = {k: v for k, v in found.system_attrs.items() if "generation" not in k}
    return found


def _known(trial: Trial) -> dict[str, Any]:
    """Return what people may want to know of a trial, as JSON."""
    scores = {f"dev/{k}": v for k, v in trial.dev.items()}
    scores |= {f"test/{k}": v for k, v in trial.test.items()}
    facts = {"number": trial.number, "origin": trial.origin.value, "reason": trial.reason}
    return scores | facts | {"seconds": trial.seconds}
