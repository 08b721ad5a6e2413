"""Which trials a job still needs: those of the search, then those that confirm its winner."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from autodistill.errors import InvalidInput
from autodistill.planning.ahead import Ahead
from autodistill.record import Event, Job, JobState, Origin, Trial, TrialState
from autodistill.search import Past, Searcher, best, expected_gain, idle, plain
from autodistill.spec import PipelineSpec, TrialSpec
from autodistill.task import TaskFacts

FRESH_SEED = 1_000_003
"""Confirmations count their seeds from here on, so that none is a seed of the search."""
TOO_MANY_FAILURES, AT_LEAST = 0.5, 4


@dataclass(frozen=True)
class Planned:
    """A trial that has no row yet."""

    number: int
    spec: TrialSpec
    origin: Origin
    reason: str


class Plan:
    """Answers from the rows alone, so that a restarted driver goes on where the last one was."""

    def __init__(
        self,
        job: Job,
        facts: Mapping[str, TaskFacts],
        searched_s: float,
        past: Sequence[Past] = (),
        costs: Mapping[str, Mapping[str, float]] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._spec, self._round_start = job.spec, job.round_start
        self._objective = job.spec.objectives[0]
        searcher = Searcher(job.spec, facts, past, costs)
        # Who asks from elsewhere waits for a proposal anyway: it rests on all results.
        self._ahead = Ahead(searcher, job.spec.parallelism if job.spec.runs == "here" else 0)
        self._looked = 0
        self._clock = clock
        limit = job.spec.budget.timeout_s
        self._deadline = None if limit is None else clock() + limit - searched_s
        self.cut_short = ""
        """Why the search proposes no more before its budget of trials is used up."""

    def next(self, rows: Mapping[int, Trial]) -> Planned | None:
        """Return the next trial, or None where there is none, or none yet."""
        searched = _searched(rows)
        confirmed = [t for t in rows.values() if t.origin is Origin.CONFIRMATION]
        if not any(t.number >= self._round_start for t in confirmed):
            proposed = self._proposed(len(rows), searched)
            if proposed is not None:
                return proposed
        if any(not t.state.terminal for t in searched):
            return None
        known = {t.spec for t in confirmed}
        plan = self._confirmations(len(rows), searched)
        return next((p for p in plan if p.spec not in known), None)

    def look_ahead(self, rows: Mapping[int, Trial]) -> None:
        """Begin with the next trial of the search, once the last one runs."""
        if len(rows) > self._looked and rows[len(rows) - 1].state is not TrialState.QUEUED:
            self._looked = len(rows)
            self._ahead.begin(_searched(rows))

    def _proposed(self, number: int, searched: Sequence[Trial]) -> Planned | None:
        if len(searched) < self._spec.budget.num_trials:
            self.cut_short = self._over(searched)
        if self.cut_short:
            return None
        try:
            proposal = self._ahead.next(searched)
        except InvalidInput as error:
            self.cut_short = str(error)
            return None
        if proposal is None:
            if len(searched) < self._spec.budget.num_trials:
                self.cut_short = "The space has no further pipeline; the search ends here."
            return None
        return Planned(number, proposal.spec, proposal.origin, proposal.reason)

    def _over(self, searched: Sequence[Trial]) -> str:
        """Return which limit but the number of trials has been reached, or nothing.

        A trial that still runs may take it back.
        """
        budget, limits = self._spec.budget, self._spec.limits
        if self._deadline is not None and self._clock() > self._deadline:
            return "The time for the search is used up."
        if budget.patience is not None and self._idle(searched):
            return f"The last {self._idle(searched)} trials found nothing better."
        if budget.min_gain is not None:
            gain = expected_gain(searched, self._objective, limits, self._round_start)
            if gain < budget.min_gain:
                least = f"{budget.min_gain:g} of {self._objective.metric}"
                return f"As many trials again are expected to gain less than {least}."
        return ""

    def _idle(self, searched: Sequence[Trial]) -> int:
        """Return how many trials have ended in vain; 0 while patience lasts.

        After an extension of the budget only trials that it has paid for count.
        """
        without = idle(searched, self._spec.objectives, self._spec.limits)
        paid = sum(t.state.terminal and t.number >= self._round_start for t in searched)
        found = min(without, paid)
        return found if found >= (self._spec.budget.patience or math.inf) else 0

    def _confirmations(self, number: int, searched: Sequence[Trial]) -> list[Planned]:
        """Return the winner and its rivals without a teacher, each with the same fresh seeds.

        The rivals are the best plain fine-tuning of the search, and the winner itself without its
        teacher, so that what is compared has the same tuning and optimiser steps.
        """
        winner = best(searched, self._objective, self._spec.limits)
        if winner is None:
            return []
        twin = winner.spec.pipeline.without_teacher()
        rivals = {winner.spec.pipeline: f"trial {winner.number}"}
        if (baseline := plain(searched, self._objective, winner.spec.student)) is not None:
            rivals[baseline.spec.pipeline] = f"trial {baseline.number}"
        rivals.setdefault(twin, f"trial {winner.number} without a teacher,")
        plan: list[Planned] = []
        for pipeline, name in rivals.items():
            for k in range(self._spec.confirmation_seeds):
                seed = FRESH_SEED + self._spec.seed + k
                spec = winner.spec.model_copy(update={"pipeline": pipeline, "seed": seed})
                reason = f"{name} with a fresh seed"
                plan.append(Planned(number, spec, Origin.CONFIRMATION, reason))
        return plan


def _searched(rows: Mapping[int, Trial]) -> list[Trial]:
    return [t for t in rows.values() if t.origin is not Origin.CONFIRMATION]


def fresh_runs(trials: Iterable[Trial], pipeline: PipelineSpec) -> list[Trial]:
    """Return the complete runs of a pipeline with fresh seeds.

    The run that won the search is not among them: it was chosen for its luck as well.
    """
    return [
        t
        for t in trials
        if t.origin is Origin.CONFIRMATION
        and t.state is TrialState.COMPLETE
        and t.spec.pipeline == pipeline
    ]


def seconds_searched(events: Iterable[Event], now: datetime | None = None) -> float:
    """Return how long a job has been `searching`, from its log; pauses do not count.

    Args:
        events: The log.
        now: Until when the state counts that is not over yet; it does not without.
    """
    states = {f"job.{state}" for state in JobState}
    total, since = 0.0, None
    for event in events:
        if event.kind in states:
            if since is not None:
                total += (event.created_at - since).total_seconds()
            since = event.created_at if event.kind == f"job.{JobState.SEARCHING}" else None
    if since is not None and now is not None:
        total += max(0.0, (now - since).total_seconds())
    return total


def too_many_failures(rows: Iterable[Trial]) -> str:
    """Return why a job cannot go on, or nothing."""
    ended = [t for t in rows if t.state.terminal]
    failed = [t for t in ended if t.state is TrialState.FAILED]
    if len(ended) >= AT_LEAST and len(failed) > TOO_MANY_FAILURES * len(ended):
        last = max(failed, key=lambda t: t.finish_order or 0)
        return f"{len(failed)} of {len(ended)} trials failed; the last one: {last.reason}"
    return ""
