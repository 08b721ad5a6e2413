"""The story of a job in five answers: healthy? best? why? cost? next?

The overview, the printable report and the API say the same sentences.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from autodistill.component import Component
from autodistill.explain.advising import advise
from autodistill.explain.facts import Facts
from autodistill.explain.importance import MIN_TRIALS
from autodistill.explain.words import (
    difference,
    duration,
    lead,
    limit,
    listed,
    metric,
    metric_name,
    parameters,
    plural,
    spread,
    student_name,
    words,
)
from autodistill.metrics import COSTS, LOWER_IS_BETTER
from autodistill.record import JobResult, JobState, Record, TrialState
from autodistill.spec import Limit, PipelineSpec, plain_fine_tuning

MANY_FAILED = 0.2
FINE_TUNING = "plain fine-tuning"
NAMED = 5
"""Trials that are named where there may be many."""
PLAIN = plain_fine_tuning(PipelineSpec().training)
AWAITED = {"here": "for a worker", "elsewhere": "to be asked for its trials"}
Mood = Literal["good", "active", "warn", "bad", "idle"]


class Answer(Record):
    """One question and what can be said to it now."""

    question: str
    mood: Mood
    headline: str
    """A few words."""
    details: tuple[str, ...]
    """Sentences."""


def story(facts: Facts) -> tuple[Answer, ...]:
    """Return the five answers."""
    return (_healthy(facts), _best(facts), _why(facts), _cost(facts), _next(facts))


def brief(pipeline: PipelineSpec) -> str:
    """Return what a pipeline does besides plain fine-tuning, as names of its components."""
    names = [
        title(component)
        for slot in PipelineSpec.model_fields
        if (component := getattr(pipeline, slot)).kind != getattr(PLAIN, slot).kind
    ]
    return listed(names) if names else "plain fine-tuning"


def title(component: Component) -> str:
    """Return a component's name for people."""
    kind = type(component)
    return str(kind.model_config.get("title") or kind.__name__)


def _healthy(facts: Facts) -> Answer:
    job, counts = facts.job, facts.counts
    done = sum(n for state, n in counts.items() if state.terminal)
    of, failed = job.spec.budget.num_trials, counts[TrialState.FAILED]
    progress = f"{done} of {plural(of, 'trial')} done"
    said: dict[JobState, tuple[Mood, str]] = {
        JobState.QUEUED: ("idle", f"Waiting {AWAITED[job.spec.runs]}"),
        JobState.PREPARING: ("active", "Preparing the teacher"),
        JobState.SEARCHING: ("active", "Healthy, searching"),
        JobState.FINALISING: ("active", "Healthy, confirming the winner"),
        JobState.SUCCEEDED: ("good", "Finished"),
        JobState.PAUSED: ("warn", "Paused; nothing is lost"),
        JobState.CANCELLING: ("warn", "Being cancelled"),
        JobState.CANCELLED: ("idle", "Cancelled"),
        JobState.FAILED: ("bad", "Failed"),
    }
    mood, headline = said[job.state]
    details = [f"{progress}, {counts[TrialState.RUNNING]} running, {failed} failed."]
    if job.message:
        details.append(job.message)
    if done and failed / done > MANY_FAILED and mood in ("active", "good"):
        mood, headline = "warn", f"{failed} of {done} trials failed"
        details.append("Look at the timeline for what went wrong.")
    elif left := _left(facts, done, of):
        details.append(f"About {duration(left)} left at this pace.")
    return Answer(question="Is it healthy?", mood=mood, headline=headline, details=tuple(details))


def _left(facts: Facts, done: int, of: int) -> float:
    if facts.job.state is not JobState.SEARCHING or done < 2 or facts.elapsed_s is None:
        return 0.0
    return facts.elapsed_s / done * max(of - done, 0)


def _best(facts: Facts) -> Answer:
    question = "What is best?"
    result, name = facts.job.result, facts.metric
    if result is not None:
        tie, gain = result.within_noise, lead(result.metric, result.gain, FINE_TUNING)
        sure = {
            True: f"A tie: {gain} is within the noise of seeds.",
            False: f"{gain}, beyond the noise of seeds (95 %).",
            None: f"{gain}; one seed cannot tell it from noise.",
        }[tie]
        student = student_name(result.best.student, facts.names)
        reached = spread(result.metric, result.best.test.mean, result.best.test.sd)
        teacher = metric(result.metric, result.teacher.get(f"test/{result.metric}"))
        return Answer(
            question=question,
            mood="good" if tie is False and result.gain > 0 and not result.broken else "warn",
            headline=f"{reached} {metric_name(result.metric)}",
            details=(
                f"{brief(result.best.pipeline)}, student {student}, "
                f"trial {result.best.trial}; on test, {plural(result.best.test.seeds, 'seed')}.",
                sure,
                f"The teacher reaches {teacher}.",
                *_beyond(result, facts.job.spec.limits),
                *_alike(result.equals),
                *_margins(result.klom),
            ),
        )
    if facts.best is None or name not in facts.best.dev:
        ended = facts.job.state.terminal
        headline = "No distilled student" if ended else "Nothing yet"
        limited = bool(facts.job.spec.limits)
        awaited = ", runs to its end and keeps all limits" if limited else " and runs to its end"
        return Answer(
            question=question,
            mood="idle",
            headline=headline,
            details=(f"No trial that distils ran to its end{' and kept all limits' * limited}.",)
            if ended
            else (f"It appears with the first trial that distils{awaited}.",),
        )
    measured = facts.best.dev[name]
    details = [f"{brief(facts.best.spec.pipeline)}, trial {facts.best.number}; on dev, one seed."]
    if facts.plain is not None:
        ahead = (facts.plain - measured) if name in LOWER_IS_BETTER else measured - facts.plain
        details.append(f"{lead(name, ahead, FINE_TUNING)} so far: not yet certain.")
    if (theirs := facts.teacher.get(f"dev/{name}")) is not None:
        details.append(f"The teacher reaches {metric(name, theirs)}.")
    headline = f"{metric(name, measured)} {metric_name(name)}"
    return Answer(question=question, mood="active", headline=headline, details=tuple(details))


def _beyond(result: JobResult, limits: Sequence[Limit]) -> tuple[str, ...]:
    """Name the limits that the exported student breaks, with what it has instead."""
    if not result.broken:
        return ()
    broken = [
        f"{limit(one)}, not {metric(one.metric, _measured(result.student, one.metric))}"
        for one in limits
        if one.metric in result.broken
    ]
    return (f"The exported student breaks what was asked: {listed(broken)}.",)


def _measured(student: Mapping[str, float], name: str) -> float | None:
    return student.get(name if name in COSTS else f"dev/{name}")


def _alike(numbers: Sequence[int] | None) -> tuple[str, ...]:
    if not numbers:
        return ()
    named = listed([str(n) for n in numbers[:NAMED]])
    more = f", the first of {len(numbers)}" if len(numbers) > NAMED else ""
    return (f"As good, as far as one run each can tell: trial {named}{more}.",)


def _margins(klom: float | None) -> tuple[str, ...]:
    if klom is None:
        return ()
    return (f"Over its seeds its margins are {klom:.3f} nats from the teacher's.",)


def by_slot(importance: Mapping[str, float]) -> dict[str, float]:
    """Return the importance of each slot: its kind and all of its settings; largest first."""
    slots: dict[str, float] = {}
    for name, share in importance.items():
        slot = name.split(".")[0]
        slots[slot] = slots.get(slot, 0.0) + share
    return dict(sorted(slots.items(), key=lambda item: -item[1]))


def _why(facts: Facts) -> Answer:
    question = "Why?"
    slots = by_slot(facts.importance)
    if not slots:
        headline, text = "Too early to say", "Eight scored trials tell what matters."
        if facts.num_scored >= MIN_TRIALS:
            headline = "Nothing made a difference"
            text = f"{plural(facts.num_scored, 'scored trial')} cannot be told apart."
        return Answer(question=question, mood="idle", headline=headline, details=(text,))
    top = [f"{words(slot)} ({100 * share:.0f} %)" for slot, share in list(slots.items())[:3]]
    details = [f"What separates the best tenth: {listed(top)}."]
    sign = -1 if facts.metric in LOWER_IS_BETTER else 1
    steps = [
        (sign * (after.expected - before.expected), after)
        for before, after in zip(facts.path, facts.path[1:], strict=False)
    ]
    if steps:
        gain, step = max(steps, key=lambda pair: pair[0])
        if gain > 0:
            slot = str(step.slot)
            component = getattr(PipelineSpec.model_validate({slot: step.component}), slot)
            rests = component.kind == getattr(PLAIN, slot).kind
            what = (
                f"the settings of {words(slot)}"
                if rests
                else f"{title(component)} as {words(slot)}"
            )
            details.append(
                f"From the default pipeline, the largest step is {what}: "
                f"{difference(facts.metric, sign * gain)} expected."
            )
    headline = f"{words(next(iter(slots))).capitalize()} matters most"
    return Answer(question=question, mood="good", headline=headline, details=tuple(details))


def _cost(facts: Facts) -> Answer:
    cost = facts.cost
    details = [
        f"{plural(cost.trials, 'trial')} and {plural(cost.epochs, 'epoch')}"
        + (f", {duration(facts.elapsed_s)} on the clock." if facts.elapsed_s else ".")
    ]
    if cost.saved_epochs:
        details.append(
            f"Early stopping saved {plural(cost.saved_epochs, 'epoch')}, about "
            f"{duration(cost.saved_seconds)}."
        )
    student = facts.job.result.student if facts.job.result else facts.best.dev if facts.best else {}
    if all(name in student for name in COSTS):
        size, latency = student["num_parameters"], metric("latency_ms", student["latency_ms"])
        teacher = facts.job.result.teacher if facts.job.result else facts.teacher
        times = [
            f"{teacher[name] / student[name]:.1f}× {word}"
            for name, word in (("num_parameters", "smaller"), ("latency_ms", "faster"))
            if teacher.get(name) and student[name]
        ]
        than = f": {listed(times)} than the teacher" if times else ""
        details.append(f"The student has {parameters(size)} and takes {latency}{than}.")
    if facts.job.result and (kept := facts.job.result.graphs):
        name = facts.job.result.metric
        scores = [metric(name, of[f"dev/{name}"]) for of in (kept.int8, kept.float32)]
        took = [metric("latency_ms", of["latency_ms"]) for of in (kept.float32, kept.int8)]
        details.append(
            f"As ONNX it takes {took[0]}, with 8-bit weights {took[1]} at {scores[0]} on dev "
            f"instead of {scores[1]}."
        )
    headline = f"{duration(cost.seconds)} of training" if cost.trials else "Nothing yet"
    return Answer(
        question="What did it cost?", mood="idle", headline=headline, details=tuple(details)
    )


def _next(facts: Facts) -> Answer:
    advice = list(advise(facts))
    mood: Mood = "bad" if facts.job.state is JobState.FAILED else "good"
    headline, *details = advice or ["Let it run"]
    return Answer(question="What next?", mood=mood, headline=headline, details=tuple(details[:3]))
