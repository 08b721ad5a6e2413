"""How a job ends here: its verdict, and the student that it exports."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

import torch

from autodistill.metrics import METRICS
from autodistill.planning import runs_of, verdict
from autodistill.record import Dataset, Job, JobResult, PreparedTask, Trial
from autodistill.store import ArtifactFolder
from autodistill.trial import TrialRun
from workers.card import card
from workers.folders import TrialFolders
from workers.graphs import graphs
from workers.klom import klom


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
    result = verdict(job.spec, METRICS[task.task][0], task.teacher_scores, rows)
    by_number = {trial.number: trial for trial in rows}
    assert result.exported is not None
    winner, exported = by_number[result.best.trial], by_number[result.exported]
    ours = runs_of(winner, rows)
    for trial in ours if "klom" in task.probes else [exported]:
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


def _bring_back(
    job: Job, task: PreparedTask, trial: Trial, folder: Path, artifacts: ArtifactFolder
) -> None:
    """Put the student of a trial that ran before its job was taken up again into its folder.

    The student that the job has exported is in the artifacts; any other is trained again.
    """
    if job.result is not None and job.result.artifact and job.result.exported == trial.number:
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
