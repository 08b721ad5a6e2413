"""A store with one very large job: real pipelines of the space, made-up scores that depend on them.

python -m benchmarks.large_store FOLDER [--trials 50000] [--points 20]
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from optuna.trial import FixedTrial
from sqlalchemy import Connection, insert

from autodistill.component import Choice, IntUniform, Space, Uniform, flatten, sample
from autodistill.effort import Budget
from autodistill.facts import task_facts
from autodistill.metrics import COSTS
from autodistill.record import Dataset, JobState, Model, Origin, TrialState
from autodistill.spec import (
    CutStudent,
    JobRequest,
    PipelineSpec,
    TeacherSpec,
    TrialSpec,
    plain_fine_tuning,
)
from autodistill.store import Store, tables
from autodistill.store.database import open_engine
from autodistill.task import Task

JOB = "job_large"
BLOCK = 1000
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
STUDENT = CutStudent(num_layers=3)
DATASET = Dataset(
    id="ds_0123456789abcdef",
    name="large",
    sha256="0" * 64,
    task=Task.TEXT_CLASSIFICATION,
    labels=("bad", "good"),
    has_pair=False,
    num_examples={"train": 20_000, "dev": 2_000, "test": 2_000},
    licence="",
    meta_features={"log_train": 9.9, "mean_words": 19.0},
    created_at=BEGAN,
)
MODEL = Model(
    id="md_0123456789abcdef",
    name="encoder",
    sha256="1" * 64,
    source={"kind": "directory", "path": "encoder"},
    path="/nowhere",
    architecture="bert",
    num_layers=6,
    hidden_size=384,
    num_heads=12,
    num_parameters=22_713_216,
    tokenizer_sha256="2" * 64,
    head="",
    labels=(),
    created_at=BEGAN,
)


def fill(folder: Path, *, trials: int, points: int, seed: int = 0) -> str:
    """Fill a database in `folder` and return its URL; one that is there already is kept."""
    url = f"sqlite:///{folder / 'autodistill.db'}"
    if (folder / "autodistill.db").exists():
        return url
    folder.mkdir(parents=True, exist_ok=True)
    store = Store(url)
    store.migrate()
    request = JobRequest(
        name="large",
        dataset=DATASET.id,
        teacher=TeacherSpec(model=MODEL.id),
        students=(STUDENT,),
        budget=Budget(num_trials=min(trials * 2, 100_000), max_epochs=points),
    )
    facts = task_facts(DATASET, MODEL, STUDENT, None)
    with store.write() as tx:
        tx.datasets.add(DATASET)
        tx.models.add(MODEL)
        spec = request.resolve([facts])
        tx.jobs.add(JOB, spec, facts={STUDENT.label: facts})
        claimed = tx.leases.claim("a worker", 1e9)
        assert claimed is not None
        tx.driving(JOB, claimed.owner_epoch).state(JobState.SEARCHING)
    store.close()
    engine = open_engine(url)
    rng = np.random.default_rng(seed)
    with engine.begin() as connection:
        for start in range(0, trials, BLOCK):
            numbers = range(start, min(start + BLOCK, trials))
            _insert(connection, list(_made(numbers, spec.space, points, rng)))
    engine.dispose()
    return url


def _made(
    numbers: range, space: Space, points: int, rng: np.random.Generator
) -> Iterator[dict[str, Any]]:
    for number in numbers:
        pipeline = plain_fine_tuning(PipelineSpec().training) if number == 0 else _drawn(space, rng)
        top = _quality(pipeline) + 0.004 * rng.standard_normal()
        state = rng.choice(
            [TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAILED], p=[0.6, 0.38, 0.02]
        )
        state = TrialState.COMPLETE if number == 0 else TrialState(str(state))
        curve = [_epoch(e, top, rng) for e in range(1, points + 1)]
        dev = {k[4:]: v for k, v in curve[-1].items() if k.startswith("dev/")}
        costs = {
            "latency_ms": 3.0 + 0.3 * rng.standard_normal() ** 2,
            "num_parameters": 17_389_824.0,
        }
        yield {
            "number": number,
            "pipeline": pipeline,
            "state": state,
            "curve": curve,
            "dev": dev | costs,
            "at": BEGAN + timedelta(seconds=30 * number),
        }


def _drawn(space: Space, rng: np.random.Generator) -> PipelineSpec:
    values = {name: _value(drawn, rng) for name, drawn in space.items()}
    return sample(PipelineSpec, space, FixedTrial(values))


def _value(drawn: Uniform | IntUniform | Choice, rng: np.random.Generator) -> Any:
    if isinstance(drawn, Choice):
        return drawn.options[int(rng.integers(len(drawn.options)))]
    if isinstance(drawn, IntUniform):
        return int(rng.integers(drawn.low, drawn.high + 1))
    if drawn.log:
        return float(math.exp(rng.uniform(math.log(drawn.low), math.log(drawn.high))))
    return float(rng.uniform(drawn.low, drawn.high))


def _quality(pipeline: PipelineSpec) -> float:
    """Return a score that depends on the pipeline: a bump in the learning rate, and kinds."""
    flat = flatten(pipeline)
    rate = math.log10(float(flat["training.learning_rate"])) + 3.7
    kinds = sum(len(str(v)) % 5 for v in flat.values() if isinstance(v, str))
    return 0.80 + 0.004 * kinds - 0.05 * rate**2 + 0.02 * pipeline.distils


def _epoch(epoch: int, top: float, rng: np.random.Generator) -> dict[str, float]:
    left = 0.7**epoch
    return {
        "loss/total": 1.2 * left + 0.1,
        "loss/hard": 0.7 * left,
        "loss/soft": 0.5 * left,
        "loss/intermediate": 0.1 * left,
        "dev/accuracy": top - 0.3 * left + 0.003 * rng.standard_normal(),
        "dev/macro_f1": top - 0.31 * left,
        "dev/nll": 0.4 + left,
        "dev/ece": 0.05,
        "dev/agreement": top - 0.28 * left,
        "learning_rate": 1e-4 / epoch,
        "seconds": 4.0,
        "examples_per_s": 5000.0,
    }


def _insert(connection: Connection, made: list[dict[str, Any]]) -> None:
    each = 3 + len(made[0]["curve"])
    seq = 3 + each * made[0]["number"]
    trials, measurements, events = [], [], []
    for row in made:
        number, pipeline, at = row["number"], row["pipeline"], row["at"]
        ended = at + timedelta(seconds=25)
        trials.append(
            {
                "job_id": JOB,
                "number": number,
                "spec": TrialSpec(pipeline=pipeline, student=STUDENT.label, seed=number),
                "distils": pipeline.distils,
                "origin": Origin.SAMPLER if number else Origin.BASELINE,
                "state": row["state"],
                "reason": "Out of memory." if row["state"] is TrialState.FAILED else "drawn",
                "finish_order": number + 1,
                "num_attempts": 1,
                "dev": row["dev"],
                "test": {k: v - 0.004 for k, v in row["dev"].items() if k not in COSTS},
                "score": row["dev"]["accuracy"],
                "seconds": 25.0,
                "created_at": at,
                "finished_at": ended,
            }
        )
        told: list[tuple[str, dict[str, Any], datetime]] = [
            ("trial.queued", {"number": number}, at),
            ("trial.running", {"number": number, "attempt": 1}, at),
        ]
        for epoch, values in enumerate(row["curve"], start=1):
            measurements.append({"job_id": JOB, "number": number, "epoch": epoch, "values": values})
            told.append(("measurement", {"number": number, "epoch": epoch, "values": values}, at))
        told.append((f"trial.{row['state']}", {"number": number, "dev": row["dev"]}, ended))
        for kind, data, when in told:
            entry = {"job_id": JOB, "seq": seq, "kind": kind, "data": data, "created_at": when}
            events.append(entry)
            seq += 1
    for table, rows in ((tables.trial, trials), (tables.measurement, measurements)):
        connection.execute(insert(table), rows)
    connection.execute(insert(tables.event), events)


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("folder", type=Path)
    asked.add_argument("--trials", type=int, default=50_000)
    asked.add_argument("--points", type=int, default=20)
    given = asked.parse_args()
    print(json.dumps({"url": fill(given.folder, trials=given.trials, points=given.points)}))
