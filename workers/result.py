"""What a finished job says: the winner against plain fine-tuning, over seeds, and the export."""

from __future__ import annotations

import math
import shutil
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from scipy import stats

from autodistill.errors import Conflict
from autodistill.metrics import COSTS, LOWER_IS_BETTER, METRICS
from autodistill.record import (
    Contender,
    Dataset,
    Job,
    JobResult,
    Origin,
    PreparedTask,
    Score,
    Trial,
    TrialState,
)
from autodistill.search import best, equals, pareto, plain, signed
from autodistill.spec import Objective, excess
from autodistill.store import ArtifactFolder
from autodistill.trial import TrialRun
from workers.card import card
from workers.folders import TrialFolders
from workers.graphs import graphs
from workers.klom import klom
from workers.plan import fresh_runs

MOST_EQUALS = 100
"""Trials that a result names as no worse than its winner."""
EXACT = 1e-12
"""Below this, two scores of the same model differ by rounding alone."""


def conclude(
    job: Job,
    dataset: Dataset,
    teacher: str,
    task: PreparedTask,
    rows: Sequence[Trial],
    folders: TrialFolders,
    artifacts: ArtifactFolder,
    *,
    onnx: bool,
) -> JobResult:
    """Compare, export the best student, and return what the job found.

    Where asked to, the student is exported as ONNX graphs too.

    Raises:
        Conflict: When no trial that distils was completed, or no plain one.
    """
    objective, metric = job.spec.objectives[0], METRICS[task.task][0]
    winner = best(rows, objective, job.spec.limits)
    if winner is None:
        raise Conflict(_fruitless(rows, "that distils"))
    baseline = plain(rows, objective, winner.spec.student)
    ours = fresh_runs(rows, winner.spec.pipeline) or [winner]
    theirs = _plain_runs(rows, objective) or ([baseline] if baseline else [])
    if not theirs:
        raise Conflict(_fruitless(rows, "without a teacher, to compare with,"))
    limits = job.spec.limits
    exported = max(ours, key=lambda t: (-excess(t.dev, limits), signed(t, objective)))
    sign = -1 if metric in LOWER_IS_BETTER else 1
    alike = equals(rows, [ours, theirs], Objective(metric=metric), limits)
    several = job.spec.objectives if len(job.spec.objectives) > 1 else ()
    same = baseline is not None and baseline.spec.pipeline == theirs[0].spec.pipeline
    source = baseline if baseline is not None and same else winner  # of a twin: the winner
    found, rival = _contender(winner, ours, metric), _contender(source, theirs, metric)
    result = JobResult(
        metric=metric,
        teacher=task.teacher_scores,
        best=found,
        plain=rival,
        gain=sign * (found.test.mean - rival.test.mean),
        within_noise=within_noise([t.test[metric] for t in ours], [t.test[metric] for t in theirs]),
        student={f"dev/{k}": v for k, v in exported.dev.items() if k not in COSTS}
        | {f"test/{k}": v for k, v in exported.test.items()}
        | {k: exported.dev[k] for k in COSTS},
        artifact="",
        exported=exported.number,
        equals=None if alike is None else tuple(t.number for t in alike[:MOST_EQUALS]),
        front=tuple(t.number for t in pareto(rows, several, limits)) if several else (),
        broken=tuple(x.metric for x in limits if x.excess(exported.dev) > 0),
    )
    wanted = ours if "klom" in task.probes else [exported]
    for trial in wanted:
        if not (folder := folders.student(trial.number)).exists():
            _bring_back(job, task, trial, folder, artifacts)
    if "klom" in task.probes:
        students = [folders.student(trial.number) for trial in ours]
        apart = klom(task, winner.spec.student, students)
        result = result.model_copy(update={"klom": apart})
    folder = folders.student(exported.number)
    beside = folder.with_name("graphs")
    if onnx:
        made = graphs(task, exported.spec.student, folder, beside)
        named = "no_graphs" if isinstance(made, str) else "graphs"
        result = result.model_copy(update={named: made})
    text = card(job, dataset, teacher, result)
    kept: dict[str, object] = {"artifact": _archive(folder, text, artifacts)}
    if result.graphs is not None:
        sha256 = _archive(beside, text, artifacts)
        kept["graphs"] = result.graphs.model_copy(update={"artifact": sha256})
    return result.model_copy(update=kept)


def _fruitless(rows: Sequence[Trial], kind: str) -> str:
    failed = [t for t in rows if t.state is TrialState.FAILED]
    why = f" The last failure: {failed[-1].reason}" if failed else ""
    return f"No trial {kind} ran to its end; raise the budget or narrow the space.{why}"


def _plain_runs(rows: Sequence[Trial], objective: Objective) -> list[Trial]:
    """Return the runs with fresh seeds of the plain pipeline that is better on dev."""
    pipelines = {
        t.spec.pipeline
        for t in rows
        if t.origin is Origin.CONFIRMATION and not t.spec.pipeline.distils
    }
    groups = [runs for p in pipelines if (runs := fresh_runs(rows, p))]
    return max(
        groups,
        key=lambda runs: (np.mean([signed(t, objective) for t in runs]), runs[0].spec.sha256),
        default=[],
    )


def _contender(trial: Trial, runs: Sequence[Trial], metric: str) -> Contender:
    return Contender(
        trial=trial.number,
        student=trial.spec.student,
        pipeline=runs[0].spec.pipeline,
        dev=_score([t.dev[metric] for t in runs]),
        test=_score([t.test[metric] for t in runs]),
    )


def _score(values: Sequence[float]) -> Score:
    sd = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return Score(mean=float(np.mean(values)), sd=sd, seeds=len(values))


def within_noise(ours: Sequence[float], theirs: Sequence[float]) -> bool | None:
    """Return whether the 95 % interval of the difference of means contains 0 (Welch, 1947).

    None where a side has a single seed.
    """
    if min(len(ours), len(theirs)) < 2:
        return None
    sides = [np.asarray(ours), np.asarray(theirs)]
    difference = abs(sides[0].mean() - sides[1].mean())
    parts = [float(x.var(ddof=1)) / len(x) for x in sides]
    if sum(parts) < EXACT**2:  # no spread at all, as of a model that ignores its seed
        return bool(difference < EXACT)
    freedom = sum(parts) ** 2 / sum(p**2 / (len(x) - 1) for p, x in zip(parts, sides, strict=True))
    return bool(difference <= stats.t.ppf(0.975, freedom) * math.sqrt(sum(parts)))


def _bring_back(
    job: Job, task: PreparedTask, trial: Trial, folder: Path, artifacts: ArtifactFolder
) -> None:
    """Put the student of a trial that ran before its job was taken up again into its folder.

    The student that the job has exported is in the artifacts; any other is trained again.
    """
    if job.result is not None and job.result.exported == trial.number:
        with zipfile.ZipFile(artifacts.path(job.result.artifact)) as archive:
            archive.extractall(folder)
        return
    torch.set_num_threads(1)  # as in a slot, so that it comes out the same
    run = TrialRun(task, trial.spec, folder.parent)
    for _ in run:
        pass
    run.finish()


def _archive(folder: Path, text: str, artifacts: ArtifactFolder) -> str:
    """Zip a folder with its card, equal bytes for equal content, and keep it as an artifact."""
    (folder / "README.md").write_text(text)
    scratch = Path(tempfile.mkdtemp(dir=folder.parent))
    path = scratch / "student.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for file in sorted(folder.iterdir()):
            archive.writestr(zipfile.ZipInfo(file.name), file.read_bytes())
    sha256 = artifacts.put(path)
    shutil.rmtree(scratch)
    return sha256
