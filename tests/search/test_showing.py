from __future__ import annotations

from pathlib import Path

import numpy as np
import optuna
import pytest
from optuna.storages.journal import JournalFileBackend

from autodistill.losses.softened_kl import SoftenedKL
from autodistill.optimisation import Training
from autodistill.record import Origin, Trial, TrialState
from autodistill.search import as_study, write_journal
from autodistill.spec import (
    CutStudent,
    JobRequest,
    JobSpec,
    Limit,
    Objective,
    PipelineSpec,
    TeacherSpec,
)
from autodistill.testing.records import facts_of, trial_of

States = optuna.trial.TrialState


def job(*objectives: str, limits: tuple[Limit, ...] = ()) -> JobSpec:
    request = JobRequest(
        dataset="d",
        teacher=TeacherSpec(model="t"),
        students=(CutStudent(num_layers=2),),
        objectives=tuple(Objective(metric=m) for m in objectives),
        limits=limits,
    )
    return request.resolve([facts_of()])


def played(count: int = 30) -> list[Trial]:
    """Return trials of which the learning rate decides alone, every fifth stopped early."""
    rng, rows = np.random.default_rng(0), []
    for number in range(count):
        rate = float(10 ** rng.uniform(-5, -3))
        hot = float(rng.uniform(1, 8))
        pipeline = PipelineSpec(
            loss=SoftenedKL(temperature=hot), training=Training(learning_rate=rate, num_epochs=4)
        )
        score = 0.9 - 0.1 * (np.log10(rate) + 4) ** 2
        curve = [{"accuracy": score * share} for share in (0.5, 0.8, 1.0, 1.0)]
        stopped = number % 5 == 4
        rows.append(
            trial_of(
                number,
                pipeline,
                TrialState.PRUNED if stopped else TrialState.COMPLETE,
                dev={"accuracy": curve[1 if stopped else 3]["accuracy"], "latency_ms": 2.0 + hot},
                curve=curve[:2] if stopped else curve,
            )
        )
    return rows


def test_optuna_finds_the_best_and_what_mattered() -> None:
    rows = played()
    study = as_study(job("accuracy"), rows, "a job")
    assert [t.user_attrs["number"] for t in study.trials] == list(range(30))
    complete = [t for t in rows if t.state is TrialState.COMPLETE]
    best = max(complete, key=lambda t: t.dev["accuracy"])
    assert (study.best_trial.user_attrs["number"], study.metric_names) == (
        best.number,
        ["accuracy"],
    )
    assert study.trials[4].state is States.PRUNED
    assert study.trials[0].intermediate_values.keys() == {25, 50, 75, 100}
    weights = optuna.importance.get_param_importances(
        study, evaluator=optuna.importance.PedAnovaImportanceEvaluator()
    )
    assert next(iter(weights)) == "training.learning_rate"


def test_what_has_not_succeeded_is_shown_as_it_is() -> None:
    states = [TrialState.FAILED, TrialState.CANCELLED, TrialState.RUNNING, TrialState.COMPLETE]
    rows = [trial_of(n, PipelineSpec(), state) for n, state in enumerate(states[:3])]
    rows.append(trial_of(3, PipelineSpec(), dev={"accuracy": 0.5}))
    rows.append(trial_of(4, PipelineSpec(), origin=Origin.CONFIRMATION, dev={"accuracy": 0.9}))
    found = [t.state for t in as_study(job("accuracy"), rows).trials]
    assert found == [States.FAIL, States.FAIL, States.RUNNING, States.COMPLETE]


def test_several_objectives_and_limits_have_their_front() -> None:
    spec = job("accuracy", "latency_ms", limits=(Limit(metric="latency_ms", bound=6.0),))
    study = as_study(spec, played())
    front = [t.values for t in study.best_trials]
    assert [d.name for d in study.directions] == ["MAXIMIZE", "MINIMIZE"]
    assert front
    assert all(latency <= 6.0 for _, latency in front)
    assert not any(t.user_attrs["number"] % 5 == 4 for t in study.best_trials)


def test_a_journal_holds_the_same_study(tmp_path: Path) -> None:
    study, path = as_study(job("accuracy"), played(), "a job"), tmp_path / "job.log"
    write_journal(study, path)
    storage = optuna.storages.JournalStorage(JournalFileBackend(str(path)))
    again = optuna.load_study(study_name="a job", storage=storage)
    assert [(t.state, t.params, t.user_attrs) for t in again.trials] == [
        (t.state, t.params, t.user_attrs) for t in study.trials
    ]
    assert again.best_value == study.best_value
    with pytest.raises(FileExistsError, match="give another name"):
        write_journal(study, path)
