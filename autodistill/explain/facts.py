"""What the story of a job is told from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autodistill.explain.path import Step
from autodistill.explain.saving import Cost
from autodistill.record import Job, Trial, TrialState


@dataclass(frozen=True)
class Facts:
    """What the story is told from."""

    job: Job
    counts: Mapping[TrialState, int]
    best: Trial | None
    """The best complete trial that distils."""
    plain: float | None
    """The best plain fine-tuning on dev, in the headline metric."""
    teacher: Mapping[str, float]
    """`dev/<metric>` and costs, as far as known."""
    metric: str
    cost: Cost
    num_scored: int
    """Trials that the importance rests on."""
    importance: Mapping[str, float]
    path: Sequence[Step]
    best_at: float | None
    """Share of the finished trials after which the best one came."""
    elapsed_s: float | None
    """Since the job started, until it ended or now."""
    names: Mapping[str, str]
    """Of the job's registered students, by id."""
