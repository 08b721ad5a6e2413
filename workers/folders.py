"""What trials leave on disk: checkpoints while they run, students for as long as they may win."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from autodistill.errors import NotFound
from autodistill.record import PreparedTask, Trial, TrialState
from autodistill.search import best, signed
from autodistill.spec import Objective
from autodistill.store import Store
from workers.plan import fresh_runs

KEPT_STUDENTS = 3
TRIALS, RUNS = "trials", "ray"
"""Folders of the data root with one folder for each job."""


class TrialFolders:
    """The folders of one job's trials."""

    def __init__(self, root: Path, job_id: str) -> None:
        self._folder = root / TRIALS / job_id
        self._folder.mkdir(parents=True, exist_ok=True)

    def keep_task(self, task: PreparedTask) -> Path:
        """Write down what every trial needs, once, and return where."""
        path = self._folder / "task.json"
        fresh = path.with_suffix(".tmp")
        fresh.write_text(task.model_dump_json())
        fresh.replace(path)
        return path

    def of(self, number: int) -> Path:
        """Return the folder of a trial."""
        return self._folder / str(number)

    def student(self, number: int) -> Path:
        """Return where a complete trial left its student."""
        return self.of(number) / "student"

    def tidy(self, trials: Sequence[Trial], objective: Objective) -> None:
        """Delete what ended trials need no more: all but the students that may be exported."""
        complete = [t for t in trials if t.state is TrialState.COMPLETE]
        ranked = sorted(complete, key=lambda t: (-signed(t, objective), t.number))
        kept = {t.number for t in ranked[:KEPT_STUDENTS]}
        if (winner := best(complete, objective)) is not None:
            kept |= {winner.number}
            kept |= {t.number for t in fresh_runs(complete, winner.spec.pipeline)}
        for trial in trials:
            if trial.state.terminal:
                for path in self.of(trial.number).glob("*.pt"):
                    path.unlink(missing_ok=True)
                if trial.number not in kept:
                    shutil.rmtree(self.of(trial.number), ignore_errors=True)

    def discard(self) -> None:
        """Delete all; the export is an artifact by then."""
        shutil.rmtree(self._folder, ignore_errors=True)


def sweep(store: Store, root: Path) -> None:
    """Delete what jobs that have ended left behind, and the Rays of drivers that were killed."""
    for parent in (root / TRIALS, root / RUNS):
        for folder in parent.iterdir() if parent.is_dir() else ():
            with store.read() as tx:
                try:
                    ended = tx.jobs.get(folder.name).state.terminal
                except NotFound:
                    ended = True
            if ended:
                shutil.rmtree(folder, ignore_errors=True)
    for folder in ray_scratch().iterdir():
        if not _alive(int(folder.name)):
            shutil.rmtree(folder, ignore_errors=True)


def ray_scratch() -> Path:
    """Return where each driver's Ray has a folder, by process id.

    It is outside the data root because Ray's socket paths must fit into 107 bytes.
    """
    folder = Path(tempfile.gettempdir()) / f"autodistill-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
