"""What a search is expected to gain by as many trials again, against what random ones did bring.

python -m benchmarks.search.continuing --table FILE.npz: means over 200 draws of 10, 20 and 50
configurations, as a ratio for each task of the table.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np

from autodistill.search import expected_gain
from autodistill.spec import Objective, PipelineSpec
from autodistill.testing.records import trial_of
from benchmarks.search.tables import read

NUMBERS, DRAWS = (10, 20, 50), 200
SCORE = Objective(metric="accuracy")


def main(path: Path) -> None:
    """Measure and print."""
    table, rng = read(path), np.random.default_rng(0)
    pipeline = PipelineSpec()
    told: dict[str, list[float]] = {}
    for number in (n for n in NUMBERS if 2 * n <= len(table.configs)):
        ratios = []
        for scores in table.final:
            expected, brought = [], []
            for _ in range(DRAWS):
                drawn = rng.choice(scores, 2 * number, replace=False)
                rows = [trial_of(i, pipeline, dev={"accuracy": x}) for i, x in enumerate(drawn)]
                expected.append(expected_gain(rows[:number], SCORE))
                brought.append(drawn.max() - drawn[:number].max())
            ratios.append(float(np.mean(expected) / np.mean(brought)))
        print(f"{number} trials, expected / brought: {np.round(sorted(ratios), 2)}")
        told[str(number)] = ratios
    print(json.dumps({"benchmark": "continuing", "table": path.stem, **told}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--table", type=Path, required=True)
    given = parser.parse_args()
    if not given.table.exists():
        sys.exit(f"{given.table} is absent; see benchmarks/search/tables.py for how to get one.")
    main(given.table)
