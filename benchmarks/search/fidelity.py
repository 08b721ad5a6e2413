"""Whether a share of the data tells more of a pipeline than the same share of its epochs.

python -m benchmarks.search.fidelity [--history FILE] [--only trec,ha_intents]:
the pipelines of tasks whose whole curves are known are trained once more by the service, on a
quarter of the examples for as many epochs. Both that and the first quarter of the curve, rounded up
to whole epochs, foretell by dev what the whole run scores on test, whose noise neither shares; the
curve has the run's own seed. Prints for each task Spearman's correlation of both with it, and the
share of the gap from the median to the best that the best of the five which each puts first leave
open.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from autodistill.client import Client
from autodistill.history import PastTask, Standing, chronicle
from autodistill.record import JobState, Trial
from autodistill.selections.none import NoSelection
from autodistill.selections.random import RandomSelection
from benchmarks import prior
from examples.running import service

SHARE, FIRST = 0.25, 5
MOST = 100
Floats = NDArray[np.float64]


def short(past: PastTask, folder: Path) -> dict[str, float]:
    """Return what each pipeline of a task scores by a share of its examples, by its JSON."""
    name, layers = past.dataset.name, past.facts.student_layers
    part = RandomSelection(keep_fraction=SHARE)
    whole = {t.spec.pipeline.model_copy(update={"selection": part}): t for t in _whole(past)}
    with service(folder) as client:
        teacher = client.register_model("minilm", prior.SOURCE)
        dataset = prior.uploaded(client, name, folder)
        asked: dict[str, Any] = prior.request(name, dataset, teacher, layers, len(whole))
        asked["start"] = [pipeline.model_dump(mode="json") for pipeline in whole]
        asked["budget"] = {"num_trials": len(whole) + 1, "max_epochs": prior.MOST_EPOCHS}
        tried = _finished(client, client.submit(asked).id)
    return {
        whole[t.spec.pipeline].spec.pipeline.model_dump_json(): t.dev[past.metric]
        for t in tried
        if t.spec.pipeline in whole and past.metric in t.dev
    }


def _finished(client: Client, job: str) -> list[Trial]:
    for _ in client.watch(job):
        pass
    if (state := client.job(job).state) is not JobState.SUCCEEDED:
        raise RuntimeError(f"The job is {state}.")
    return list(client.trials(job))


def _whole(past: PastTask) -> list[Trial]:
    """Return the trials that learnt from all examples, one for each pipeline."""
    kept = {
        t.spec.pipeline: t
        for t in past.trials
        if isinstance(t.spec.pipeline.selection, NoSelection) and t.curve and past.metric in t.test
    }
    return list(kept.values())[:MOST]


def told(past: PastTask, folder: Path) -> dict[str, float]:
    """Return how well both foretell the final scores."""
    by_data = short(past, folder)
    trials = [t for t in _whole(past) if t.spec.pipeline.model_dump_json() in by_data]
    final = np.array([t.test[past.metric] for t in trials])
    metric = f"dev/{past.metric}"
    by_epochs = [
        max(m.values[metric] for m in t.curve[: math.ceil(SHARE * len(t.curve))]) for t in trials
    ]
    of_data = [by_data[t.spec.pipeline.model_dump_json()] for t in trials]
    found: dict[str, float] = {"pipelines": len(trials)}
    for name, values in (("data", np.array(of_data)), ("epochs", np.array(by_epochs))):
        found[f"{name}, Spearman"] = float(stats.spearmanr(values, final).statistic)
        found[f"{name}, left open by the first {FIRST}"] = _left(values, final)
    return found


def _left(foretold: Floats, final: Floats) -> float:
    kept = np.argsort(-foretold, kind="stable")[:FIRST]
    best = final.max()
    return float((best - final[kept].max()) / (best - np.median(final)))


def main(history: Path, wanted: list[str]) -> None:
    """Measure and print."""
    found = {}
    for past in chronicle.read(history, Standing.SHIPPED):
        if past.dataset.name in wanted:
            with tempfile.TemporaryDirectory() as scratch:
                found[f"{past.dataset.name}, {past.student}"] = told(past, Path(scratch))
            print(past.dataset.name, found[f"{past.dataset.name}, {past.student}"], flush=True)
    print(json.dumps({"benchmark": "fidelity", **found}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--history", type=Path, default=chronicle.SHIPPED)
    parser.add_argument("--only", type=lambda said: said.split(","), default=["trec", "ha_intents"])
    given = parser.parse_args()
    if not given.history.exists():
        sys.exit(f"{given.history} is absent; benchmarks/prior.py collects it.")
    main(given.history, given.only)
