"""What the openings propose against default settings and random draws, at equal optimiser steps.

python -m benchmarks.openings [--folder openings] [--seeds 5] [--only trec]: MiniLM, fine-tuned on a
part of each real data set, teaches its own first layer. MAID's weight and temperature stand beside
the default ones and random ones, the loss that the mixture leaves beside the default one and random
ones; each seed has its own proposals, draws and trials. Scores are on dev at the end of training.
Prints tables and one JSON line, with paired differences from the default and 95 %
intervals (Student's t over seeds).
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy import stats

from autodistill.component import Choice, Uniform
from autodistill.data.ingest import DatasetRequest, ingest
from autodistill.data.table import read_split
from autodistill.facts import task_facts
from autodistill.losses import Loss
from autodistill.losses.softened_kl import SoftenedKL
from autodistill.metrics import METRICS
from autodistill.models.evaluation import Exam
from autodistill.models.inputs import read_inputs
from autodistill.models.inspection import inspect
from autodistill.models.sources import Packaged, locate
from autodistill.optimisation import Training
from autodistill.prepare import prepare
from autodistill.prepare._contest import Ground
from autodistill.prepare._openings import FINDERS
from autodistill.projection import default_training
from autodistill.record import Dataset, Model, PreparedTask
from autodistill.spec import (
    Budget,
    CutStudent,
    JobRequest,
    JobSpec,
    PipelineSpec,
    TeacherSpec,
    TrialSpec,
    plain_fine_tuning,
)
from autodistill.task import Task
from autodistill.teachers.fine_tuned import FineTuned
from autodistill.trial._learner import Learner
from benchmarks.prior import GROUNDS, cut

STUDENT = CutStudent(num_layers=1)
TEACHER = Training(learning_rate=2e-4, num_epochs=6, batch_size=16)
DATASETS = ("rotten_tomatoes", "trec", "ha_intents")
LEAST_STEPS = 150


def prepared(name: str, folder: Path) -> tuple[JobSpec, PreparedTask]:
    """Prepare a data set's job, or find what an earlier run prepared."""
    own = folder / name
    own.mkdir(parents=True, exist_ok=True)
    request = DatasetRequest(name=name, task=Task.TEXT_CLASSIFICATION, split_column="split")
    found = ingest(cut(name, GROUNDS[name], folder), request, own)
    kept = {k: v for k, v in vars(found).items() if k != "path"}
    named = {"name": name, "licence": "", "created_at": datetime.now(UTC)}
    dataset = Dataset(id=f"ds_{found.sha256[:16]}", **named, **kept)
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
    epochs = -(-LEAST_STEPS // -(-found.num_examples["train"] // Training().batch_size))
    job = JobRequest(
        dataset=dataset.id,
        teacher=TeacherSpec(model=teacher.id, preparation=FineTuned(training=TEACHER)),
        students=(STUDENT,),
        space={"training.learning_rate": 3e-4, "training.num_epochs": epochs},
        budget=Budget(max_epochs=epochs),
        max_length=GROUNDS[name].max_length,
    ).resolve([task_facts(dataset, teacher, STUDENT, None)])
    task = prepare(
        job,
        dataset,
        teacher,
        {STUDENT.label: None},
        dataset_path=found.path,
        root=folder,
        progress=lambda *_: None,
    )
    return job, task


def trained(task: PreparedTask, pipeline: PipelineSpec, seed: int) -> float:
    """Return the headline metric on dev at the end of a trial."""
    learner = Learner(task, TrialSpec(pipeline=pipeline, student=STUDENT.label, seed=seed))
    for epoch in range(pipeline.training.num_epochs):
        learner.epoch(epoch)
    tokens = read_inputs(task.student_tokens[STUDENT.label], "dev")
    exam = Exam(task.task, tokens, tokens.labels(read_split(task.dataset, "dev")), None)
    return exam(learner.student, learner.scale)[METRICS[task.task][0]]


def arms(
    job: JobSpec, task: PreparedTask, seed: int
) -> tuple[dict[str, PipelineSpec], dict[str, Any]]:
    """Return the pipelines that a seed compares, and what the openings say and cost."""
    ground, rng = Ground(task, STUDENT.label), np.random.default_rng([seed, 7])
    found, said = dict[str, Loss](), dict[str, Any]()
    for name, find in FINDERS.items():
        started = time.process_time()
        advised = find(ground, job.space, seed, lambda **_: None)
        assert advised is not None
        found[name] = advised.pipeline.loss
        said[name] = [advised.reason, round(time.process_time() - started, 1)]
    weights, temperatures = job.space["loss.weight"], job.space["loss.temperature"]
    kinds = job.space["loss"]
    assert isinstance(weights, Uniform)
    assert isinstance(temperatures, Uniform)
    assert isinstance(kinds, Choice)
    drawn = SoftenedKL(
        weight=rng.uniform(weights.low, weights.high),
        temperature=math.exp(rng.uniform(math.log(temperatures.low), math.log(temperatures.high))),
    )
    known = [PipelineSpec.model_validate({"loss": {"kind": kind}}).loss for kind in kinds.options]
    known = [loss for loss in known if loss.kd_weight > 0]
    losses = {
        "default": SoftenedKL(),
        **found,
        "random_settings": drawn,
        "random_kind": known[rng.integers(len(known))],
    }
    training = default_training(job.space)
    pipelines = {name: PipelineSpec(loss=loss, training=training) for name, loss in losses.items()}
    return pipelines | {"plain": plain_fine_tuning(training)}, said


def interval(differences: Sequence[float]) -> list[float]:
    """Return the mean with the ends of its 95 % interval."""
    values = np.array(differences)
    half = stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / math.sqrt(len(values))
    return [round(float(x), 4) for x in (values.mean(), values.mean() - half, values.mean() + half)]


def compared(
    scores: Mapping[str, Sequence[float]], pairs: Sequence[tuple[str, str]]
) -> dict[str, list[float]]:
    """Return the paired differences of some arms."""
    return {
        f"{one} - {other}": interval(np.subtract(scores[one], scores[other]).tolist())
        for one, other in pairs
    }


PAIRS = (
    ("maid", "default"),
    ("maid", "random_settings"),
    ("mixture", "default"),
    ("mixture", "random_kind"),
    ("plain", "default"),
)


def main(names: Sequence[str], folder: Path, seeds: int) -> None:
    """Compare on each data set, and on all of them together."""
    torch.set_num_threads(1)
    told: dict[str, Any] = {}
    pooled: dict[str, list[float]] = {}
    for name in names:
        started = time.process_time()
        job, task = prepared(name, folder)
        scores: dict[str, list[float]] = {}
        says: list[dict[str, Any]] = []
        for seed in range(seeds):
            pipelines, said = arms(job, task, seed)
            says.append(said)
            for arm, pipeline in pipelines.items():
                scores.setdefault(arm, []).append(trained(task, pipeline, seed))
            print(name, seed, said, {k: round(v[-1], 3) for k, v in scores.items()}, flush=True)
        for arm, values in scores.items():
            pooled.setdefault(arm, []).extend(values)
        told[name] = {
            "teacher": round(task.teacher_scores[f"dev/{METRICS[task.task][0]}"], 4),
            "means": {arm: round(float(np.mean(values)), 4) for arm, values in scores.items()},
            **compared(scores, PAIRS),
            "scores": {arm: [round(x, 4) for x in values] for arm, values in scores.items()},
            "said": says,
            "cpu_s": round(time.process_time() - started),
        }
    facts = {"seeds": seeds, "all": compared(pooled, PAIRS), **told}
    print(json.dumps({"benchmark": "openings", **facts}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("openings"))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--only", type=lambda said: said.split(","), default=list(DATASETS))
    given = parser.parse_args()
    main(given.only, given.folder, given.seeds)
