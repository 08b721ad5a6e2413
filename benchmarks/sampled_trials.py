"""Sampled pipelines of the whole space, trained for an epoch on tiny data: no trial may break.

python -m benchmarks.sampled_trials [--each 200] [--from 0] [--examples 96] [TASK ...]: for every
task, that many proposals of random search. Prints what broke, and one JSON line for a task; exit
code 1 when a trial failed for another reason than divergence, or measured a number that is not
finite.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import torch

from autodistill.effort import Search
from autodistill.errors import Diverged
from autodistill.record import PreparedTask
from autodistill.search import Searcher
from autodistill.spec import JobRequest, TeacherSpec, TrialSpec
from autodistill.task import Task
from autodistill.testing.prepared import STUDENT, tiny_task
from autodistill.trial import TrialRun


def proposals(task: PreparedTask, first: int, number: int) -> Iterator[TrialSpec]:
    """Yield what random search proposes for such a job, each to be trained for two epochs."""
    request = JobRequest.model_validate(
        {
            "dataset": "d",
            "teacher": TeacherSpec(model="t"),
            "students": [STUDENT],
            "budget": {"num_trials": 100_000, "max_epochs": 2},
            "search": Search(sampler="random", recommended=0),
        }
    )
    facts = task.facts[STUDENT.label]
    searcher = Searcher(request.resolve([facts]), task.facts)
    for i in range(1 + first, 1 + first + number):
        if (proposal := searcher.suggest(i, [])) is not None:
            yield proposal.spec


def outcome(task: PreparedTask, spec: TrialSpec, folder: Path) -> str:
    """Train one and return what became of it: `complete`, `diverged`, or what broke."""
    try:
        run = TrialRun(task, spec, folder)
        measured = [m.values for m in run]
        found = run.finish()
    except Diverged:
        return "diverged"
    except Exception:
        return traceback.format_exc()
    for values in (*measured, found.dev, found.test):
        wrong = [name for name, value in values.items() if not math.isfinite(value)]
        if wrong:
            return f"not finite: {', '.join(wrong)}"
    return "complete"


def tried(name: Task, first: int, number: int, examples: int) -> bool:
    """Try a task's proposals, say what became of them, and return whether all went well."""
    ends: Counter[str] = Counter()
    started = time.process_time()
    with tempfile.TemporaryDirectory() as scratch:
        task = tiny_task(Path(scratch), name, max_train_examples=examples)
        for i, spec in enumerate(proposals(task, first, number)):
            end = outcome(task, spec, Path(scratch) / "trials" / str(i))
            if end not in ("complete", "diverged"):
                kinds = [f"{slot} {type(c).__name__}" for slot, c in spec.pipeline.components()]
                print(f"{name} {first + i}: {kinds}\n{spec.pipeline.model_dump_json()}\n{end}")
                end = "broken"
            ends[end] += 1
    seconds = round(time.process_time() - started)
    print(json.dumps({"benchmark": "sampled_trials", "task": name, **ends, "cpu_s": seconds}))
    return not ends["broken"]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", type=int, default=200)
    parser.add_argument("--from", dest="first", type=int, default=0)
    parser.add_argument("--examples", type=int, default=96)
    parser.add_argument("tasks", nargs="*", type=Task)
    given = parser.parse_args()
    torch.set_num_threads(1)
    well = [tried(name, given.first, given.each, given.examples) for name in given.tasks or Task]
    sys.exit(0 if all(well) else 1)
