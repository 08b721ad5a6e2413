"""What a finished job says: the winner against plain fine-tuning, over seeds, and the export."""

from __future__ import annotations

import json
import math
import shutil
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy import stats

from autodistill.errors import Conflict
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
from autodistill.search import best, plain, signed
from autodistill.spec import COSTS, METRICS, Objective, PipelineSpec
from autodistill.store import ArtifactFolder
from workers.conductor import Conductor


def conclude(
    job: Job, dataset: Dataset, task: PreparedTask, conductor: Conductor, artifacts: ArtifactFolder
) -> JobResult:
    """Compare, export the best student, and return what the job found.

    Raises:
        Conflict: When no trial that distils was completed, or no plain one.
    """
    objective, metric = job.spec.objectives[0], METRICS[task.task][0]
    rows = conductor.rows
    winner = best(rows, objective)
    baseline = winner and plain(rows, objective, winner.spec.student)
    if winner is None or baseline is None:
        reasons = [t.reason for t in rows if t.state is TrialState.FAILED]
        message = f"No trial that distils and no plain one to compare with: {reasons[-1:]}"
        raise Conflict(f"{message} Raise the budget or widen the space.")
    ours = _runs(rows, winner.spec.pipeline) or [winner]
    theirs = _plain_runs(rows, objective) or [baseline]
    exported = max(ours, key=lambda t: signed(t, objective))
    sign = -1 if metric == "rmse" else 1
    found, rival = _contender(winner, ours, metric), _contender(baseline, theirs, metric)
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
    )
    folder = conductor.student(exported.number)
    (folder / "README.md").write_text(card(job, dataset, result))
    return result.model_copy(update={"artifact": _archive(folder, artifacts)})


def _runs(rows: Sequence[Trial], pipeline: PipelineSpec) -> list[Trial]:
    """Return the runs of a pipeline with fresh seeds.

    The run that won the search is not among them: it was chosen for its luck as well.
    """
    return [
        t
        for t in rows
        if t.origin is Origin.CONFIRMATION
        and t.state is TrialState.COMPLETE
        and t.spec.pipeline == pipeline
    ]


def _plain_runs(rows: Sequence[Trial], objective: Objective) -> list[Trial]:
    """Return the runs with fresh seeds of the plain pipeline that is better on dev."""
    pipelines = {
        t.spec.pipeline
        for t in rows
        if t.origin is Origin.CONFIRMATION and not t.spec.pipeline.distils
    }
    groups = [runs for p in pipelines if (runs := _runs(rows, p))]
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
    if np.std(ours) == np.std(theirs) == 0:
        return math.isclose(np.mean(ours), np.mean(theirs))
    return bool(stats.ttest_ind(ours, theirs, equal_var=False).pvalue >= 0.05)


def card(job: Job, dataset: Dataset, result: JobResult) -> str:
    """Return the student's model card."""
    noise = {
        True: "The difference is within the noise of seeds.",
        False: "The difference is beyond the noise of seeds.",
        None: "One seed cannot tell whether the difference is noise.",
    }[result.within_noise]
    pipeline = json.dumps(result.best.pipeline.model_dump(mode="json"), indent=2)
    test = f"test/{result.metric}"
    return f"""# Distilled student for {dataset.name}

A {result.best.student} student, distilled by AutoDistiller in job `{job.id}`.

| test {result.metric} | mean | sd | seeds |
|---|---|---|---|
| distilled | {_row(result.best.test)} |
| plain fine-tuning of the same student | {_row(result.plain.test)} |
| teacher | {result.teacher[test]:.4f} | | 1 |

Gain {result.gain:+.4f}. {noise}

The weights in this folder score {result.student[test]:.6f} on test. They are
{result.student["num_parameters"] / 1e6:.1f} M parameters and take
{result.student["latency_ms"]:.1f} ms for one example on one CPU thread.
Inputs were cut to {job.spec.max_length} tokens.

## Pipeline

```json
{pipeline}
```

Dataset: {dataset.name} (sha256 `{dataset.sha256}`), licence: {dataset.licence or "not stated"}.
"""


def _row(score: Score) -> str:
    sd = "" if score.sd is None else f"{score.sd:.4f}"
    return f"{score.mean:.4f} | {sd} | {score.seeds}"


def _archive(folder: Path, artifacts: ArtifactFolder) -> str:
    """Zip a folder, equal bytes for equal content, and keep it as an artifact."""
    scratch = Path(tempfile.mkdtemp(dir=folder.parent))
    path = scratch / "student.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for file in sorted(folder.iterdir()):
            archive.writestr(zipfile.ZipInfo(file.name), file.read_bytes())
    sha256 = artifacts.put(path)
    shutil.rmtree(scratch)
    return sha256
