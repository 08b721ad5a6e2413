from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch

from autodistill.data.table import read_split
from autodistill.errors import InvalidModel
from autodistill.models.encoders import load_reader, load_with_fresh_head
from autodistill.models.inputs import Inputs, taken
from autodistill.models.onnx import TOLERANCE, Graph, difference, quantize, write_graph
from autodistill.models.outputs import outputs
from autodistill.models.pixels import Pixels
from autodistill.task import Task
from autodistill.testing.tiny import tiny_dataset, tiny_encoder, tiny_vit

WRITERS: dict[Task, Callable[[Path], Path]] = {
    Task.TEXT_PAIR_CLASSIFICATION: tiny_encoder,
    Task.TOKEN_CLASSIFICATION: tiny_encoder,
    Task.IMAGE_CLASSIFICATION: tiny_vit,
}


@pytest.fixture(scope="module", params=WRITERS)
def written(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Any, Inputs, Path]:
    """A model, inputs of many lengths, and the model's graph."""
    task, folder = request.param, tmp_path_factory.mktemp("graph")
    record, path = tiny_dataset(folder, task, num_held_out=90)
    encoder = WRITERS[task](folder / "encoder")
    torch.manual_seed(0)
    model = load_with_fresh_head(encoder, record.labels, task).eval()
    inputs = taken(load_reader(encoder), read_split(path, "dev"), 64)
    write_graph(model, inputs, folder / "model.onnx")
    return model, inputs, folder / "model.onnx"


def test_a_graph_says_what_torch_says_in_batches_of_any_size_and_length(written: Any) -> None:
    model, inputs, path = written
    graph, torchs_VC = Graph(path, model), outputs(model, inputs).logits_VC
    assert difference(graph.logits(inputs), torchs_VC) < TOLERANCE
    for i in range(0, len(inputs), 9):  # one at a time, of whatever length
        batch = inputs.batch(np.array([i]))
        np.testing.assert_allclose(graph(batch), torchs_VC[batch.rows_V], atol=TOLERANCE)
    dynamic = onnxruntime.InferenceSession(path).get_inputs()[0].shape[:2]
    assert dynamic[0] == "batch"
    assert dynamic[1] == (3 if isinstance(inputs, Pixels) else "length")


def test_a_quantized_graph_is_smaller_and_says_about_the_same(written: Any) -> None:
    model, inputs, path = written
    small = path.with_name("small.onnx")
    quantize(path, small)
    exact, rough = (Graph(p, model).logits(inputs) for p in (path, small))
    assert small.stat().st_size < path.stat().st_size
    assert 0 < np.abs(rough - exact).max() < 0.3 * np.abs(exact).max()


def test_a_graph_that_says_something_else_is_refused() -> None:
    said_VC = np.array([[100.0, 0.0]], dtype=np.float32)
    assert difference(said_VC + 0.005, said_VC) == pytest.approx(5e-5, rel=0.1)
    with pytest.raises(InvalidModel, match=r"within 0\.0001 of torch's; got 0\.0002"):
        difference(said_VC + 0.02, said_VC)
    with pytest.raises(InvalidModel, match="got nan"):
        difference(np.full_like(said_VC, np.nan), said_VC)
