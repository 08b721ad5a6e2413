"""The best of 20 trials on two cores: the whole service, and Hugging Face's Trainer with Optuna.

Both search KD weight, temperature, weight of the hidden states and learning rate of the same
objective on the same texts, teacher, student and number of epochs, two trials at a time, and may
stop trials early; what is stopped counts as a trial and is never the best. Both keep each student
of its best epoch, in float32 and without ONNX graphs. The service's time begins before it starts,
on an empty folder and without a history, and pays for plain fine-tuning as one trial more and for
each student's scores on test; it computes in bfloat16 as the Trainer does, which batches texts of
like length.
"""

from __future__ import annotations

import math
import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna

from autodistill.record import JobState, PreparedTask, TrialState
from autodistill.spec import PipelineSpec
from benchmarks.engine.racing import environment, peers
from benchmarks.engine.searching import RANGES, STORAGE, STUDY, sampler
from benchmarks.engine.work import MAX_LENGTH, PIPELINE, STUDENT
from examples.datasets import write
from examples.running import service

DATASET = "rotten_tomatoes"
NUM_TRIALS, NUM_EPOCHS, AT_ONCE = 20, 3, 2


@dataclass(frozen=True)
class Searched:
    """What a search took and found."""

    seconds: float
    finished: tuple[tuple[float, float], ...]
    """Of trials that ran to their end: after how many seconds, and accuracy on dev."""

    @property
    def best(self) -> float:
        """Accuracy of the best."""
        return max(score for _, score in self.finished)

    def told(self) -> dict[str, float]:
        """Return it as numbers."""
        first = min(s for s, score in self.finished if score == self.best)
        whole = float(len(self.finished))
        return {"s": self.seconds, "s to the best": first, "best": self.best, "whole": whole}


def best_of_all(task: PreparedTask, folder: Path) -> dict[str, Any]:
    """Let one after the other search; return seconds and best dev accuracy of both, and ratios."""
    ours, theirs = _by_service(task, folder), _by_optuna(task, folder)
    reached = [s for s, score in ours.finished if score >= theirs.best]
    return {
        **{f"ours, {key}": x for key, x in ours.told().items()},
        **{f"peer, {key}": x for key, x in theirs.told().items()},
        "ours / peer, all trials": ours.seconds / theirs.seconds,
        "ours, s to the peer's best": min(reached, default=math.inf),
    }


def _by_service(task: PreparedTask, folder: Path) -> Searched:
    own = folder / "service"
    shutil.rmtree(own, ignore_errors=True)
    own.mkdir()
    teacher = own / "teacher"
    shutil.copytree(task.teacher, teacher)
    texts = write(DATASET, folder)
    os.environ |= {"AUTODISTILL_SHIPPED_HISTORY": "false", "AUTODISTILL_ONNX": "false"}
    began = time.time()
    with service(own) as client:
        dataset = client.upload_dataset(texts, name=DATASET, split_column="split")
        model = client.register_model(
            "teacher", {"kind": "directory", "path": str(teacher.absolute())}
        )
        kinds = {slot: given.kind for slot, given in PipelineSpec(**PIPELINE) if slot != "training"}
        ranges = {name: {"type": "uniform", **asked} for name, asked in RANGES.items()}
        fixed = {
            "intermediate.mapping": "skip",
            "training.num_epochs": NUM_EPOCHS,
            "training.warmup_fraction": 0.0,
            "training.weight_decay": 0.01,
        }
        job = client.submit(
            {
                "dataset": dataset.id,
                "teacher": {"model": model.id, "preparation": {"kind": "as_is"}},
                "students": [STUDENT.model_dump()],
                "space": kinds | ranges | fixed,
                "budget": {"num_trials": 1 + NUM_TRIALS},
                "search": {"recommended": 0},
                "parallelism": AT_ONCE,
                "max_length": MAX_LENGTH,
                "max_train_examples": len(task.train_positions or ()) or None,
                "precision": "bfloat16",
                "confirmation_seeds": 0,
            }
        )
        for _ in client.watch(job.id):
            pass
        took = time.time() - began
        job = client.job(job.id)
        if job.state is not JobState.SUCCEEDED:
            raise RuntimeError(f"The job is {job.state}: {job.message}")
        whole = [
            t
            for t in client.trials(job.id)
            if t.state is TrialState.COMPLETE and t.spec.pipeline.distils
        ]
    finished = [(t.finished_at, t.dev["accuracy"]) for t in whole]
    return Searched(
        took, tuple((at.timestamp() - began, x) for at, x in finished if at is not None)
    )


def _by_optuna(task: PreparedTask, folder: Path) -> Searched:
    own = folder / "optuna"
    shutil.rmtree(own, ignore_errors=True)
    own.mkdir()
    (own / "task.json").write_text(task.model_dump_json())
    python = str(peers())
    began = time.time()
    storage = STORAGE.format(folder=own)
    study = optuna.create_study(
        study_name=STUDY, storage=storage, direction="maximize", sampler=sampler(0)
    )
    numbers = [str(NUM_TRIALS), str(NUM_EPOCHS)]
    command = [python, "-m", "benchmarks.engine.searching", str(own), *numbers]
    with (own / "log").open("w") as log:
        workers = [
            subprocess.Popen([*command, str(seed)], stdout=log, stderr=log, env=environment())
            for seed in range(AT_ONCE)
        ]
        ended = [worker.wait() for worker in workers]
    if any(ended):
        raise RuntimeError(f"A worker of the peer ended with {ended}; see {own / 'log'}.")
    took = time.time() - began
    found = [
        (trial.datetime_complete.timestamp() - began, trial.value)
        for trial in study.get_trials(states=[optuna.trial.TrialState.COMPLETE])
        if trial.datetime_complete is not None and trial.value is not None
    ]
    return Searched(took, tuple(found))
