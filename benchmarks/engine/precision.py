"""Whether bfloat16 products lose anything: the same trials in both, on three data sets.

python -m benchmarks.engine.precision FOLDER [SEED ...]: prints one JSON line. With seeds it trains
these one after the other; without it runs itself twice, half of the seeds each, and compares.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy import stats

from autodistill.record import PreparedTask
from autodistill.trial import TrialRun
from benchmarks.engine.racing import environment
from benchmarks.engine.work import prepared, trial

DATASETS = ("trec", "rotten_tomatoes", "languages")
PRECISIONS = ("float32", "bfloat16")
NUM_TEXTS, NUM_EPOCHS, LEARNING_RATE = 1024, 4, 2e-4
SEEDS = 6
CONFIDENCE = 0.95


def main(folder: Path) -> dict[str, Any]:
    """Prepare, train, and return how the scores on dev differ, seed by seed."""
    for name in DATASETS:
        task = prepared(folder, NUM_TEXTS, name)
        (folder / f"{name}.json").write_text(task.model_dump_json())
    command = [sys.executable, "-m", "benchmarks.engine.precision", str(folder)]
    halves = [range(0, SEEDS, 2), range(1, SEEDS, 2)]
    running = [
        subprocess.Popen(
            [*command, *map(str, seeds)], stdout=subprocess.PIPE, text=True, env=environment()
        )
        for seeds in halves
    ]
    said = [process.communicate()[0] for process in running]
    if any(process.returncode for process in running):
        raise RuntimeError("A half of the seeds was not trained.")
    told = [json.loads(x.rpartition("@")[2]) for x in said]
    found: dict[str, Any] = {}
    for name in DATASETS:
        scores = {p: np.array([x for half in told for x in half[name][p]]) for p in PRECISIONS}
        gain = scores["bfloat16"] - scores["float32"]
        half = stats.t.ppf((1 + CONFIDENCE) / 2, SEEDS - 1) * gain.std(ddof=1) / SEEDS**0.5
        found[f"{name}, float32"] = float(scores["float32"].mean())
        found[f"{name}, bfloat16 - float32"] = float(gain.mean())
        found[f"{name}, 95 % half-width"] = float(half)
    return found


def train(folder: Path, seeds: list[int]) -> dict[str, dict[str, list[float]]]:
    """Return dev accuracy of each data set's trials, by precision."""
    torch.set_num_threads(1)
    found: dict[str, dict[str, list[float]]] = {}
    for name in DATASETS:
        task = PreparedTask.model_validate_json((folder / f"{name}.json").read_text())
        found[name] = {precision: [] for precision in PRECISIONS}
        spec = trial(num_epochs=NUM_EPOCHS, learning_rate=LEARNING_RATE, warmup_fraction=0.1)
        for seed in seeds:
            for precision in PRECISIONS:
                with tempfile.TemporaryDirectory() as scratch:
                    asked = spec.model_copy(update={"seed": seed, "precision": precision})
                    run = TrialRun(task, asked, Path(scratch))
                    for _ in run:
                        pass
                    reached = run.finish().dev["accuracy"]
                found[name][precision].append(reached)
                print(f"{name}, seed {seed}, {precision}: {reached:.4f}", file=sys.stderr)
    return found


if __name__ == "__main__":
    place, *given = sys.argv[1:]
    said = train(Path(place), [int(x) for x in given]) if given else main(Path(place))
    print("@" + json.dumps(said))
