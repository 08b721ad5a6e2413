"""What runs next and what became of it: the one writer between a job's executor and the store."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any

from autodistill.errors import LeaseLost
from autodistill.record import (
    FailureClass,
    Job,
    JobState,
    Origin,
    PreparedTask,
    Trial,
    TrialState,
    Wish,
)
from autodistill.search import Rungs, Searcher, best, plain
from autodistill.spec import TrialSpec
from autodistill.store import Store
from workers.ending import Report

RETRIES = {FailureClass.OUT_OF_MEMORY: 1, FailureClass.INFRASTRUCTURE: 2}
KEPT_STUDENTS = 3
TOO_MANY_FAILURES, AT_LEAST = 0.5, 4


class Supply(Enum):
    """What the conductor says when it hands out no trial."""

    WAIT = "wait"
    DONE = "done"


class Conductor:
    """Hands out a job's trials and takes in their reports; rows are committed before they count."""

    def __init__(self, store: Store, job: Job, epoch: int, task: PreparedTask, root: Path) -> None:
        self._store, self._job, self._epoch, self._task = store, job, epoch, task
        self._folder = root / "trials" / job.id
        self._folder.mkdir(parents=True, exist_ok=True)
        self._task_file = self._folder / "task.json"
        self._task_file.write_text(task.model_dump_json())
        self._searcher = Searcher(job.spec, task.facts)
        self._metric = job.spec.objectives[0]
        self._headline = self._metric.metric
        self._rungs = Rungs(maximise=self._metric.maximise)
        with store.read() as tx:
            self._rows = {t.number: t for t in tx.trials.all(job.id)}
        self._rungs.replay(self._rows.values(), self._headline)
        self._waiting = [n for n, t in self._rows.items() if not t.state.terminal]
        self._running: set[int] = set()
        self.lost = False

    def next(self) -> Trial | Supply:
        """Return a trial to run, or whether there may be one later."""
        if self._waiting:
            number = self._waiting.pop(0)
        elif (planned := self._planned()) is not None:
            number, spec, origin, reason = planned
            with self._store.write() as tx:
                row = tx.driving(self._job.id, self._epoch).suggest(number, spec, origin, reason)
            self._rows[number] = row
        elif self._running:
            return Supply.WAIT
        else:
            return Supply.DONE
        self._running.add(number)
        return self._rows[number]

    def config(self, trial: Trial) -> dict[str, Any]:
        """Return what an attempt of the trial is told."""
        return {
            "number": trial.number,
            "task": str(self._task_file),
            "trial": trial.spec.model_dump_json(),
            "folder": str(self._folder / str(trial.number)),
        }

    def hear(self, report: Report) -> bool:
        """Take in a message; True means that the trial is to stop.

        Raises:
            LeaseLost: When another driver owns the job now.
        """
        if report.number not in self._running:
            return True
        if report.started:
            self._write(report.number, "start")
        if report.measurements:
            self._write(report.number, "measure", report.measurements)
        if report.outcome is not None:
            dev, test = report.outcome.dev, report.outcome.test
            self._finish(report.number, TrialState.COMPLETE, dev=dev, test=test)
        elif report.failure is not None:
            self.failed(report.number, report.failure, report.reason)
        elif report.measurements and not report.started:
            return self._behind(report.number)
        return report.outcome is not None or report.failure is not None

    def failed(self, number: int, failure: FailureClass, reason: str) -> None:
        """Take in that an attempt failed: try again where that may help, else end the trial."""
        if self._rows[number].num_attempts <= RETRIES.get(failure, 0):
            self._running.discard(number)
            with self._store.write() as tx:
                tx.driving(self._job.id, self._epoch).requeue(number, failure, reason)
            self._waiting.append(number)
        else:
            self._finish(number, TrialState.FAILED, dev={}, test={}, reason=reason)

    def halted(self) -> bool:
        """Whether the user wants the job paused or cancelled, or another driver has it."""
        return self.lost or self.wish() is not Wish.RUN

    def wish(self) -> Wish:
        """Return what the user wants of the job now."""
        with self._store.read() as tx:
            return tx.jobs.get(self._job.id).wish

    @property
    def rows(self) -> Sequence[Trial]:
        """Every trial of the job, as the store has it."""
        with self._store.read() as tx:
            return tx.trials.all(self._job.id)

    def student(self, number: int) -> Path:
        """Return where a complete trial left its student."""
        return self._folder / str(number) / "student"

    def too_many_failures(self) -> str:
        """Return why the job cannot go on, or nothing."""
        ended = [t for t in self._rows.values() if t.state.terminal]
        failed = [t for t in ended if t.state is TrialState.FAILED]
        if len(ended) >= AT_LEAST and len(failed) > TOO_MANY_FAILURES * len(ended):
            return f"{len(failed)} of {len(ended)} trials failed; the last: {failed[-1].reason}"
        return ""

    def _planned(self) -> tuple[int, TrialSpec, Origin, str] | None:
        """Return the next trial that has no row yet: of the search, then of the confirmation."""
        if self.too_many_failures():
            return None
        searched = [t for t in self._rows.values() if t.origin is not Origin.CONFIRMATION]
        confirming = len(self._rows) > len(searched)
        if not confirming and not self._out_of_time():
            finished = [t for t in searched if t.state.terminal]
            if (proposal := self._searcher.suggest(len(searched), finished)) is not None:
                return len(searched), proposal.spec, proposal.origin, proposal.reason
        if any(not t.state.terminal for t in searched):
            return None
        for offset, spec, reason in self._confirmations(searched):
            number = len(searched) + offset
            if number not in self._rows:
                return number, spec, Origin.CONFIRMATION, reason
        return None

    def _confirmations(self, searched: Sequence[Trial]) -> list[tuple[int, TrialSpec, str]]:
        """Return the winner and its rivals without a teacher, each with the same fresh seeds.

        The rivals are the best plain fine-tuning of the search, and the winner itself without its
        teacher, so that what is compared has the same tuning and optimiser steps.
        """
        winner = best(searched, self._metric)
        if winner is None:
            return []
        twin = winner.spec.pipeline.without_teacher()
        rivals = {winner.spec.pipeline: f"trial {winner.number}"}
        if (baseline := plain(searched, self._metric, winner.spec.student)) is not None:
            rivals[baseline.spec.pipeline] = f"trial {baseline.number}"
        rivals.setdefault(twin, f"trial {winner.number} without a teacher,")
        plan: list[tuple[int, TrialSpec, str]] = []
        for pipeline, name in rivals.items():
            for k in range(self._job.spec.confirmation_seeds):
                seed = 1_000_003 + self._job.spec.seed + k
                spec = winner.spec.model_copy(update={"pipeline": pipeline, "seed": seed})
                plan.append((len(plan), spec, f"{name} with a fresh seed"))
        return plan

    def _out_of_time(self) -> bool:
        limit, started = self._job.spec.budget.timeout_s, self._job.started_at
        return (
            limit is not None
            and started is not None
            and (datetime.now(UTC) - started).total_seconds() > limit
        )

    def _behind(self, number: int) -> bool:
        """Stop a trial of the search that is behind at its rung."""
        row = self._rows[number]
        last = row.curve[-1]
        epochs = row.spec.pipeline.training.num_epochs
        score = last.values.get(f"dev/{self._headline}")
        exempt = row.origin in (Origin.BASELINE, Origin.CONFIRMATION)
        if exempt or not self._job.spec.search.early_stopping or score is None:
            return False
        if not self._rungs.stop(number, last.epoch, epochs, score):
            return False
        dev = {k[4:]: v for k, v in last.values.items() if k.startswith("dev/")}
        self._finish(number, TrialState.PRUNED, dev=dev, test={})
        return True

    def _write(self, number: int, verb: str, *arguments: Any) -> None:
        with self._store.write() as tx:
            driving = tx.driving(self._job.id, self._epoch)
            getattr(driving, verb)(number, *arguments)
            self._rows[number] = tx.trials.get(self._job.id, number)

    def _finish(self, number: int, state: TrialState, *, reason: str = "", **scores: Any) -> None:
        seconds = sum(m.values["seconds"] for m in self._rows[number].curve)
        with self._store.write() as tx:
            driving = tx.driving(self._job.id, self._epoch)
            driving.finish(number, state, seconds=seconds, reason=reason, **scores)
            self._rows[number] = tx.trials.get(self._job.id, number)
        self._running.discard(number)
        self._tidy()

    def _tidy(self) -> None:
        """Delete what ended trials need no more: all but the students that may be exported."""
        complete = [t for t in self._rows.values() if t.state is TrialState.COMPLETE]
        sign = 1 if self._metric.maximise else -1
        ranked = sorted(complete, key=lambda t: -sign * t.dev[self._headline])
        kept = {t.number for t in ranked[:KEPT_STUDENTS]}
        if (winner := best(complete, self._metric)) is not None:
            kept.add(winner.number)
        kept |= {t.number for t in complete if t.origin is Origin.CONFIRMATION}
        for trial in self._rows.values():
            if trial.state.terminal:
                folder = self._folder / str(trial.number)
                for path in folder.glob("*.pt"):
                    path.unlink(missing_ok=True)
                if trial.number not in kept:
                    shutil.rmtree(folder, ignore_errors=True)

    def discard(self) -> None:
        """Delete every trial's files; the export is an artifact by then."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def give_up(self, state: JobState) -> None:
        """End the claim without a result."""
        try:
            with self._store.write() as tx:
                tx.driving(self._job.id, self._epoch).yield_job(state)
        except LeaseLost:
            self.lost = True
