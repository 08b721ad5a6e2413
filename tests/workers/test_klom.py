from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import entropy

from autodistill.testing.prepared import STUDENT, tiny_task, tiny_trial
from autodistill.trial import TrialRun
from workers.klom import divergence, klom, margins


def test_a_margin_is_the_log_odds_of_the_true_class() -> None:
    p = np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]])
    found = margins(np.log(p).astype(np.float32), np.array([0, 1]))
    assert found == pytest.approx([np.log(0.7 / 0.3), np.log(0.1 / 0.9)], rel=1e-5)


def test_equal_distributions_do_not_diverge() -> None:
    values = np.random.default_rng(0).normal(size=500)
    assert divergence(values, values) == 0.0
    assert divergence(np.tile(values, 3), values) == pytest.approx(0.0, abs=0.01)


def test_it_is_the_divergence_of_smoothed_histograms() -> None:
    rng = np.random.default_rng(0)
    mine, theirs = rng.normal(size=400), 1 + rng.normal(size=300)
    edges = np.linspace(min(mine.min(), theirs.min()), max(mine.max(), theirs.max()), 21)
    p, q = (np.histogram(v, edges)[0] + 0.5 for v in (mine, theirs))
    assert divergence(mine, theirs) == pytest.approx(entropy(p, q))


def test_students_are_compared_with_the_teacher_of_their_job(tmp_path: Path) -> None:
    task = tiny_task(tmp_path, probes=("klom", "sharpness"))
    assert task.probes == ("klom", "sharpness")
    students = []
    for seed in range(2):
        run = TrialRun(task, tiny_trial(seed), tmp_path / str(seed))
        list(run)
        outcome = run.finish()
        assert "sharpness" in outcome.dev
        students.append(outcome.student)
    assert klom(task, STUDENT.label, students) > 0
    itself = klom(
        task.model_copy(update={"student_tokens": {"t": task.tokens}}), "t", [task.teacher]
    )
    assert itself == pytest.approx(0.0, abs=1e-6)
