"""A model as an ONNX graph: written by torch, run by ONNX Runtime on one thread."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autodistill.errors import InvalidModel, Problem
from autodistill.lazy import torch
from autodistill.models.inputs import Batch, Inputs
from autodistill.models.outputs import of_like_length

TOLERANCE = 1e-4
"""Largest difference from torch, as a share of the largest output where that is above 1."""
NAMES = ("batch", "length")


def write_graph(model: Any, tokens: Inputs, path: Path) -> None:
    """Write a model as a graph of any batch size, and of any length where it reads texts.

    Args:
        model: An encoder with a head.
        tokens: Two examples at least; the longest are traced.
        path: Where the file goes.
    """
    inputs = tokens.batch(np.argsort(tokens.lengths)[-2:]).inputs(model)
    named = [torch.export.Dim(name) for name in NAMES]
    shapes = {
        name: dict(enumerate(named[: 2 if value.ndim == 2 else 1]))  # images have one size
        for name, value in inputs.items()
    }
    with _silence():
        graph = torch.onnx.export(
            model.eval(),
            kwargs=inputs,
            output_names=["logits"],
            dynamic_shapes=shapes,
            dynamo=True,
            verbose=False,
        )
        assert graph is not None
        graph.save(path)


def quantize(graph: Path, path: Path) -> None:
    """Write a graph with its weights in int8; what they are multiplied with follows as it comes."""
    from onnxruntime.quantization import QuantType, quantize_dynamic  # noqa: PLC0415  # an extra

    with _silence():
        quantize_dynamic(graph, path, weight_type=QuantType.QInt8)


class Graph:
    """A graph, ready to run.

    Args:
        path: Its file.
        model: What it was written from; tells how batches are given.
    """

    def __init__(self, path: Path, model: Any) -> None:
        import onnxruntime  # noqa: PLC0415  # an extra

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            path, options, providers=["CPUExecutionProvider"]
        )
        self._model = model

    def __call__(self, batch: Batch) -> NDArray[np.float32]:
        """Return what it says of the rows of a batch, (V, C)."""
        inputs = batch.inputs(self._model)
        (logits,) = self._session.run(None, {k: v.cpu().numpy() for k, v in inputs.items()})
        said_VC: NDArray[np.float32] = logits
        return said_VC if batch.scored_BT is None else said_VC[batch.scored_BT.cpu().numpy()]

    def logits(self, tokens: Inputs) -> NDArray[np.float32]:
        """Return what it says of every row."""
        logits_VC = np.empty((int(tokens.row_offsets[-1]), self._model.config.num_labels), "f4")
        for positions_B in of_like_length(tokens.lengths, np.arange(len(tokens))):
            batch = tokens.batch(positions_B)
            logits_VC[batch.rows_V] = self(batch)
        return logits_VC


def difference(mine_VC: NDArray[np.float32], torchs_VC: NDArray[np.float32]) -> float:
    """Return the largest difference of a graph's outputs from torch's, as `TOLERANCE` counts it.

    Raises:
        InvalidModel: When it is beyond that.
    """
    found = float(np.abs(mine_VC - torchs_VC).max() / max(1.0, np.abs(torchs_VC).max()))
    if not found <= TOLERANCE:
        message = f"The graph's outputs must be within {TOLERANCE:g} of torch's; got {found:.2g}."
        raise InvalidModel(Problem(field="model", message=message))
    return found


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Silence hints of exporter and quantizer to their developers."""
    disabled = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)
