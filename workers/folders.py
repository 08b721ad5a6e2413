"""What trials leave on disk: checkpoints while they run, students for as long as they may win."""

from __future__ import annotations

import logging
import os
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from autodistill.errors import LeaseLost, NotFound
from autodistill.logs import trial_log
from autodistill.models.folders import MEMBERS, evict
from autodistill.planning import fresh_runs
from autodistill.record import PreparedTask, Trial, TrialState
from autodistill.search import best, signed
from autodistill.spec import Limit, Objective, excess
from autodistill.store import Store

KEPT_STUDENTS = 3
TRIALS, RUNS, PREPARED = "trials", "ray", "prepared"
"""Folders of the data root: with one folder for each job, and with what is kept by content."""
TASK = "task.json"
NAME = re.compile(r"[a-z_]+-[0-9a-f]{24}")
"""What is kept by content is called."""


class TrialFolders:
    """The folders of one job's trials, under the number of the claim that works on them.

    A new claim renames what the last one left. That is one step, so whoever still works for the
    last one, such as the trials of a driver that was only asleep, finds its paths gone.

    Raises:
        LeaseLost: When a later claim has the folders already.
    """

    def __init__(self, root: Path, job_id: str, claim: int) -> None:
        self._root, self._job = root, root / TRIALS / job_id
        self._folder = self._job / f"{claim}"
        self._job.mkdir(parents=True, exist_ok=True)
        found = sorted((int(path.name) for path in self._job.iterdir()), reverse=True)
        if found and found[0] > claim:
            raise LeaseLost(f"Claim {claim} of job {job_id} is over; claim {found[0]} goes on.")
        if found and found[0] < claim:
            (self._job / f"{found[0]}").rename(self._folder)
        self._folder.mkdir(exist_ok=True)
        for stale in found[1:]:  # what a sleeper began after its folders were renamed
            shutil.rmtree(self._job / f"{stale}", ignore_errors=True)

    def keep_task(self, task: PreparedTask) -> Path:
        """Write down what every trial needs, once, and return where."""
        path = self._folder / TASK
        fresh = path.with_suffix(".tmp")
        fresh.write_text(task.model_dump_json())
        fresh.replace(path)
        return path

    def of(self, number: int) -> Path:
        """Return the folder of a trial."""
        return self._folder / str(number)

    def log(self, number: int) -> Path:
        """Return where a trial's attempts write what they say; it stays when the job has ended."""
        return trial_log(self._root, self._job.name, number)

    def student(self, number: int) -> Path:
        """Return where a complete trial left its student."""
        return self.of(number) / "student"

    def tidy(
        self, trials: Mapping[int, Trial], objective: Objective, limits: Sequence[Limit] = ()
    ) -> None:
        """Delete what ended trials need no more: all but the students that may be exported."""
        numbers = [int(path.name) for path in self._folder.iterdir() if path.name.isdecimal()]
        ended = [t for n in numbers if (t := trials.get(n)) is not None and t.state.terminal]
        complete = [t for t in ended if t.state is TrialState.COMPLETE]
        ranked = sorted(
            complete, key=lambda t: (excess(t.dev, limits), -signed(t, objective), t.number)
        )
        kept = {t.number for t in ranked[:KEPT_STUDENTS]}
        if (winner := best(complete, objective, limits)) is not None:
            kept |= {winner.number}
            kept |= {t.number for t in fresh_runs(complete, winner.spec.pipeline)}
        for trial in ended:
            for path in self.of(trial.number).glob("*.pt"):
                path.unlink(missing_ok=True)
            if trial.number not in kept:
                shutil.rmtree(self.of(trial.number), ignore_errors=True)


def sweep(store: Store, root: Path, cache_bytes: float) -> None:
    """Delete what jobs that have ended left behind, and the Rays of drivers that were killed.

    What was prepared goes as well, the longest unused first, where all of it takes more than
    `cache_bytes` and no job that goes on names it.
    """
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
    for name in evict(root / PREPARED, cache_bytes, _named(root)):
        logging.info("Evicted %s, which nobody had used for longest.", name)


def _named(root: Path) -> set[str]:
    """Return what jobs that go on name of what was prepared, members of teachers included."""
    tasks = (root / TRIALS).glob(f"*/*/{TASK}")
    named = {name for task in tasks for name in NAME.findall(task.read_text())}
    members = [root / PREPARED / name / MEMBERS for name in named]
    return named | {x for path in members if path.exists() for x in NAME.findall(path.read_text())}


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
