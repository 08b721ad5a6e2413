"""NOUN: what was asked, and the rules that hold across slots."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Literal

from annotated_types import Ge, Le, Len
from pydantic import Field

from autodistill.augmentations import AnyAugmentation
from autodistill.augmentations.none import NoAugmentation
from autodistill.balancings import AnyBalancing
from autodistill.balancings.fixed import FixedWeights
from autodistill.component import Component, Space
from autodistill.effort import Budget, Search
from autodistill.errors import InvalidInput, InvalidPipeline, Problem
from autodistill.finishings import AnyFinishing
from autodistill.finishings.none import NoFinishing
from autodistill.frozen import Spec
from autodistill.intermediate import AnyIntermediate
from autodistill.intermediate.none import NoIntermediate
from autodistill.losses import AnyLoss
from autodistill.losses.none import NoLoss
from autodistill.losses.softened_kl import SoftenedKL
from autodistill.metrics import COSTS, LOWER_IS_BETTER, METRICS, Probe, measured, misplaced
from autodistill.narrowing import Wished, narrow, overlong, whole
from autodistill.optimisation import Training
from autodistill.regularizers import AnyRegularizer
from autodistill.regularizers.none import NoRegularizer
from autodistill.selections import AnySelection
from autodistill.selections.none import NoSelection
from autodistill.targets import AnyTargets
from autodistill.targets.hard import Hard
from autodistill.task import DEFAULT_PROJECT, Name, TaskFacts
from autodistill.teachers import AnyTeacher
from autodistill.teachers.as_is import AsIs


class PipelineSpec(Spec):
    """One point of the Distiller space (He et al., 2021): a choice for every slot."""

    augmentation: AnyAugmentation = NoAugmentation()
    """How more or harder examples are made."""
    selection: AnySelection = NoSelection()
    """Which training examples are kept."""
    targets: AnyTargets = Hard()
    """What the hard loss compares with."""
    loss: AnyLoss = SoftenedKL()
    """What the student learns from the teacher's outputs."""
    intermediate: AnyIntermediate = NoIntermediate()
    """What the student learns from the teacher's hidden states."""
    balancing: AnyBalancing = FixedWeights()
    """How the terms of the loss are weighed."""
    regularizer: AnyRegularizer = NoRegularizer()
    """What keeps the student from fitting its examples too closely."""
    training: Training = Training()
    """Optimiser settings."""
    finishing: AnyFinishing = NoFinishing()
    """What is done to the trained student."""

    @property
    def distils(self) -> bool:
        """False for plain fine-tuning: nothing is learnt from the teacher."""
        return self.loss.kd_weight > 0 or self.intermediate.intermediate_weight > 0

    def without_teacher(self) -> PipelineSpec:
        """Return the same pipeline with nothing learnt from the teacher."""
        augmentation = NoAugmentation() if self.augmentation.needs_teacher else self.augmentation
        return self.model_copy(
            update={
                "augmentation": augmentation,
                "loss": NoLoss(),
                "intermediate": NoIntermediate(),
            }
        )

    def components(self) -> Iterator[tuple[str, Component]]:
        """Yield (slot, component), layer mappings and other nested choices included."""

        def inside(slot: str, component: Component) -> Iterator[tuple[str, Component]]:
            yield slot, component
            for field in type(component).model_fields:
                if isinstance(inner := getattr(component, field), Component):
                    yield from inside(f"{slot}.{field}", inner)

        for slot in type(self).model_fields:
            yield from inside(slot, getattr(self, slot))

    def problems(self, facts: TaskFacts) -> list[Problem]:
        """Return why this pipeline is refused for such a job: unsuitable kinds, then conflicts."""
        found = []
        for slot, component in self.components():
            if reason := component.unsuitable(facts):
                found.append(Problem(field=slot, message=reason))
            else:
                found += [Problem(field=slot, message=m) for m in component.conflicts(self, facts)]
        return found

    def check(self, facts: TaskFacts) -> None:
        """Raise `InvalidPipeline` with every problem, if there is one."""
        if found := self.problems(facts):
            raise InvalidPipeline(found)


def plain_fine_tuning(training: Training) -> PipelineSpec:
    """Return the baseline: the same student on the hard labels, without a teacher."""
    return PipelineSpec(loss=NoLoss(), training=training)


class TeacherSpec(Spec):
    """The teacher of a job."""

    model: str
    """Id or name of a registered model."""
    preparation: AnyTeacher = AsIs()
    """What is done to it first."""


class RegisteredStudent(Spec):
    """A student that starts from a registered model."""

    kind: Literal["registered"] = "registered"
    model: str
    """Id or name of a registered model."""

    @property
    def label(self) -> str:
        """Name of the student inside its job."""
        return self.model


class CutStudent(Spec):
    """A student that starts from evenly spread layers of the prepared teacher."""

    kind: Literal["cut"] = "cut"
    num_layers: Annotated[int, Ge(1), Le(200)]
    """Transformer layers kept."""

    @property
    def label(self) -> str:
        """Name of the student inside its job."""
        return f"cut-{self.num_layers}"


Student = RegisteredStudent | CutStudent
StudentSpec = Annotated[Student, Field(discriminator="kind")]


class Translation(Spec):
    """Models that take texts to another language and back."""

    there: str
    """Id or name of a registered translation model (Marian) from the language of the texts."""
    back: str
    """Id or name of one into it."""
    prefix: Annotated[str, Len(0, 100)] = ""
    """Put before each text that goes there, such as `>>fr<<` where a model knows many languages."""


class Augmenters(Spec):
    """Models that rewrite training texts; operations whose models are not named are not offered."""

    masked_lm: str | None = None
    """Id or name of a registered masked language model, for contextual substitution. One without
    such a head gets one that is fitted on the job's training texts: ours, and weak."""
    translation: Translation | None = None
    """For back-translation."""

    @property
    def models(self) -> tuple[str, ...]:
        """Return the ids or names of all of them."""
        translation = self.translation
        both = () if translation is None else (translation.there, translation.back)
        return both if self.masked_lm is None else (self.masked_lm, *both)


class Objective(Spec):
    """One thing the search makes larger or smaller."""

    metric: str
    """A metric of the task on dev, or `latency_ms` or `num_parameters` of the student."""

    @property
    def maximise(self) -> bool:
        """Whether more is better."""
        return self.metric not in LOWER_IS_BETTER

    def worth(self, scores: Mapping[str, float]) -> float:
        """Return the score, turned so that more is better; -inf where missing or not finite."""
        value = scores.get(self.metric, math.nan)
        if not math.isfinite(value):
            return -math.inf
        return value if self.maximise else -value


class Limit(Spec):
    """What the winner must keep: a bound on whatever may be an objective."""

    metric: str
    bound: float
    """The most of what is better lower, the least of anything else."""

    def excess(self, scores: Mapping[str, float]) -> float:
        """Return how far scores are beyond the bound, in parts of it; infinite where missing."""
        if not math.isfinite(value := scores.get(self.metric, math.nan)):
            return math.inf
        beyond = value - self.bound if self.metric in LOWER_IS_BETTER else self.bound - value
        return max(0.0, beyond) / (abs(self.bound) or 1.0)


def excess(scores: Mapping[str, float], limits: Sequence[Limit]) -> float:
    """Return how far scores are beyond all limits together."""
    return sum(limit.excess(scores) for limit in limits)


class Advised(Spec):
    """A pipeline with the reason why it was recommended."""

    pipeline: PipelineSpec
    reason: str


DEFAULT_PRIORITY = 10
Precision = Literal["float32", "bfloat16"]
"""Of the student's matrix products in training; weights and everything else are float32."""


class JobRequest(Spec):
    """What a user submits: `resolve` turns it into a `JobSpec` or says what is wrong with it."""

    name: Annotated[str, Len(0, 200)] = ""
    """Free text; may be empty."""
    project: Name | None = None
    """Whose job it is: that of the token where it is bound to one, otherwise `default`."""
    dataset: str
    """Id or name of a registered dataset."""
    teacher: TeacherSpec
    """Who teaches."""
    students: Annotated[tuple[StudentSpec, ...], Len(1, 20)]
    """Who learns; with several, the search chooses among them."""
    augmenters: Augmenters = Augmenters()
    """Models that rewrite training texts."""
    space: dict[str, Wished] = Field(default={})
    """Narrows the search by flat name: a range, a list of values, or one fixed value."""
    objectives: Annotated[tuple[Objective, ...], Len(0, 4)] = ()
    """What is optimised; the task's headline metric when empty."""
    limits: Annotated[tuple[Limit, ...], Len(0, 4)] = ()
    """What the winner must keep. Students that cost too much are not trained."""
    budget: Budget = Budget()
    """When the search ends."""
    search: Search = Search()
    """How pipelines are proposed."""
    runs: Literal["here", "elsewhere"] = "here"
    """Who trains: this service's workers, or you, who ask for each trial and tell how it went."""
    start: Annotated[tuple[PipelineSpec, ...], Len(0, 100)] = ()
    """Pipelines to try first, such as recommended ones."""
    tryout: bool = False
    """Whether these are short trials by which what is recommended for this dataset is ordered; no
    other job learns from them."""
    parallelism: Annotated[int, Ge(1), Le(1000)] = 2
    """Most trials at once, one thread each; the worker grants fewer where jobs share its slots."""
    priority: Annotated[int, Ge(1), Le(100)] = DEFAULT_PRIORITY
    """Its weight among the jobs of its project: twice as much is twice as many slots."""
    max_length: Annotated[int, Ge(8), Le(512)] = 128
    """Tokens of an example; longer ones are cut."""
    max_train_examples: Annotated[int, Ge(8), Le(2**31 - 1)] | None = None
    """Use only so many training examples, chosen by seed; None is all."""
    precision: Precision = "float32"
    """In which the students' matrix products are computed while they train. `bfloat16` takes about
    two thirds of the time where the processor has AVX512-BF16 or AMX, or on a GPU; elsewhere it
    gains nothing. Outcomes are measured in float32."""
    confirmation_seeds: Annotated[int, Ge(0), Le(20)] = 3
    """Fresh seeds with which the winner and plain fine-tuning are trained again at the end."""
    probes: Annotated[tuple[Probe, ...], Len(0, 2)] = ()
    """`sharpness` of each completed trial (Hutchinson's estimate of the Hessian's trace, times half
    the learning rate; it takes as long as some 35 epochs over 1,000 examples), `klom` of the winner
    (how its margins over the confirmation seeds are distributed, against the teacher's)."""
    seed: Annotated[int, Ge(0), Le(2**31 - 1)] = 0
    """Of the search, and of every trial together with its number."""

    def resolve(self, facts: Sequence[TaskFacts], recommended: Sequence[Advised] = ()) -> JobSpec:
        """Freeze the space and objectives for these facts, one for each student.

        Args:
            facts: Of each student, in their order.
            recommended: What the recommender says now; frozen too, so that a restart sees the same.

        Raises:
            InvalidInput: With a problem for each field that breaks a law.
        """
        labels = [student.label for student in self.students]
        twice = sorted({x for x in labels if labels.count(x) > 1})
        law = 'Student "{}" is listed more than once.'
        problems = [Problem(field="students", message=law.format(label)) for label in twice]
        problems += [
            problem.model_copy(update={"field": f"start.{i}.{problem.field}"})
            for i, pipeline in enumerate(self.start)
            for problem in pipeline.problems(facts[0])
        ]
        task = facts[0].task
        epochs = self.budget.max_epochs
        space, found = narrow(PipelineSpec, whole(PipelineSpec, facts, epochs), self.space)
        problems += [*found, *overlong(space, epochs)]
        known = measured(task, facts[0].num_outputs) + COSTS
        objectives = self.objectives or (Objective(metric=METRICS[task][0]),)
        for field, named in (("objectives", objectives), ("limits", self.limits)):
            metrics = [one.metric for one in named]
            problems += [
                Problem(
                    field=f"{field}.{i}.metric", message=f'No metric "{m}" for {task}.', known=known
                )
                for i, m in enumerate(metrics)
                if m not in known
            ]
            if len(set(metrics)) < len(metrics):
                problems.append(Problem(field=field, message="Each metric may appear once."))
        problems += misplaced([(limit.metric, limit.bound) for limit in self.limits])
        if "klom" in self.probes and not task.is_classification:
            message = f'"klom" compares margins of the true class; {task} has no classes.'
            problems.append(Problem(field="probes", message=message, known=("sharpness",)))
        if len(objectives) > 1 and self.search.sampler == "cmaes":
            message = "CMA-ES knows one objective only; choose another sampler."
            problems.append(Problem(field="search.sampler", message=message))
        if problems:
            raise InvalidInput(problems)
        asked = {k: v for k, v in self if k not in ("space", "objectives")}
        asked["project"] = self.project or DEFAULT_PROJECT
        first = tuple(recommended)[: self.search.recommended]
        return JobSpec(**asked, space=space, objectives=objectives, recommended=first)


class JobSpec(Spec):
    """A job as it was admitted: `JobRequest` with everything resolved; immutable from then on."""

    name: str
    project: str = DEFAULT_PROJECT
    dataset: str
    teacher: TeacherSpec
    students: tuple[StudentSpec, ...]
    augmenters: Augmenters = Augmenters()
    space: Space
    """Kinds and ranges as they were when the job was created; later components enter later jobs."""
    objectives: tuple[Objective, ...]
    limits: tuple[Limit, ...] = ()
    budget: Budget
    search: Search
    runs: Literal["here", "elsewhere"] = "here"
    start: tuple[PipelineSpec, ...]
    tryout: bool = False
    recommended: tuple[Advised, ...]
    """What the recommender said when the job was created; tried after `start`."""
    parallelism: int
    priority: int = DEFAULT_PRIORITY
    max_length: int
    max_train_examples: int | None
    precision: Precision = "float32"
    confirmation_seeds: int
    seed: int
    probes: tuple[Probe, ...] = ()


class TrialSpec(Spec):
    """One pipeline on one student with one seed."""

    pipeline: PipelineSpec
    student: str
    """Label of the student inside the job."""
    seed: int
    """Of initialisation, data order, dropout, selection and mixing. Rewritten texts do not depend
    on it, so that the teacher's outputs on them are shared by the trials of a job."""
    precision: Precision = "float32"
    """Of the student's matrix products in training."""
