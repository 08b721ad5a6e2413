"""Whether what is foretold of exchanging one component agrees with what was measured.

python -m benchmarks.exchanges [--history FILE.parquet]: by default on the history that comes with
the package. Two pipelines of a task that differ in one component are an exchange. Its gain is
foretold from the tasks of other groups, as the paths of recommendations do, and is clear where the
two scores on dev differ by more than the noise of a finite dev set (95 %, binomial). Prints a line
for each component and one JSON line.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np

from autodistill.history import PastTask, Standing, chronicle
from autodistill.recommend.surrogate import Experience, experience
from autodistill.recommend.witnesses import panel_of
from autodistill.spec import PipelineSpec

COUNTED = ("accuracy",)
"""Metrics that are shares of the examples of dev."""
Z = 1.96


def exchanges(known: Experience) -> Iterator[tuple[str, PipelineSpec, PipelineSpec, float]]:
    """Yield each exchange of a task: slot, pipelines before and after, and gain in noise units."""
    num_dev = known.past.dataset.num_examples["dev"]
    for before, after in combinations(known.measured, 2):
        differ = [s for s in PipelineSpec.model_fields if getattr(before, s) != getattr(after, s)]
        if len(differ) != 1 or differ[0] == "training":
            continue
        scores = [known.middle + known.measured[p] * known.span for p in (before, after)]
        noise = math.sqrt(sum(max(p * (1 - p), 0.0) for p in scores) / num_dev)
        yield differ[0], before, after, (scores[1] - scores[0]) / max(noise, 1e-9)


def main(history: Sequence[PastTask]) -> int:
    """Measure and print; the exit code is 1 where the bar is missed."""
    agreed: dict[str, list[bool]] = defaultdict(list)
    of_group: dict[str, list[bool]] = defaultdict(list)
    for past in history:
        if past.metric not in COUNTED or (known := experience(past)) is None:
            continue
        others = [p for p in history if p.group != past.group]
        panel = panel_of(past.dataset, past.facts, others)
        if not panel.witnesses:
            continue
        pipelines = list(known.measured)
        expected = panel.view(pipelines).promised
        worth = dict(zip(pipelines, expected, strict=True))
        for slot, before, after, gain in exchanges(known):
            if abs(gain) > Z:
                same = bool((worth[after] - worth[before]) * gain > 0)
                agreed[slot].append(same)
                of_group[past.group].append(same)
    for slot, cases in sorted(agreed.items()):
        print(f"{slot:14} {np.mean(cases):.2f} of {len(cases)} clear exchanges")
    cases = [same for found in agreed.values() for same in found]
    agreement = float(np.mean(cases)) if cases else None
    means = np.array([np.mean(found) for found in of_group.values()])
    answer = {
        "benchmark": "exchanges",
        "groups": len(means),
        "clear": len(cases),
        "agreement": agreement,
        "mean_of_groups": float(means.mean()) if len(means) else None,
        "met": agreement is not None and agreement >= 0.75,
    }
    print(json.dumps(answer))
    return 0 if answer["met"] else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--history", type=Path, default=chronicle.SHIPPED)
    given = parser.parse_args()
    if not given.history.exists():
        sys.exit(f"There is no history {given.history}; benchmarks.prior makes one.")
    sys.exit(main(chronicle.read(given.history, Standing.SHIPPED)))
