"""What to do next with a job."""

from __future__ import annotations

from collections.abc import Iterator

from autodistill.component import IntUniform, Uniform, flatten
from autodistill.explain.facts import Facts
from autodistill.explain.words import listed, number, words
from autodistill.record import Job, JobState
from autodistill.spec import PipelineSpec

NEAR = 0.05
"""Share of a range from its upper bound within which a value is at the edge."""
LATE = 0.75
"""Share of the trials after which an improvement says that there may be more."""


def advise(facts: Facts) -> Iterator[str]:
    """Yield a few words on what to do, then sentences with reasons."""
    job, result = facts.job, facts.job.result
    if job.state is JobState.FAILED:
        yield "Clone it and change what is wrong"
        yield job.message or "Its timeline says what went wrong."
        return
    if job.state is JobState.PAUSED:
        yield "Resume it"
    elif job.state is JobState.CANCELLED:
        yield "Clone it to start again"
    elif result is None:
        yield "Let it run"
        yield "The winner is trained again with fresh seeds at the end, to tell a gain from luck."
        return
    elif result.broken:
        yield "Loosen a limit, or search on"
        yield "A smaller student costs less; more trials, more epochs or a larger one score better."
    elif result.within_noise is not False or result.gain <= 0:
        yield "Plain fine-tuning may do"
        yield (
            "Distillation made no certain difference here: try more confirmation seeds, a larger "
            "budget, or a smaller student, where a teacher helps more."
        )
    else:
        yield "Download the student"
    yield from _more(facts)
    if facts.job.spec.tryout:
        yield "What is recommended for this dataset is now in the order of these short trials."
    elif result is not None:
        yield "The recommender has learnt from this job: ask it for your next dataset."


def _more(facts: Facts) -> Iterator[str]:
    """Yield reasons to search on: a late best trial, or settings at the edge of their range."""
    if facts.best is None:
        return
    if facts.best_at is not None and facts.best_at > LATE:
        at = f"{100 * facts.best_at:.0f} %"
        yield f"The best trial came late, after {at} of them: a larger budget may find more."
    edges = list(_edges(facts.best.spec.pipeline, facts.job))
    if edges:
        yield f"At the edge of its range: try {listed(edges[:2])}."


def _edges(pipeline: PipelineSpec, job: Job) -> Iterator[str]:
    for name, value in flatten(pipeline).items():
        drawn = job.spec.space.get(name)
        if not isinstance(drawn, Uniform | IntUniform) or isinstance(value, bool | str):
            continue
        if drawn.high - drawn.low <= 2 or (drawn.log and not drawn.low > 0):
            continue
        share = (value - drawn.low) / (drawn.high - drawn.low)
        if share > 1 - NEAR:
            yield f"{words(name.rsplit('.', maxsplit=1)[-1])} beyond {number(drawn.high)}"
