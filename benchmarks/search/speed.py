"""How long a suggestion takes in the whole space of a real job.

python -m benchmarks.search.speed [--trials 100 250 1000 5000] [--repeats 20]

Prints the median and the 95th percentile of CPU seconds for one suggestion beside one that runs,
where so many trials have finished and eight past tasks of 100 trials are known. Scores are played.
"""

from __future__ import annotations

import argparse
import json
import time

import numpy as np

from autodistill.component import Choice, conditions
from autodistill.effort import Budget
from autodistill.record import Trial
from autodistill.search import Past, Searcher
from autodistill.search.encoding import Encoding
from autodistill.search.projection import built
from autodistill.spec import CutStudent, JobRequest, JobSpec, PipelineSpec, TeacherSpec
from autodistill.testing.records import facts_of, trial_of

STUDENT = "cut-2"
PAST_TASKS, PAST_TRIALS = 8, 100


def job() -> JobSpec:
    """Return a job on the whole space of text classification."""
    request = JobRequest(
        dataset="d",
        teacher=TeacherSpec(model="t"),
        students=(CutStudent(num_layers=2),),
        budget=Budget(num_trials=100_000),
    )
    return request.resolve([facts_of()])


def score(pipeline: PipelineSpec, rng: np.random.Generator) -> float:
    """Return a score that depends on some settings, with noise."""
    rate = np.log10(pipeline.training.learning_rate) + 4
    return float(0.8 - 0.1 * rate**2 + 0.05 * pipeline.loss.kd_weight + 0.01 * rng.normal())


def main(counts: list[int], repeats: int) -> None:
    """Measure and print."""
    spec, rng = job(), np.random.default_rng(0)
    encoding = Encoding({**spec.space, "student": Choice((STUDENT,))}, conditions(PipelineSpec))
    facts = {STUDENT: facts_of()}

    def pipelines(count: int) -> list[PipelineSpec]:
        found: list[PipelineSpec] = []
        while len(found) < count:
            for row in encoding.draw(rng, count):
                pipeline = built(encoding.decode(row), spec.space)
                if not pipeline.problems(facts[STUDENT]):
                    found.append(pipeline)
        return found[:count]

    past = []
    for _ in range(PAST_TASKS):
        settings = [encoding.decode(row) for row in encoding.draw(rng, PAST_TRIALS)]
        values = [[score(built(s, spec.space), rng)] for s in settings]
        past.append(Past(tuple(settings), np.array(values)))
    rows: list[Trial] = [
        trial_of(n, p, dev={"accuracy": score(p, rng)})
        for n, p in enumerate(pipelines(max(counts) + 1))
    ]
    told: dict[str, object] = {"benchmark": "search.speed"}
    for count in counts:
        searcher = Searcher(spec, facts, past)
        start = time.process_time()
        searcher.suggest(count + 1, rows[:count], rows[count : count + 1])
        first, seconds = time.process_time() - start, []
        for repeat in range(repeats):
            start = time.process_time()
            searcher.suggest(count + 1 + repeat, rows[:count], rows[count : count + 1])
            seconds.append(time.process_time() - start)
        half, most = np.quantile(seconds, [0.5, 0.95])
        print(f"{count} trials: median {half:.3f}, p95 {most:.3f}, first {first:.2f} CPU-s")
        told[str(count)] = {"median": float(half), "p95": float(most), "first": first}
    print(json.dumps(told))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, nargs="+", default=[100, 250, 1000, 5000])
    parser.add_argument("--repeats", type=int, default=20)
    asked = parser.parse_args()
    main(asked.trials, asked.repeats)
