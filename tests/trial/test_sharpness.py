from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from autodistill.data.table import read_split
from autodistill.models.inputs import read_inputs
from autodistill.record import PreparedTask
from autodistill.testing.prepared import QUICK, tiny_trial
from autodistill.trial import TrialRun
from autodistill.trial._learner import Learner
from autodistill.trial._sharpness import hutchinson_trace


def test_of_a_tiny_model_it_is_the_trace_of_the_exact_hessian() -> None:
    torch.manual_seed(0)
    theta = torch.randn(15, requires_grad=True)
    x, y = torch.randn(12, 4), torch.randint(3, (12,))

    def loss(theta: torch.Tensor, part: slice = slice(None)) -> torch.Tensor:
        seen = torch.tanh(x[part] @ theta[:12].view(3, 4).T + theta[12:])
        return torch.nn.functional.cross_entropy(seen, y[part], reduction="sum")

    exact: Any = torch.autograd.functional
    hessian = exact.hessian(loss, theta)
    parts = [loss(theta, slice(0, 5)), loss(theta, slice(5, 12))]
    found = hutchinson_trace(parts, [theta], probes=1000, seed=0)
    off = hessian - hessian.diag().diag()
    deviation = float((2 * off.square().sum() / 1000).sqrt())
    assert abs(found - float(hessian.trace())) < 4 * deviation


def test_of_a_diagonal_hessian_one_probe_is_exact() -> None:
    x = torch.randn(5, requires_grad=True)
    curvature = torch.arange(5.0)
    found = hutchinson_trace([(curvature * x**2).sum()], [x], probes=1, seed=3)
    assert found == pytest.approx(20.0)


def test_it_is_measured_where_it_is_asked_for(task: PreparedTask, tmp_path: Path) -> None:
    asked = task.model_copy(update={"probes": ("sharpness",)})
    assert task.probes == ()
    runs = [TrialRun(t, tiny_trial(), tmp_path / str(i)) for i, t in enumerate((asked, task))]
    for run in runs:
        list(run)
    with_it, without = (run.finish().dev for run in runs)
    assert with_it.pop("sharpness") != 0.0
    assert with_it == without


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_it_sees_through_layers_that_train_packed(task: PreparedTask, precision: str) -> None:
    spec = tiny_trial().model_copy(update={"precision": precision})
    learner = Learner(task, spec)
    found = learner.sharpness(learner.student.state_dict())
    (tokens,) = {task.student_tokens[spec.student]}
    train, student = read_inputs(tokens, "train"), learner.student
    labels_N = torch.from_numpy(train.labels(read_split(task.dataset, "train")))
    batch = train.batch(np.arange(len(train)))
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        logits_NC = student(**batch.inputs(student)).logits
        loss = torch.nn.functional.cross_entropy(logits_NC, labels_N)
        trace = hutchinson_trace([loss], list(student.parameters()), probes=10, seed=spec.seed)
    assert found == pytest.approx(QUICK.learning_rate * trace / 2, rel=1e-3)
