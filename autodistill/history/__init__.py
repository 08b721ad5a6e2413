"""NOUN: past tasks, files of them, and what they advise."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal

from pydantic import Field

from autodistill.record import Dataset, Record, Registered, Trial
from autodistill.spec import PipelineSpec
from autodistill.task import TaskFacts


class Exchange(Record):
    """One component exchanged on the way from the experts' first pipeline to a recommended one."""

    slot: str
    component: dict[str, Any]
    """The slot's component from then on."""
    gain: float
    """Predicted share of the gap from a median pipeline to the best that it closes more than
    before; the gains of a path sum to what its end is expected to close more than the default."""
    interval: tuple[float, float] | None
    """Where that gain lay on past tasks that tried both kinds, each foretold from the others, at
    `level`; None where too few did. It may lie beyond a gain that is foretold with caution."""
    level: float | None
    evident: bool
    """Whether the interval lies on one side of 0; otherwise there is no evidence for the step."""
    reason: str
    """Past datasets that tried both kinds and speak for it, or against it where the gain is a loss,
    as a sentence; empty where none is."""


class Advice(Record):
    """One recommended pipeline."""

    pipeline: PipelineSpec
    expected: float | None
    """Predicted share of the gap from a median pipeline (0) to the best (1), given history."""
    interval: tuple[float, float] | None = None
    """Where that share lay for so placed advice on past tasks, each foretold from the others, at
    the level that the answer names; None where too few past tasks tell."""
    reason: str
    """Why, as a sentence; names the past datasets that speak for it, and by how much."""
    tried: float | None = None
    """What a short trial on this dataset reached on dev; None where there was none."""
    path: tuple[Exchange, ...] = ()
    """From the answer's default to this pipeline, the most rewarding exchange first; empty where
    it is the default, or there is no history."""


class Otherwise(Record):
    """Another size of data or student with which another pipeline would come first."""

    when: str
    """The change, as in "with 10,000 training examples"."""
    num_train: int
    student_layers: int
    pipeline: PipelineSpec
    slots: tuple[str, ...]
    """Where it differs from the pipeline that comes first now."""


class Recommendation(Record):
    """Ranked pipelines for a dataset, teacher and student."""

    advice: tuple[Advice, ...]
    basis: Literal["expert", "history"]
    """The experts' list when no past task is similar; otherwise past tasks of any standing."""
    num_past_tasks: int
    message: str
    """What the list rests on, or a plain "no similar past task"."""
    level: float | None = None
    """Of the intervals: 0.9, or less where that few past tasks allow no more."""
    default: PipelineSpec | None = None
    """The experts' first pipeline, from which the paths begin."""
    otherwise: tuple[Otherwise, ...] = ()
    """What would change the answer: the nearest sizes that do, all else being equal."""
    tryout: dict[str, Any] | None = None
    """The body for `POST /v1/jobs` of short trials after which the list is better ordered; None
    where all that would be tried out has been, or is."""
    trying: str | None = None
    """The job in which short trials of such a list are under way."""


Estimated = tuple[float, float, float]
"""A mean with the ends of its 95 % interval."""


class Verdict(Record):
    """How a way to choose pipelines fared on tasks that it had not seen."""

    method: str
    regret_1: Estimated
    """Share of the gap from the median pipeline to the best that its first choice leaves open."""
    regret_5: Estimated
    """The same of the best of its first five."""
    wins_1: Estimated | None
    """Share of groups in which the recommender's first choice was better; a tie is half of one."""
    wins_5: Estimated | None


class Evaluation(Record):
    """How the recommender fares on its own past, each group of tasks left out once."""

    num_tasks: int
    num_groups: int
    verdicts: tuple[Verdict, ...] = ()
    coverage: float | None = None
    """Share of the first choices that fell into their interval, of those that had one."""
    num_covered: int = 0
    closed: tuple[Estimated, Estimated] | None = None
    """Share of the gap from plain logit distillation to the best that the first choice, and the
    best of five, close."""
    beats_random: Estimated | None = None
    """Share of groups in which the first choice beat the best of ten random pipelines, of those
    that were named before there was a result."""
    message: str
    """What this rests on, or why there is nothing to say."""


class Waypoint(Record):
    """How ways to choose fared when so many past tasks were known."""

    num_tasks: int
    num_groups: int
    """Groups that were left out in turn."""
    verdicts: tuple[Verdict, ...]


class Standing(StrEnum):
    """Where a past task comes from."""

    OWN = "own"
    """A job of this service."""
    IMPORTED = "imported"
    """A file that somebody gave it."""
    SHIPPED = "shipped"
    """The file that comes with the package."""


class Chronicle(Registered):
    """A file of past tasks that was imported; its hash is of the tasks as they were understood."""

    num_tasks: int
    num_trials: int


class PastTask(Record):
    """One student of one past job, with its finished trials: what the recommender learns from."""

    dataset: Dataset
    facts: TaskFacts
    metric: str
    """Headline metric; compared on dev."""
    trials: tuple[Trial, ...]
    """Complete ones and early-stopped ones; curves only where they are exported."""
    job: str = ""
    """Id of the job."""
    student: str = ""
    """Label of the student inside the job."""
    standing: Standing = Standing.OWN
    """Where it comes from, which decides how much it weighs."""
    kin: str = ""
    """What datasets with shared texts have in common; empty where nobody said so."""
    teacher: dict[str, float] = Field(default_factory=dict)
    """What the prepared teacher reached, as in `JobResult`; empty where the job has no result."""
    conditions: dict[str, float] = Field(default_factory=dict)
    """`max_length`, and `max_train_examples` where they were limited."""

    @property
    def group(self) -> str:
        """What is left out together when the recommender is tried on this task."""
        return self.kin or self.dataset.sha256
