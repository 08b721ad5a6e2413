"""A real job: 30 trials with early stopping against 60 of random search without it.

python -m benchmarks.search.real [--dataset trec] [--seeds 3]: both search the space of the shipped
history (`benchmarks.prior`: all but the dearest components, 8 to 16 epochs) on the same part of the
data set with one layer of MiniLM, each in a service of its own without a history. Prints the best
score on dev of a distilling trial that ran to its end, the share of the random search's seconds of
training that the other took, and the 95 % interval of the difference (Student's t).
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from autodistill.record import JobState, TrialState
from benchmarks import prior
from examples.running import service

WAYS: dict[str, dict[str, Any]] = {
    "ours": {"search": {"early_stopping": True}, "num_trials": 30},
    "random": {
        "search": {"sampler": "random", "early_stopping": False, "recommended": 0},
        "num_trials": 60,
    },
}


def searched(name: str, seed: int, way: dict[str, Any], folder: Path) -> tuple[float, float, int]:
    """Return the best score on dev, the seconds of all trials, and how many there were."""
    with service(folder) as client:
        teacher = client.register_model("minilm", prior.SOURCE)
        dataset = prior.uploaded(client, name, folder)
        asked = prior.request(name, dataset, teacher, 1, way["num_trials"])
        del asked["start"]
        asked |= {"search": way["search"], "seed": seed}
        asked["budget"] |= {"num_trials": way["num_trials"]}
        job = client.submit(asked)
        for _ in client.watch(job.id):
            pass
        job = client.job(job.id)
        if job.state is not JobState.SUCCEEDED:
            raise RuntimeError(f"{job.state}: {job.message}")
        result, trials = client.result(job.id), list(client.trials(job.id))
    assert result is not None
    rivals = [t for t in trials if t.state is TrialState.COMPLETE and t.spec.pipeline.distils]
    best = max(t.dev[result.metric] for t in rivals)
    return best, sum(t.seconds for t in trials), len(trials)


def main(name: str, seeds: int) -> None:
    """Search by both ways with each seed, and print."""
    os.environ["AUTODISTILL_SHIPPED_HISTORY"] = "false"
    best: dict[str, list[float]] = {way: [] for way in WAYS}
    took: dict[str, list[float]] = {way: [] for way in WAYS}
    for seed in range(seeds):
        for way, asked in WAYS.items():
            with tempfile.TemporaryDirectory() as scratch:
                score, seconds, number = searched(name, seed, asked, Path(scratch))
            best[way].append(score)
            took[way].append(seconds)
            print(f"seed {seed} {way:8}{number:4} trials{seconds:8.0f} s  {score:.4f}", flush=True)
    gain = np.subtract(best["ours"], best["random"])
    half = (
        float(stats.t.ppf(0.975, seeds - 1) * gain.std(ddof=1) / seeds**0.5)
        if seeds > 1
        else np.inf
    )
    share = sum(took["ours"]) / sum(took["random"])
    print(
        f"ours - random {gain.mean():+.4f} +- {half:.4f}, "
        f"in {share:.3f} of its time in training (bar .40)"
    )
    said = {"dataset": name, "best": best, "seconds": took, "share": share}
    print(json.dumps({"benchmark": "real search", **said}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", default="trec", choices=list(prior.GROUNDS))
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    main(given.dataset, given.seeds)
