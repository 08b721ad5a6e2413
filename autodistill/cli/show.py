"""What the command line prints. Nothing that comes from elsewhere is read as markup."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from autodistill.client import Client
from autodistill.errors import Problem
from autodistill.history import Exchange, Recommendation
from autodistill.record import Event, Job, JobResult, Trial
from autodistill.spec import PipelineSpec

WIDTH = None if sys.stdout.isatty() else 200
"""A table in a pipe or a file is not cut to the 80 columns of a terminal that is not there."""
out = Console(markup=False, emoji=False, highlight=False, soft_wrap=True, width=WIDTH)
err = Console(markup=False, emoji=False, highlight=False, soft_wrap=True, stderr=True)
NOISE = {True: "within noise", False: "beyond noise", None: "one seed cannot tell"}
ENDED = ("trial.complete", "trial.pruned", "trial.failed")


def complain(message: str) -> None:
    """Print what went wrong."""
    err.print(message, style="red")


def refuse(problem: Problem) -> None:
    """Print one place that breaks a law, and the values that are known."""
    known = f" Known: {', '.join(problem.known)}." if problem.known else ""
    err.print(Text.assemble((problem.field, "red"), f": {problem.message}{known}"))


def follow(client: Client, job: Job) -> None:
    """Print a job's events until it has ended; on a terminal with a bar below them."""
    objective = job.spec.objectives[0]
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    ended: set[int] = set()
    scores: list[float] = []
    with Progress(
        *columns, TimeElapsedColumn(), console=out, transient=True, disable=not out.is_terminal
    ) as bar:
        task = bar.add_task(job.state, total=job.spec.budget.num_trials)
        for event in client.watch(job.id):
            if line := describe(event, objective.metric):
                time = Text(f"{event.created_at.astimezone():%H:%M:%S} ", style="dim")
                out.print(time.append_text(line))
            if event.kind.startswith("job."):
                bar.update(task, description=event.kind[4:])
            elif event.kind in ENDED:
                ended.add(event.data["number"])
                scores += [s for n, s in event.data["dev"].items() if n == objective.metric]
                best = (max if objective.maximise else min)(scores, default=None)
                said = "searching" if best is None else f"best {objective.metric} {best:.4g}"
                bar.update(task, completed=len(ended), description=said)


def describe(event: Event, metric: str) -> Text | None:
    """Return an event as a line for people; None for one that says little."""
    data, (noun, _, verb) = event.data, event.kind.partition(".")
    title, said = f"{noun} {verb}", [str(data.get("message", ""))]
    if noun == "prepare":
        title = str(data.get("step", noun))
        said = [f"{k} {_short(v)}" for k, v in data.items() if k != "step"]
    elif noun == "measurement":
        title = f"trial {data['number']} epoch {data['epoch']}"
        said = [f"dev {metric} {_short(data['values'].get(f'dev/{metric}'))}"]
    elif noun == "trial" and verb != "queued":
        title = f"trial {data['number']} {verb}"
        score = data.get("dev", {}).get(metric)
        said = [] if score is None else [f"dev {metric} {_short(score)}"]
        said.append(str(data.get("reason", "")))
    elif noun != "job":
        return None
    rest = ", ".join(filter(None, said))
    return Text.assemble((title, "bold"), f": {rest}" if rest else "")


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def result_table(result: JobResult) -> Table:
    """Return a job's result as a table: teacher, plain student, distilled student."""
    test = f"test/{result.metric}"
    rows = Table("", f"test {result.metric}", "M parameters", "ms / example")
    costs = [
        (_told(m, "num_parameters", ".1f", 1e6), _told(m, "latency_ms", ".1f"))
        for m in (result.teacher, result.student)
    ]
    rows.add_row("teacher", _told(result.teacher, test, ".4f"), *costs[0])
    for name, score in (
        ("student, plain fine-tuning", result.plain.test),
        ("student, best distilled", result.best.test),
    ):
        spread = "" if score.sd is None else f" ± {score.sd:.4f}"
        rows.add_row(name, f"{score.mean:.4f}{spread} ({score.seeds} seeds)", *costs[1])
    alike = f"; {len(result.equals)} other trials as good as the winner" if result.equals else ""
    broken = f"; breaks the limit on {' and '.join(result.broken)}" if result.broken else ""
    rows.caption = f"gain {result.gain:+.4f}, {NOISE[result.within_noise]}{alike}{broken}"
    return rows


def _told(of: Mapping[str, float], name: str, form: str, unit: float = 1.0) -> str:
    """Return a number for people; of what is trained elsewhere not all is known."""
    return f"{of[name] / unit:{form}}" if name in of else "–"


def trial_row(trial: Trial, metric: str) -> tuple[str, ...]:
    """Return the cells of a trial in a listing."""
    pipeline, score = trial.spec.pipeline, trial.dev.get(metric)
    return (
        str(trial.number),
        trial.origin,
        trial.state,
        "" if score is None else f"{score:.4f}",
        pipeline.loss.kind,
        pipeline.intermediate.kind,
        f"{trial.epochs_done}/{pipeline.training.num_epochs}",
        f"{trial.seconds:.0f}",
    )


def show_advice(found: Recommendation) -> None:
    """Print ranked pipelines with their reasons, and what would change the answer."""
    out.print(found.message)
    for rank, advice in enumerate(found.advice, start=1):
        out.print(f"{rank}. {_kinds(advice.pipeline)}", style="bold")
        out.print(f"   {advice.reason}")
        if advice.tried is not None:
            out.print(f"   In a short trial on this dataset it reached {advice.tried:.4f} on dev.")
        if advice.expected is not None:
            foretold = (
                f"   Expected to close {advice.expected:.0%} of the gap from a median pipeline"
            )
            held = "" if advice.interval is None else "; {:.0%} to {:.0%} on past datasets"
            out.print(f"{foretold} to the best{held.format(*advice.interval or ())}.")
        for step in advice.path:
            out.print(f"   {_exchange(step)}", style="" if step.evident else "dim")
    if found.tryout is not None:
        out.print(f"{len(found.tryout['start'])} short trials would tell more: --try-out.")
    for other in found.otherwise:
        slots = ", ".join(
            f"{slot} {getattr(getattr(other.pipeline, slot), 'kind', 'settings')}"
            for slot in other.slots
        )
        out.print(f"{other.when[0].upper()}{other.when[1:]} another would be first: {slots}.")


def _kinds(pipeline: PipelineSpec) -> str:
    kinds = {slot: c.kind for slot, c in dict(pipeline).items() if slot != "training"}
    return ", ".join(f"{slot} {kind}" for slot, kind in kinds.items() if kind != "none")


def _exchange(step: Exchange) -> str:
    """Return a step from the default pipeline as a line."""
    said = f"{step.slot} → {step.component.get('kind', 'settings')}: {step.gain:+.1%} of the gap"
    if step.interval is None or step.level is None:
        return f"{said}, no evidence: too few past datasets tried both"
    low, high = step.interval
    held = f"{low:+.0%} to {high:+.0%} at {step.level:.0%}"
    return f"{said} ({held})" + ("" if step.evident else ", no evidence")
