"""Whether a trial learns with packed layers what it learns with those of transformers."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from autodistill.record import PreparedTask
from autodistill.testing.prepared import STUDENT, tiny_trial
from autodistill.trial import TrialRun
from autodistill.trial._learner import Learner

PIPELINE: dict[str, Any] = {
    "loss": {"kind": "softened_kl", "weight": 0.7},
    "intermediate": {"kind": "mse", "weight": 1.0},
}
MIXED = PIPELINE | {"augmentation": {"kind": "mixup", "mixed_fraction": 1.0}}


@pytest.fixture
def steady(task: PreparedTask, tmp_path: Path) -> PreparedTask:
    """Return the task with a student without dropout, which would draw other numbers."""
    folder = tmp_path / "student"
    shutil.copytree(task.students[STUDENT.label], folder)
    config = json.loads((folder / "config.json").read_text())
    config |= {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    (folder / "config.json").write_text(json.dumps(config))
    return task.model_copy(update={"students": {STUDENT.label: folder}})


@pytest.mark.parametrize("pipeline", [PIPELINE, MIXED, {}], ids=["hidden", "mixup", "logits"])
def test_packed_layers_change_no_loss(
    pipeline: dict[str, Any], steady: PreparedTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = tiny_trial(**pipeline)
    packed = Learner(steady, spec).epoch(0)
    monkeypatch.setattr("autodistill.models.packed.packs", lambda _: False)
    assert packed == pytest.approx(Learner(steady, spec).epoch(0), rel=1e-3)


COMPARING = {"loss": {"kind": "sinkd", "weight": 0.7}}


@pytest.mark.parametrize("pipeline", [PIPELINE, MIXED, COMPARING], ids=["hidden", "mixup", "sinkd"])
def test_slices_change_no_loss(pipeline: dict[str, Any], steady: PreparedTask) -> None:
    spec = tiny_trial(**pipeline)
    whole, parts = (Learner(steady, spec, slices=n).epoch(0) for n in (1, 4))
    assert parts == pytest.approx(whole, rel=1e-4)


def test_bfloat16_is_near_float32_and_is_what_was_asked(steady: PreparedTask) -> None:
    spec = tiny_trial(**PIPELINE)
    low = spec.model_copy(update={"precision": "bfloat16"})
    exact, near = (Learner(steady, x).epoch(0) for x in (spec, low))
    assert near == pytest.approx(exact, rel=0.05)
    assert near != exact
    assert low.sha256 != spec.sha256


def test_epochs_are_measured_in_bfloat16_and_the_outcome_in_float32(
    steady: PreparedTask, tmp_path: Path
) -> None:
    spec = tiny_trial(**PIPELINE, training={"num_epochs": 1})
    low = spec.model_copy(update={"precision": "bfloat16"})
    runs = [TrialRun(steady, x, tmp_path / x.precision) for x in (spec, low)]
    of_epochs = [next(iter(run)).values["dev/nll"] for run in runs]
    in_the_end = [run.finish().dev["nll"] for run in runs]
    assert in_the_end[0] == pytest.approx(of_epochs[0], rel=1e-6)
    assert in_the_end[1] != pytest.approx(of_epochs[1], rel=1e-6)
    assert in_the_end[1] == pytest.approx(of_epochs[1], rel=0.05)
