"""The best of 20 trials on two cores: the whole service, and Hugging Face's Trainer with Optuna.

Both search KD weight, temperature, weight of the hidden states and learning rate of the same
objective on the same texts, teacher, student and number of epochs, two trials at a time, and may
stop trials early. The service's time begins before it starts, on an empty folder; it computes in
bfloat16 as the Trainer does, which batches texts of like length.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import optuna

from autodistill.record import JobState, PreparedTask
from autodistill.spec import PipelineSpec
from benchmarks.engine.racing import environment, peers
from benchmarks.engine.searching import RANGES, STORAGE, STUDY, sampler
from benchmarks.engine.work import MAX_LENGTH, PIPELINE, STUDENT
from examples.datasets import write
from examples.running import service

DATASET = "rotten_tomatoes"
NUM_TRIALS, NUM_EPOCHS, AT_ONCE = 20, 3, 2


def best_of_all(task: PreparedTask, folder: Path) -> dict[str, Any]:
    """Let one after the other search; return seconds and best dev accuracy of both, and ratios."""
    ours, theirs = _by_service(task, folder), _by_optuna(task, folder)
    return {
        **{f"ours, {key}": x for key, x in ours.items()},
        **{f"peer, {key}": x for key, x in theirs.items()},
        "ours / peer, all trials": ours["s"] / theirs["s"],
        "ours / peer, until the best": ours["s to the best"] / theirs["s to the best"],
    }


def _by_service(task: PreparedTask, folder: Path) -> dict[str, float]:
    own = folder / "service"
    shutil.rmtree(own, ignore_errors=True)
    own.mkdir()
    teacher = own / "teacher"
    shutil.copytree(task.teacher, teacher)
    texts = write(DATASET, folder)
    began = time.time()
    with service(own) as client:
        dataset = client.upload_dataset(texts, name=DATASET, split_column="split")
        model = client.register_model(
            "teacher", {"kind": "directory", "path": str(teacher.absolute())}
        )
        kinds = {slot: given.kind for slot, given in PipelineSpec(**PIPELINE) if slot != "training"}
        ranges = {name: {"type": "uniform", **asked} for name, asked in RANGES.items()}
        fixed = {"training.num_epochs": NUM_EPOCHS, "training.warmup_fraction": 0.0}
        job = client.submit(
            {
                "dataset": dataset.id,
                "teacher": {"model": model.id, "preparation": {"kind": "as_is"}},
                "students": [STUDENT.model_dump()],
                "space": kinds | ranges | fixed,
                "budget": {"num_trials": NUM_TRIALS},
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
        trials = [t for t in client.trials(job.id) if "accuracy" in t.dev]
    best = max(trials, key=lambda t: (t.dev["accuracy"], -t.number))
    assert best.finished_at is not None
    return {
        "s": took,
        "s to the best": best.finished_at.timestamp() - began,
        "best": best.dev["accuracy"],
        "trials": len(trials),
    }


def _by_optuna(task: PreparedTask, folder: Path) -> dict[str, float]:
    own = folder / "optuna"
    shutil.rmtree(own, ignore_errors=True)
    own.mkdir()
    (own / "task.json").write_text(task.model_dump_json())
    began = time.time()
    storage = STORAGE.format(folder=own)
    study = optuna.create_study(
        study_name=STUDY, storage=storage, direction="maximize", sampler=sampler(0)
    )
    numbers = [str(NUM_TRIALS), str(NUM_EPOCHS)]
    command = [str(peers()), "-m", "benchmarks.engine.searching", str(own), *numbers]
    with (own / "log").open("w") as log:
        workers = [
            subprocess.Popen([*command, str(seed)], stdout=log, stderr=log, env=environment())
            for seed in range(AT_ONCE)
        ]
        ended = [worker.wait() for worker in workers]
    if any(ended):
        raise RuntimeError(f"A worker of the peer ended with {ended}; see {own / 'log'}.")
    took = time.time() - began
    best = study.best_trial
    assert best.datetime_complete is not None
    return {
        "s": took,
        "s to the best": best.datetime_complete.timestamp() - began,
        "best": study.best_value,
        "trials": len(study.get_trials(states=[optuna.trial.TrialState.COMPLETE])),
    }
