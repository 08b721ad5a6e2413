"""Which pipeline comes next."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autodistill.component import Choice, IntUniform, Space, sample
from autodistill.errors import InvalidInput, Problem
from autodistill.optimisation import Training
from autodistill.record import Origin, Trial
from autodistill.search.projection import project
from autodistill.search.study import distribution, new_study, told
from autodistill.spec import JobSpec, PipelineSpec, TrialSpec, plain_fine_tuning
from autodistill.task import TaskFacts

GUIDED_DRAWS, RANDOM_DRAWS = 32, 256


@dataclass(frozen=True)
class Proposal:
    """A trial to run."""

    spec: TrialSpec
    origin: Origin
    reason: str


class Searcher:
    """Proposes the trials of one job.

    `suggest` is pure in (the job's seed, the number, the finished trials in their order): asked
    again after a crash it answers the same. First comes plain fine-tuning of each student at the
    longest training that the job allows, then the user's pipelines, then the recommended ones, then
    the sampler's. Running trials are not told to the sampler, since a restart may not know them;
    concurrent suggestions differ by their seeds.
    """

    def __init__(self, spec: JobSpec, facts: Mapping[str, TaskFacts]) -> None:
        self._spec, self._facts = spec, facts
        self._students = tuple(facts)
        self._opening = self._open()
        space = dict(spec.space) | {"student": Choice(self._students)}
        self._distributions = {name: distribution(drawn) for name, drawn in space.items()}

    def suggest(self, number: int, finished: Sequence[Trial]) -> Proposal | None:
        """Return trial `number`, or None when the budget of trials is used up.

        Raises:
            InvalidInput: When no valid pipeline is found in the space.
        """
        if number >= self._spec.budget.num_trials:
            return None
        seed = self._seed(number, 0)
        if number < len(self._opening):
            pipeline, student, origin, reason = self._opening[number]
            return Proposal(_trial(pipeline, student, seed), origin, reason)
        known = {(t.spec.student, t.spec.pipeline.sha256) for t in finished}
        for attempt in range(GUIDED_DRAWS + RANDOM_DRAWS):
            guided = self._spec.search.sampler != "random" and attempt < GUIDED_DRAWS
            pipeline, student = self._draw(number, attempt, finished if guided else ())
            if (student, pipeline.sha256) in known or pipeline.problems(self._facts[student]):
                continue
            name = "TPE" if guided else "random search"
            reason = f"{name} on {len(finished)} finished trials"
            return Proposal(_trial(pipeline, student, seed), Origin.SAMPLER, reason)
        message = "No further valid pipeline was found in the space; widen it."
        raise InvalidInput(Problem(field="space", message=message))

    def _open(self) -> list[tuple[PipelineSpec, str, Origin, str]]:
        """Return what is tried before the sampler: each is valid for its student."""
        baseline = plain_fine_tuning(_longest(self._spec.space))
        opening = [
            (baseline, student, Origin.BASELINE, "the same student without a teacher")
            for student in self._students
        ]
        first = self._students[0]
        mine = [(p, Origin.USER, "asked for by the user") for p in self._spec.start]
        mine += [
            (inside, Origin.RECOMMENDED, advised.reason)
            for advised in self._spec.recommended
            if (inside := project(advised.pipeline, self._spec.space)) is not None
        ]
        seen = {baseline.sha256}
        for pipeline, origin, reason in mine:
            if pipeline.sha256 not in seen and not pipeline.problems(self._facts[first]):
                opening.append((pipeline, first, origin, reason))
                seen.add(pipeline.sha256)
        return opening

    def _draw(
        self, number: int, attempt: int, finished: Sequence[Trial]
    ) -> tuple[PipelineSpec, str]:
        sampler = self._spec.search.sampler if finished else "random"
        objectives = self._spec.objectives
        study = new_study(objectives, sampler, self._seed(number, attempt))
        in_order = sorted(finished, key=lambda t: t.finish_order or 0)
        for trial in in_order:
            if (row := told(trial, self._distributions, objectives)) is not None:
                study.add_trial(row)
        asked = study.ask()
        student = self._students[0]
        if len(self._students) > 1:
            student = asked.suggest_categorical("student", self._students)
        return sample(PipelineSpec, self._spec.space, asked), student

    def _seed(self, number: int, attempt: int) -> int:
        text = f"{self._spec.seed}:{number}:{attempt}"
        return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) % 2**31


def _trial(pipeline: PipelineSpec, student: str, seed: int) -> TrialSpec:
    return TrialSpec(pipeline=pipeline, student=student, seed=seed)


def _longest(space: Space) -> Training:
    """Return default settings, brought into the space, at the longest training it allows."""
    inside = project(PipelineSpec(), {k: v for k, v in space.items() if k.startswith("training.")})
    assert inside is not None
    epochs = space["training.num_epochs"]
    longest: Any = epochs.high if isinstance(epochs, IntUniform) else max(_options(epochs))
    return inside.training.model_copy(update={"num_epochs": int(longest)})


def _options(drawn: Any) -> tuple[Any, ...]:
    return tuple(drawn.options)
