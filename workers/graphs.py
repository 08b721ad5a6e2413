"""The exported student as ONNX graphs, in float32 and in int8, each with its scores and latency."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import numpy as np

from autodistill.data.table import read_split
from autodistill.models.costs import latency_ms
from autodistill.models.encoders import load
from autodistill.models.evaluation import Exam
from autodistill.models.inputs import Inputs, read_inputs
from autodistill.models.onnx import Graph, difference, quantize, write_graph
from autodistill.models.outputs import Outputs, outputs
from autodistill.record import Graphs, PreparedTask

FLOAT32, INT8 = "model.onnx", "model_int8.onnx"
WEIGHTS = "model.safetensors"
NOTHING = np.zeros((0, 0), dtype=np.float16)


def graphs(task: PreparedTask, label: str, student: Path, folder: Path) -> Graphs | str:
    """Write the graphs of a student beside its tokenizer, or say why there are none.

    Args:
        task: What it was trained on.
        label: Of the student.
        student: Its folder in Hugging Face layout.
        folder: Where everything goes but its weights.
    """
    try:
        return _graphs(task, label, student, folder)
    except Exception as error:  # an exporter has many ways to fail, and the job has its student
        logging.warning("The student was not exported as ONNX.", exc_info=True)
        said = str(error).strip().partition("\n")[0]
        return f"{type(error).__name__}: {said}"


def _graphs(task: PreparedTask, label: str, student: Path, folder: Path) -> Graphs:
    model = load(student)
    splits = {x: read_inputs(task.student_tokens[label], x) for x in ("dev", "test")}
    shutil.copytree(student, folder, ignore=shutil.ignore_patterns(WEIGHTS), dirs_exist_ok=True)
    write_graph(model, splits["dev"], folder / FLOAT32)
    quantize(folder / FLOAT32, folder / INT8)
    exact, small = (Graph(folder / name, model) for name in (FLOAT32, INT8))
    apart = difference(exact.logits(splits["dev"]), outputs(model, splits["dev"]).logits_VC)
    return Graphs(
        artifact="",
        float32=_measured(task, splits, exact, folder / FLOAT32),
        int8=_measured(task, splits, small, folder / INT8),
        difference=apart,
    )


def _measured(
    task: PreparedTask, splits: dict[str, Inputs], graph: Graph, path: Path
) -> dict[str, float]:
    found = {
        "latency_ms": latency_ms(graph, splits["dev"]),
        "mib": path.stat().st_size / 2**20,
    }
    for name, tokens in splits.items():
        labels_V = tokens.labels(read_split(task.dataset, name))
        exam = Exam(task.task, tokens, labels_V, None, tokens.tagging(task.labels))
        said = Outputs(graph.logits(tokens), NOTHING, {})
        found |= {f"{name}/{metric}": value for metric, value in exam.measure(said).items()}
    return found
