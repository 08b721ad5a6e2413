from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from autodistill.models.fitting import hard_loss
from autodistill.record import PreparedTask
from autodistill.task import Task
from autodistill.testing.prepared import QUICK, tiny_trial
from autodistill.trial import TrialRun
from autodistill.trial._dynamics import forgotten, score

RNG = np.random.default_rng(0)


def test_forgetting_is_counted_from_one_time_to_the_next() -> None:
    sequence = ["0000", "0001", "1111", "1010", "1100", "0101"]
    right_TV = np.array([[c == "1" for c in row] for row in sequence]).T
    assert forgotten(right_TV).tolist() == [np.inf, 0, 0, 2, 1, 1]


def test_errors_lie_between_a_perfect_and_a_certainly_wrong_prediction() -> None:
    logits = np.array([[1e3, 0, 0], [0, 1e3, 0], [0, 0, 0]], dtype=np.float32)
    true = np.eye(3, dtype=np.float32)[[0, 0, 0]]
    found = score(Task.TEXT_CLASSIFICATION, logits, np.zeros((3, 2), dtype=np.float16), true)
    assert found.error_V == pytest.approx([0, 2**0.5, (2 / 3) ** 0.5])
    assert found.right_V.tolist() == [True, False, True]


@pytest.mark.parametrize("task", [Task.TEXT_CLASSIFICATION, Task.TEXT_REGRESSION])
def test_grand_is_the_norm_of_the_output_layers_gradient(task: Task) -> None:
    width = 4 if task.is_classification else 1
    layer = torch.nn.Linear(6, width)
    features = RNG.normal(size=(5, 6)).astype(np.float16)
    true = RNG.normal(size=(5, 1)).astype(np.float32)
    if task.is_classification:
        true = np.eye(4, dtype=np.float32)[RNG.integers(4, size=5)]
    inputs = torch.from_numpy(features.astype(np.float32))
    norms = []
    for row, target in zip(inputs, torch.from_numpy(true), strict=True):
        loss = hard_loss(task, layer(row)[None], target[None]).sum()
        parts = torch.autograd.grad(loss, [layer.weight, layer.bias])
        norms.append(float(sum(part.square().sum() for part in parts) ** 0.5))
    found = score(task, layer(inputs).detach().numpy(), features, true)
    assert found.gradient_V == pytest.approx(norms, rel=1e-4)


@pytest.mark.parametrize("kind", ["forgetting", "el2n", "grand"])
def test_the_proxys_cost_is_in_the_first_epoch_whichever_trial_paid(
    kind: str, task: PreparedTask, tmp_path: Path
) -> None:
    spec = tiny_trial(selection={"kind": kind}, training=QUICK)
    first, second = (list(TrialRun(task, spec, tmp_path / str(i))) for i in range(2))
    for measurements in (first, second):
        paid = measurements[0].values["scoring_seconds"]
        assert 0 < paid <= measurements[0].values["seconds"]
        assert "scoring_seconds" not in measurements[1].values
    assert first[0].values["scoring_seconds"] == second[0].values["scoring_seconds"]
    assert len(list(task.outputs.parent.glob("dynamics-*"))) == 1
    free = next(iter(TrialRun(task, tiny_trial(training=QUICK), tmp_path / "free")))
    assert "scoring_seconds" not in free.values


def test_fewer_examples_can_have_as_many_steps(task: PreparedTask, tmp_path: Path) -> None:
    whole = TrialRun(task, tiny_trial(), tmp_path / "whole")
    for fixed, share in (("steps", 1.0), ("epochs", 0.25)):
        chosen = {"kind": "random", "keep_fraction": 0.25, "fixed": fixed}
        run = TrialRun(task, tiny_trial(selection=chosen), tmp_path / fixed)
        expected = share * whole._learner.num_examples
        assert run._learner.num_examples == expected
        kept, times = np.unique(run._learner._examples.chosen_K, return_counts=True)
        assert len(kept) == 24
        assert set(times) == ({4} if fixed == "steps" else {1})
