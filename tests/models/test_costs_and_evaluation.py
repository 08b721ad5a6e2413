from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from autodistill.data.table import Split
from autodistill.errors import Diverged
from autodistill.metrics import measured
from autodistill.models.costs import costs
from autodistill.models.encoders import cut, load_reader, load_with_fresh_head
from autodistill.models.evaluation import Exam
from autodistill.models.outputs import outputs
from autodistill.models.scale import Scale
from autodistill.models.tokens import Tokens, tokenise
from autodistill.task import Task
from autodistill.testing.tiny import tiny_encoder

TEXTS = ["the cat", "bread and cheese", "the moon and a star", "fox"]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_encoder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture
def tokens(encoder: Path) -> Tokens:
    return tokenise(load_reader(encoder), Split(TEXTS, None, np.zeros(4)), max_length=8)


@pytest.fixture
def model(encoder: Path) -> Any:
    torch.manual_seed(0)
    return load_with_fresh_head(encoder, ("a", "b"))


def test_fewer_layers_cost_less_and_threads_are_left_as_they_were(
    model: Any, tokens: Tokens
) -> None:
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        whole, part = costs(model, tokens), costs(cut(model, 1), tokens)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)
    assert part["num_parameters"] < whole["num_parameters"]
    assert 0 < part["latency_ms"] < whole["latency_ms"]


def test_an_exam_measures_what_the_task_names(model: Any, tokens: Tokens) -> None:
    said, task = outputs(model, tokens), Task.TEXT_CLASSIFICATION
    labels = said.logits_VC.argmax(axis=1)
    found = Exam(task, tokens, labels, said)(model, Scale())
    assert set(found) == set(measured(task, 2))
    assert found["accuracy"] == found["agreement"] == 1.0
    assert found["cka"] == pytest.approx(1.0, abs=1e-4)
    assert "agreement" not in Exam(task, tokens, labels, None)(model, Scale())


def test_values_are_measured_on_the_scale_of_the_dataset(encoder: Path, tokens: Tokens) -> None:
    model, scale = load_with_fresh_head(encoder, ()), Scale(mean=100.0, deviation=10.0)
    labels = scale.raw(outputs(model, tokens).logits_VC)[:, 0] + 3.0
    found = Exam(Task.TEXT_REGRESSION, tokens, labels, None)(model, scale)
    assert found["rmse"] == pytest.approx(3.0, abs=1e-4)


def test_outputs_that_are_not_finite_are_a_divergence(model: Any, tokens: Tokens) -> None:
    torch.nn.init.constant_(model.classifier.bias, float("inf"))
    exam = Exam(Task.TEXT_CLASSIFICATION, tokens, np.zeros(4, dtype=np.int64), None)
    with pytest.raises(Diverged, match="no longer finite; lower the learning rate"):
        exam(model, Scale())
