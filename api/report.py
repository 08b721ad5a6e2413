"""A job's story as one HTML file that can be printed and sent to someone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from markupsafe import Markup

from api.figures import Level, Points, figure
from api.frames import Shelf
from api.insight import aim, facts, headline, why
from autodistill.explain import Frame
from autodistill.explain.story import brief, story, title
from autodistill.explain.telling import complete, leaders, rivals, searched, telling
from autodistill.explain.words import (
    limit,
    metric,
    metric_name,
    number,
    spread,
    student_name,
    words,
)
from autodistill.record import Dataset, Job, Model
from autodistill.spec import PipelineSpec
from autodistill.store import Transaction

MOST_POINTS = 600


def report(tx: Transaction, job: Job, shelf: Shelf) -> dict[str, Any]:
    """Return what the template of the report shows."""
    known, found, frame = facts(tx, job, shelf), why(tx, job, shelf), shelf.frame(tx, job)
    dataset, teacher = tx.datasets.get(job.spec.dataset), tx.models.get(job.spec.teacher.model)
    leader = None if known.best is None else known.best.spec.pipeline
    best = job.result.best.pipeline if job.result else leader
    name = headline(job)
    return {
        "job": job,
        "title": job.spec.name or job.id,
        "asked": _asked(job, dataset, teacher, known.names),
        "answers": story(known),
        "results": _results(job),
        "metric": metric_name(name),
        "history": _history(frame, job, known.teacher.get(f"dev/{name}"), known.plain),
        "front": _front(frame, name, known.teacher),
        "slots": [(words(slot), share) for slot, share in found.slots.items()],
        "path": _path(name, found.path),
        "pipeline": [] if best is None else _pipeline(best),
        "brief": "" if best is None else brief(best),
    }


def _asked(
    job: Job, dataset: Dataset, teacher: Model, names: Mapping[str, str]
) -> list[tuple[str, str]]:
    examples = ", ".join(f"{n:,} {split}" for split, n in dataset.num_examples.items())
    budget = job.spec.budget
    return [
        ("Dataset", f"{dataset.name}: {words(dataset.task)}, {examples}"),
        ("Teacher", f"{teacher.name}: {metric('num_parameters', teacher.num_parameters)}"),
        ("Students", ", ".join(student_name(s.label, names) for s in job.spec.students)),
        ("Objectives", ", ".join(metric_name(o.metric) for o in job.spec.objectives)),
        *([("Limits", ", ".join(map(limit, job.spec.limits)))] if job.spec.limits else []),
        ("Budget", f"{budget.num_trials:,} trials of at most {budget.max_epochs} epochs"),
        ("Confirmation", f"{job.spec.confirmation_seeds} fresh seeds"),
    ]


def _results(job: Job) -> list[tuple[str, str, str, str]]:
    """Return (who, score on test, size, latency) of student, plain student and teacher."""
    if (result := job.result) is None:
        return []
    name, student, teacher = result.metric, result.student, result.teacher
    rows = []
    for who, score, costs in (
        ("Best distilled student", result.best.test, student),
        ("The same student without a teacher", result.plain.test, student),
    ):
        rows.append((who, spread(name, score.mean, score.sd), *_costs(costs)))
    theirs = metric(name, teacher.get(f"test/{name}"))
    return [*rows, ("Teacher", theirs, *_costs(teacher))]


def _costs(of: dict[str, float]) -> tuple[str, str]:
    size, latency = metric("num_parameters", of.get("num_parameters")), of.get("latency_ms")
    return size, metric("latency_ms", latency)


def _history(frame: Frame, job: Job, teacher: float | None, plain: float | None) -> Markup:
    name = headline(job)
    order = np.argsort(frame.column("number"), kind="stable")
    scores, numbers = frame.numbers(f"dev/{name}"), frame.column("number")
    led = order[leaders(np.where(rivals(frame), aim(frame, job), np.nan)[order])]
    held = searched(frame) & np.isfinite(scores)
    shown = telling(frame, held, [led], MOST_POINTS)
    line = [(float(numbers[i]), float(scores[i])) for i in led]
    if line:
        line.append((float(numbers[shown].max()), line[-1][1]))
    dots = [(float(numbers[i]), float(scores[i])) for i in shown]
    return figure(
        [Points(dots, "dot"), Points(line, "best", step=True)],
        label=f"{metric_name(name)} on dev by trial, and the best so far",
        across="trial",
        up=f"{metric_name(name)} on dev",
        x_text=lambda v: f"{v:.0f}",
        y_text=lambda v: metric(name, v),
        levels=[
            Level(y, said)
            for y, said in ((teacher, "Teacher"), (plain, "Without a teacher"))
            if y is not None
        ],
    )


def _front(frame: Frame, name: str, teacher: Any) -> Markup:
    scores, latency = frame.numbers(f"dev/{name}"), frame.numbers("dev/latency_ms")
    held = complete(frame) & np.isfinite(scores) & np.isfinite(latency)
    shown = telling(frame, held, [], MOST_POINTS)
    dots = [(float(latency[i]), float(scores[i])) for i in shown]
    theirs = [(teacher["latency_ms"], teacher[f"dev/{name}"])] if _both(teacher, name) else []
    return figure(
        [Points(dots, "dot"), Points(theirs, "teacher")],
        label=f"{metric_name(name)} on dev against latency; the dark mark is the teacher",
        across="latency",
        up=f"{metric_name(name)} on dev",
        x_text=lambda v: metric("latency_ms", v),
        y_text=lambda v: metric(name, v),
    )


def _both(teacher: Any, name: str) -> bool:
    return "latency_ms" in teacher and f"dev/{name}" in teacher


def _path(name: str, steps: Any) -> list[tuple[str, str, str]]:
    rows = []
    for step in steps:
        if step.slot is None:
            what = "The default pipeline"
        else:
            slot = str(step.slot)
            component = getattr(PipelineSpec.model_validate({slot: step.component}), slot)
            what = words(slot).capitalize()
            if title(component) != what:  # training is no choice among kinds
                what = f"{what}: {title(component)}"
        rows.append((what, metric(name, step.expected), metric(name, step.sd)))
    return rows


def _pipeline(pipeline: PipelineSpec) -> list[tuple[str, str, str]]:
    """Return (slot, component, its settings)."""
    rows = []
    for slot in type(pipeline).model_fields:
        component = getattr(pipeline, slot)
        settings = component.model_dump(mode="json", exclude={"kind"})
        said = [f"{words(n)} {_setting(v)}" for n, v in settings.items()]
        rows.append((words(slot), title(component), ", ".join(said)))
    return rows


def _setting(value: Any) -> str:
    if isinstance(value, dict):
        return str(value.get("kind", value))
    return number(value) if isinstance(value, float) else str(value)
