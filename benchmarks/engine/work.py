"""The work that is timed: real texts, a fine-tuned MiniLM as teacher, its student of three layers.

0.7 KL (T = 4, times its square) + 0.3 CE + 0.1 sum of MSE, over the embeddings and three layers
"""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autodistill.data.ingest import DatasetRequest, ingest
from autodistill.facts import task_facts
from autodistill.mappings import LayerPair
from autodistill.models.fitting import batches
from autodistill.models.inputs import read_inputs
from autodistill.models.inspection import inspect
from autodistill.models.sources import Packaged, locate
from autodistill.optimisation import Training
from autodistill.prepare import prepare
from autodistill.record import Dataset, Model, PreparedTask
from autodistill.spec import CutStudent, JobRequest, PipelineSpec, TeacherSpec, TrialSpec
from autodistill.task import Task
from autodistill.teachers.fine_tuned import FineTuned
from examples.datasets import write

TEMPERATURE, SOFT, HIDDEN = 4.0, 0.7, 0.1
LAYERS: tuple[LayerPair, ...] = ((0, 0), (2, 1), (4, 2), (6, 3))
"""Teacher layer, student layer."""
LEARNING_RATE, BATCH, MAX_LENGTH = 5e-5, 32, 128
LONG = 1000
"""Epochs, more than are ever asked for: at the start of so many the learning rate stands still."""
DATASET = "sms_spam"
"""Of what is at hand the texts of 25 tokens in the mean and 128 at most."""
STUDENT = CutStudent(num_layers=3)
TEACHER = Training(num_epochs=2, learning_rate=5e-5)
PIPELINE: dict[str, Any] = {
    "loss": {"kind": "softened_kl", "weight": SOFT, "temperature": TEMPERATURE},
    "intermediate": {"kind": "mse", "weight": HIDDEN},
}


def prepared(folder: Path, num_texts: int, dataset: str = DATASET, **asked: Any) -> PreparedTask:
    """Prepare the job, or find what an earlier run prepared."""
    task = asked.pop("task", Task.TEXT_CLASSIFICATION)
    data, own = write(dataset, folder), folder / dataset
    own.mkdir(exist_ok=True)
    request = DatasetRequest(name=dataset, task=task, split_column="split", **asked)
    found = ingest(data, request, own)
    record = Dataset(
        id=f"ds_{found.sha256[:16]}",
        name=dataset,
        licence="",
        created_at=datetime.now(UTC),
        **{k: v for k, v in vars(found).items() if k != "path"},
    )
    path = locate(Packaged(), roots=[folder], hub=False)
    facts = inspect(path)
    teacher = Model(
        id=f"md_{facts.sha256[:16]}",
        name="minilm",
        source={"kind": "packaged"},
        path=str(path),
        created_at=datetime.now(UTC),
        **vars(facts),
    )
    job = JobRequest(
        dataset=record.id,
        teacher=TeacherSpec(model=teacher.id, preparation=FineTuned(training=TEACHER)),
        students=(STUDENT,),
        max_length=MAX_LENGTH,
        max_train_examples=num_texts,
    ).resolve([task_facts(record, teacher, STUDENT, None)])
    return prepare(
        job,
        record,
        teacher,
        {STUDENT.label: None},
        dataset_path=found.path,
        root=folder,
        progress=lambda kind, data: print(kind, data, flush=True),
    )


def trial(slots: dict[str, Any] | None = None, **training: Any) -> TrialSpec:
    """Return the trial that is timed, or one of another pipeline."""
    defaults = {"learning_rate": LEARNING_RATE, "num_epochs": LONG, "warmup_fraction": 0.0}
    adamw = Training(**defaults | training)
    pipeline = PipelineSpec(**(PIPELINE if slots is None else slots), training=adamw)
    return TrialSpec(pipeline=pipeline, student=STUDENT.label, seed=0)


def steps(task: PreparedTask) -> list[NDArray[np.int64]]:
    """Return which examples, by their number among those used, each step of a trial's epoch has."""
    tokens = read_inputs(task.tokens, "train")
    chosen = np.array(task.train_positions or range(len(tokens)))
    rng = np.random.default_rng([trial().seed, 3, 0])
    rng.integers(2**63)  # what the trial seeds torch with
    return batches(tokens.lengths[chosen], BATCH, rng)


def without_dropout(task: PreparedTask, folder: Path) -> PreparedTask:
    """Return the task with a student that draws no random numbers, so that losses compare."""
    own = folder / "student"
    shutil.copytree(task.students[STUDENT.label], own, dirs_exist_ok=True)
    config = json.loads((own / "config.json").read_text())
    config |= {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    (own / "config.json").write_text(json.dumps(config))
    return task.model_copy(update={"students": {STUDENT.label: own.absolute()}})


def lengths(task: PreparedTask) -> dict[str, float]:
    """Return what tells how long the texts are, in tokens."""
    tokens = read_inputs(task.tokens, "train")
    positions = task.train_positions or tuple(range(len(tokens)))
    lengths_N = tokens.lengths[np.array(positions)]
    return {
        "texts": len(positions),
        "mean": float(lengths_N.mean()),
        "p95": float(np.percentile(lengths_N, 95)),
        "max": float(lengths_N.max()),
    }
