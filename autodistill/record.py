"""NOUN: what happened. Frozen values as the store returns them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, FiniteFloat

from autodistill.metrics import Probe
from autodistill.metrics.classes import Confusion as Confusion
from autodistill.models.inspection import IMAGE_ARCHITECTURES, TRANSLATORS
from autodistill.spec import JobSpec, Objective, PipelineSpec, TrialSpec
from autodistill.task import Task, TaskFacts


class Record(BaseModel):
    """Base of everything that happened: frozen and closed."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Registered(Record):
    """What is registered once and found by id or name."""

    id: str
    """`ds_` or `md_`, and the first 16 hex digits of `sha256`."""
    name: str
    sha256: str
    """Of the canonical Parquet file (the artifact of that hash), or of the model's files."""
    created_at: datetime


class Dataset(Registered):
    """A registered table of examples."""

    task: Task
    labels: tuple[str, ...]
    """Class names, ascending; empty for regression."""
    has_pair: bool
    num_examples: dict[Literal["train", "dev", "test"], int]
    licence: str
    meta_features: dict[str, FiniteFloat]
    """What the recommender compares datasets by; computed on train and dev only."""

    @property
    def num_outputs(self) -> int:
        """Width of the logits."""
        return len(self.labels) or 1


class Model(Registered):
    """A registered encoder, or translator; its hash is of weights, configuration and tokenizer."""

    source: dict[str, Any]
    """Where it comes from, as it was asked for (`ModelSource`)."""
    path: str
    """Directory in Hugging Face layout."""
    architecture: str
    """`model_type` of its configuration."""
    num_layers: int
    hidden_size: int
    num_heads: int
    """Attention heads; 0 where that is not known, or queries, keys and values are not apart."""
    num_parameters: int
    tokenizer_sha256: str
    head: str
    """What transformers calls its head (`SequenceClassification`); empty when it has none."""
    labels: tuple[str, ...]
    """Class names of its head, in order; empty when it has none."""

    @property
    def reads_images(self) -> bool:
        """Whether it reads images; texts otherwise."""
        return self.architecture in IMAGE_ARCHITECTURES

    def knows(self, dataset: Dataset) -> bool:
        """Return whether its head is for the dataset's task and labels, in their order."""
        if self.head != dataset.task.head:
            return False
        return self.labels == dataset.labels if dataset.labels else len(self.labels) == 1

    @property
    def translates(self) -> bool:
        """Whether it writes texts in another language; it serves for nothing else."""
        return self.architecture in TRANSLATORS


class Project(Record):
    """What jobs belong to, and share by."""

    name: str
    weight: int
    """Twice as much is twice as many slots, where projects want more than there are."""
    quota: int | None
    """Most slots that its jobs have together; None is no limit."""


class JobState(StrEnum):
    """Where a job is."""

    QUEUED = "queued"
    PREPARING = "preparing"
    SEARCHING = "searching"
    FINALISING = "finalising"
    SUCCEEDED = "succeeded"
    PAUSED = "paused"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"
    FAILED = "failed"

    @property
    def terminal(self) -> bool:
        """True when nothing will change any more."""
        return self in (JobState.SUCCEEDED, JobState.CANCELLED, JobState.FAILED)


class Wish(StrEnum):
    """What the user wants of a job now; the driver follows it."""

    RUN = "run"
    PAUSE = "pause"
    CANCEL = "cancel"


class Orders(NamedTuple):
    """What a driver is to do now."""

    wish: Wish
    slots: int
    """Trials that it may run at once."""
    stops: frozenset[int] = frozenset()
    """Numbers of open trials that are to end now."""


class TrialState(StrEnum):
    """Where a trial is."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETE = "complete"
    PRUNED = "pruned"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def terminal(self) -> bool:
        """True when nothing will change any more."""
        return self not in (TrialState.QUEUED, TrialState.RUNNING)


class Origin(StrEnum):
    """Who proposed a trial."""

    BASELINE = "baseline"
    USER = "user"
    RECOMMENDED = "recommended"
    SAMPLER = "sampler"
    CONFIRMATION = "confirmation"


class FailureClass(StrEnum):
    """Why an attempt failed, which decides whether it is tried again."""

    USER_ERROR = "user_error"
    OUT_OF_MEMORY = "out_of_memory"
    INFRASTRUCTURE = "infrastructure"
    TIMEOUT = "timeout"
    DIVERGED = "diverged"


class Score(Record):
    """Mean of a metric over seeds."""

    mean: float
    sd: float | None
    """Sample standard deviation; None for a single seed."""
    seeds: int


class Contender(Record):
    """A pipeline that was measured with several seeds on the test split."""

    trial: int
    """Number of the trial of the search that it comes from."""
    student: str
    pipeline: PipelineSpec
    dev: Score
    test: Score
    """Of the headline metric."""


StudentFormat = Literal["safetensors", "onnx"]
"""How an exported student can be taken: in Hugging Face layout, or as graphs."""


class Graphs(Record):
    """The exported student as ONNX graphs of any batch size and length."""

    artifact: str
    """SHA-256 of their archive."""
    float32: dict[str, float]
    """Of the graph with the student's own weights: `dev/<metric>`, `test/<metric>`, `latency_ms`
    (ONNX Runtime, one example on one thread), `mib` on disk."""
    int8: dict[str, float]
    """Of the graph with 8-bit weights (dynamic quantization)."""
    difference: float
    """Largest difference of the former's outputs from torch's on dev; a graph beyond 1e-4 of the
    largest output is refused."""


class JobResult(Record):
    """What a finished job says."""

    metric: str
    """Headline metric."""
    teacher: dict[str, float]
    """Of the prepared teacher: `dev/<metric>`, `test/<metric>`, `num_parameters`, `latency_ms`;
    empty where trials run elsewhere."""
    plain: Contender
    """Plain fine-tuning of the same student: the search's best, or `best` without its teacher."""
    best: Contender
    """The winner among the trials that distil, chosen on dev."""
    gain: float
    """`best.test.mean` over `plain.test.mean`, positive when distillation helped."""
    within_noise: bool | None
    """Whether the gain is smaller than its 95 % interval; None when one seed cannot tell."""
    student: dict[str, float]
    """Of the exported student: `dev/<metric>`, `test/<metric>`, `num_parameters`, `latency_ms`."""
    klom: float | None = None
    """KL(distilled students || teacher) of their margins on test, in nats, over examples and seeds;
    None where it was not asked for."""
    artifact: str | None = None
    """SHA-256 of the exported student's archive; None where it was trained elsewhere."""
    exported: int | None = None
    """Number of the trial that the student comes from; results of old do not say."""
    graphs: Graphs | None = None
    no_graphs: str = ""
    """Why there are none."""
    equals: tuple[int, ...] | None = None
    """Numbers of trials that one run each cannot tell from the winner, best first, at most 100;
    None where no pipeline was run with several fresh seeds."""
    front: tuple[int, ...] = ()
    """Where there are several objectives: trials that distil and that no other one dominates."""
    broken: tuple[str, ...] = ()
    """Metrics whose limits the exported student breaks: where no trial keeps them all, the one that
    is least beyond them wins."""


class Job(Record):
    """A submitted job."""

    id: str
    spec: JobSpec
    state: JobState
    wish: Wish
    version: int
    """Grows with every change of state or wish; the ETag."""
    message: str
    """What went wrong, or what is going on; for people."""
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    owner: str | None
    owner_epoch: int
    """Fencing token: grows with every claim; a writer with an older one has lost the lease."""
    lease_until: datetime | None
    slots: int
    """Trials that it may run at once now; 0 while it waits for its turn."""
    round_start: int
    """Number of the first trial since its budget was last extended; 0 when it never was."""
    result: JobResult | None


class Measurement(Record):
    """What was measured at the end of one epoch of a trial."""

    epoch: int
    """1 for the first."""
    values: dict[str, float]
    """`loss/total|hard|soft|intermediate|penalty`, `dev/<metric>`, `learning_rate`, `seconds`,
    `examples_per_s`; `memory_mib`, the most that the process has taken since the attempt began, and
    `predicted_memory_mib`, what it was expected to take. Where examples are selected by how a proxy
    fared on them, the first epoch has the proxy's cost as `scoring_seconds`, which its `seconds`
    contain, whichever trial paid."""

    @property
    def dev(self) -> dict[str, float]:
        """Metrics on dev by name."""
        found = {k: v for k, v in self.values.items() if k.startswith("dev/")}
        return {name.removeprefix("dev/"): value for name, value in found.items()}


def kept_epoch(curve: Sequence[Measurement], headline: Objective) -> Measurement:
    """Return the epoch whose student is kept: the best, the latest of equals."""
    return max(curve, key=lambda m: (headline.worth(m.dev), m.epoch))


BY_HAND = "Stopped by hand."
"""Why somebody's trial ended."""


class Trial(Record):
    """One pipeline, trained or to be trained."""

    job_id: str
    number: int
    """0, 1, 2, … inside the job."""
    spec: TrialSpec
    origin: Origin
    state: TrialState
    reason: str
    """Why this pipeline was proposed, or what made it fail."""
    finish_order: int | None
    """Position in which trials of the job finished: the order a search learns them in."""
    num_attempts: int
    epochs_done: int
    dev: dict[str, float]
    """Metrics on dev at the best epoch, the student's costs included; may be empty."""
    test: dict[str, float]
    """Metrics on test at that epoch; never shown to the search."""
    curve: tuple[Measurement, ...] = ()
    """Per epoch; empty where a listing leaves it out."""
    seconds: float
    created_at: datetime
    finished_at: datetime | None


class Event(Record):
    """One entry of a job's append-only log; `seq` has no gaps inside a job."""

    job_id: str
    seq: int
    kind: str
    """`job.<state>`, `trial.<state>`, `measurement`, `prepare`, `log`."""
    data: dict[str, Any]
    created_at: datetime


class PreparedTask(Record):
    """Everything a trial needs, ready on disk; it crosses process boundaries by value."""

    dataset: Path
    """Canonical Parquet file."""
    task: Task
    labels: tuple[str, ...]
    tokens: Path
    """Directory of the memory-mapped token arrays of the three splits, as the teacher cuts them."""
    student_tokens: dict[str, Path]
    """The same as each student cuts them; the teacher's own where they share a tokenizer."""
    teacher: Path
    """Prepared teacher in Hugging Face layout."""
    teacher_scores: dict[str, float]
    """`dev/<metric>`, `test/<metric>`, `num_parameters`, `latency_ms`."""
    outputs: Path
    """Directory of the memory-mapped teacher outputs on train, dev and test."""
    students: dict[str, Path]
    """Initial weights by student label, in Hugging Face layout."""
    student_costs: dict[str, dict[str, float]]
    """`num_parameters` and `latency_ms` by student label."""
    facts: dict[str, TaskFacts]
    """By student label."""
    max_length: int
    train_positions: tuple[int, ...] | None
    """Which training examples the job uses; None is all."""
    probes: tuple[Probe, ...] = ()
    """What is measured on request."""
    masked_lm: Path | None = None
    """Masked language model with its head, where the job names one."""
    translators: tuple[Path, Path] | None = None
    """Models that translate there and back, where the job names them."""
    prefix: str = ""
    """Put before each text that is translated."""


class Outcome(Record):
    """What a trial that ran to its end leaves."""

    best_epoch: int
    dev: dict[str, float]
    """Metrics of the best epoch's student on dev."""
    test: dict[str, float]
    """Metrics of the same student on test."""
    confusion: Confusion | None = None
    """Of the same student on dev; None where there are no classes, or very many."""
    student: Path
    """That student in Hugging Face layout."""
