"""Which pipeline comes next."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from autodistill.component import Choice, Scalar, Space, conditions, sample
from autodistill.errors import InvalidInput, Problem
from autodistill.metrics import COSTS
from autodistill.optimisation import Training
from autodistill.record import Origin, Trial
from autodistill.search.coupling import Coupled
from autodistill.search.prior import Past
from autodistill.search.projection import built, project
from autodistill.search.samplers import PLANNING, STARTUP_TRIALS, TITLES, named, random
from autodistill.search.study import STUDENT, Memory
from autodistill.search.thinning import thinned
from autodistill.spec import JobSpec, PipelineSpec, TrialSpec, excess, plain_fine_tuning
from autodistill.task import TaskFacts

if TYPE_CHECKING:
    import optuna

    from autodistill.search.transfer import Knowledge

GUIDED_DRAWS, RANDOM_DRAWS = 32, 256
EXPLORING = 10
"""One proposal in so many is random, so that history sees bad regions as well."""


@dataclass(frozen=True)
class Proposal:
    """A trial to run."""

    spec: TrialSpec
    origin: Origin
    reason: str


class Searcher:
    """Proposes the trials of one job.

    `suggest` is pure in (the job's seed, the number, the finished trials in the order in which they
    finished, the running ones, the past): asked again after a crash, it answers the same. What it
    keeps between calls saves time and changes no answer.

    First comes plain fine-tuning of each student, then the user's pipelines, then the recommended
    ones, both on the first student, then the sampler's. Plain fine-tuning is trained for as long as
    the job allows with default settings, brought into the space; the sampler may propose it with
    other settings too, where the space has the kinds.

    Args:
        spec: The job.
        facts: Of each student, by label.
        past: Similar past tasks, inside the job's space; what `transfer` starts from. Without any
            it is the tree-structured Parzen estimator.
        costs: Of each student, by label, where they are known; those beyond a limit are left out.

    Raises:
        InvalidInput: When every student costs more than a limit allows.
    """

    def __init__(
        self,
        spec: JobSpec,
        facts: Mapping[str, TaskFacts],
        past: Sequence[Past] = (),
        costs: Mapping[str, Mapping[str, float]] | None = None,
    ) -> None:
        self._spec, self._facts, self._past = spec, facts, past
        self._students = _affordable(spec, costs or {})
        self._opening = tuple(self._open())
        self._memory = Memory(spec.space, self._students, spec.objectives, spec.limits)

    def suggest(
        self, number: int, finished: Sequence[Trial], running: Sequence[Trial] = ()
    ) -> Proposal | None:
        """Return trial `number`, or None when the budget of trials or the space is used up.

        Args:
            number: Which one.
            finished: Trials that have ended.
            running: The other trials before this one; the sampler keeps away from them.

        Raises:
            InvalidInput: When no pipeline of the space serves the job.
        """
        if number >= self._spec.budget.num_trials:
            return None
        if number < len(self._opening):
            pipeline, student, origin, reason = self._opening[number]
            return self._proposal(number, pipeline, student, origin, reason)
        in_order = sorted(finished, key=lambda t: (t.finish_order is None, t.finish_order or 0))
        under_way = sorted(running, key=lambda t: t.number)
        tried = {(t.spec.student, t.spec.pipeline) for t in (*in_order, *under_way)}
        if self._spec.search.sampler == "transfer" and self._past:
            proposal = self._transferred(number, in_order, under_way, tried)
            if proposal is not None:
                return proposal
        one = len(self._spec.objectives) == 1 and self._estimator == "tpe"
        shown = thinned(in_order, self._spec.objectives[0]) if one else in_order
        refused: list[Problem] = []
        for attempt in range(GUIDED_DRAWS + RANDOM_DRAWS):
            guided = self._guided(number, attempt)
            seed = self._seed(number, attempt)
            if self._estimator in PLANNING:
                self._memory.forget()
            told = self._memory.study(shown).get_trials(deepcopy=False)
            sampler = named(self._estimator, seed, told) if guided else random(seed)
            with self._memory.beside(shown, under_way, sampler) as study:
                pipeline, student = self._draw(study.ask(), seed, guided=guided)
            if problems := pipeline.problems(self._facts[student]):
                refused.append(problems[0])
            elif (student, pipeline) not in tried:
                reason = self._reason(number, len(in_order), guided=guided)
                return self._proposal(number, pipeline, student, Origin.SAMPLER, reason)
        if len(refused) == GUIDED_DRAWS + RANDOM_DRAWS:
            raise InvalidInput(_hopeless(refused[-1]))
        return None

    def _transferred(
        self,
        number: int,
        finished: Sequence[Trial],
        running: Sequence[Trial],
        tried: Collection[tuple[str, PipelineSpec]],
    ) -> Proposal | None:
        """Return what history and the job's trials say, or None where all of it is refused."""
        from autodistill.search.transfer import (  # noqa: PLC0415  # loads Optuna
            MOST_POINTS,
            TransferSampler,
        )

        if len(finished) > MOST_POINTS or not self._knowledge.transfers:
            return None
        found: list[tuple[PipelineSpec, str]] = []

        def accepts(params: dict[str, Scalar]) -> bool:
            pipeline, student = built(params, self._spec.space), str(params[STUDENT])
            if (student, pipeline) in tried or pipeline.problems(self._facts[student]):
                return False
            found.append((pipeline, student))
            return True

        sampler = TransferSampler(self._knowledge, seed=self._seed(number, 0), accepts=accepts)
        with self._memory.beside(finished, running, sampler) as study:
            if sampler.propose(study) is None:
                return None
        reason = sampler.reason(len(finished), len(self._past))
        return self._proposal(number, *found[-1], Origin.SAMPLER, reason)

    @cached_property
    def _knowledge(self) -> Knowledge:
        from autodistill.search.transfer import Knowledge  # noqa: PLC0415  # loads Optuna

        space = {**self._spec.space, STUDENT: Choice(self._students)}
        when = conditions(PipelineSpec)
        return Knowledge(space, when, self._past, num_objectives=len(self._spec.objectives))

    def _open(self) -> Iterator[tuple[PipelineSpec, str, Origin, str]]:
        """Yield what is tried before the sampler: each once, and valid for its student."""
        baseline = plain_fine_tuning(_longest(self._spec.space))
        for student in self._students:
            yield baseline, student, Origin.BASELINE, "the same student without a teacher"
        first, seen = self._students[0], {baseline}
        for pipeline, origin, reason in self._asked_for():
            if pipeline not in seen and not pipeline.problems(self._facts[first]):
                seen.add(pipeline)
                yield pipeline, first, origin, reason

    def _asked_for(self) -> Iterator[tuple[PipelineSpec, Origin, str]]:
        for pipeline in self._spec.start:
            yield pipeline, Origin.USER, "asked for by the user"
        for advised in self._spec.recommended:
            if (near := project(advised.pipeline, self._spec.space)) is not None:
                yield near, Origin.RECOMMENDED, advised.reason

    @property
    def _estimator(self) -> str:
        """The sampler of Optuna's that proposes; `transfer` has one to start and to end with."""
        chosen = self._spec.search.sampler
        return "tpe" if chosen == "transfer" else chosen

    def _guided(self, number: int, attempt: int) -> bool:
        return (
            self._estimator != "random"
            and attempt < GUIDED_DRAWS
            and number % EXPLORING != EXPLORING - 1
        )

    def _draw(self, asked: optuna.Trial, seed: int, *, guided: bool) -> tuple[PipelineSpec, str]:
        student: str = asked.suggest_categorical(STUDENT, self._students)
        trial = asked if guided else Coupled(asked, seed)
        return sample(PipelineSpec, self._spec.space, trial), student

    def _proposal(
        self, number: int, pipeline: PipelineSpec, student: str, origin: Origin, reason: str
    ) -> Proposal:
        spec = TrialSpec(
            pipeline=pipeline,
            student=student,
            seed=self._seed(number, 0),
            precision=self._spec.precision,
        )
        return Proposal(spec, origin, reason)

    def _reason(self, number: int, known: int, *, guided: bool) -> str:
        name = TITLES[self._estimator]
        if guided and known >= STARTUP_TRIALS:
            return f"{name} from {known} finished trials"
        if guided:
            return f"random start, {name} begins after {STARTUP_TRIALS} finished trials"
        if self._guided(number, 0):
            return f"random draw, since {name} found nothing new"
        return "random search" if self._estimator == "random" else "random, as one in ten"

    def _seed(self, number: int, attempt: int) -> int:
        text = f"{self._spec.seed}:{number}:{attempt}"
        return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) % 2**31


def _affordable(spec: JobSpec, costs: Mapping[str, Mapping[str, float]]) -> tuple[str, ...]:
    """Return the students that keep the limits on what is known before training."""
    limits = [limit for limit in spec.limits if limit.metric in COSTS]
    labels = [student.label for student in spec.students]
    kept = tuple(x for x in labels if x not in costs or excess(costs[x], limits) == 0)
    if kept:
        return kept
    had = "; ".join(
        f"{label} has {', '.join(f'{x.metric} {costs[label][x.metric]:g}' for x in limits)}"
        for label in labels
    )
    wanted = ", ".join(f"{x.metric} at most {x.bound:g}" for x in limits)
    message = f"No student keeps {wanted}: {had}. Raise the limit or add a smaller student."
    raise InvalidInput(Problem(field="limits", message=message))


def _hopeless(refused: Problem) -> Problem:
    message = (
        f"No pipeline of this space serves the job; the last of {GUIDED_DRAWS + RANDOM_DRAWS} was "
        f"refused for its {refused.field}: {refused.message} Widen the space."
    )
    return Problem(field="space", message=message)


def _longest(space: Space) -> Training:
    """Return default settings, brought into the space, at the longest training it allows."""
    near = project(PipelineSpec(), {k: v for k, v in space.items() if k.startswith("training.")})
    training = Training() if near is None else near.training
    epochs = space.get("training.num_epochs")
    if epochs is None:
        return training
    longest = max(map(int, epochs.options)) if isinstance(epochs, Choice) else int(epochs.high)
    return training.model_copy(update={"num_epochs": longest})
