"""What is measured: the one list of names, labels, meanings and directions.

`measuring` computes them. A metric is never NaN: what it is where it is not defined, its meaning
says.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict

from autodistill.errors import Problem
from autodistill.task import Task

ROUNDING = 1e-6
"""So far single precision may take a score beyond what is possible."""
LARGEST = 1e15
"""Score beyond which a trial has diverged; sums and squares of what is kept stay numbers."""


class Metric(BaseModel):
    """What people need to know of a number."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    label: str
    """What it is called."""
    meaning: str
    """What it says, as a sentence."""
    lower_is_better: bool = False
    """Which way is up."""
    share: bool = False
    """Whether it is a share of something, from 0 to 1."""
    correlation: bool = False
    """Whether it is a correlation, from -1 to 1."""
    above_classes: int = 0
    """It is measured where there are more classes than this."""

    @property
    def possible(self) -> tuple[float, float]:
        """The lowest and the highest value that there can be."""
        if self.correlation:
            return -1.0, 1.0
        return 0.0, 1.0 if self.share else math.inf

    def holds(self, value: float) -> bool:
        """Return whether it can have such a value, which single precision may have rounded."""
        low, high = self.possible
        return abs(value) <= LARGEST and low - ROUNDING <= value <= high + ROUNDING

    @property
    def law(self) -> str:
        """The same in words."""
        if self.share:
            return "is a share, from 0 to 1 (0.9 is 90 %)"
        return "is a correlation, from -1 to 1" if self.correlation else "is never below 0"


TOP_K = 5
"""Classes that `top_k_overlap` compares."""

QUALITY = {
    "accuracy": Metric(
        label="accuracy", meaning="Share of rows whose class is predicted.", share=True
    ),
    "macro_f1": Metric(
        label="macro F1",
        meaning="Mean F1 over the classes that occur among labels or predictions.",
        share=True,
    ),
    "entity_f1": Metric(
        label="entity F1",
        meaning="F1 over whole entities, right in bounds and type, as conlleval counts them (Tjong "
        "Kim Sang & Buchholz, 2000); each tagged word is one where tags have no B- and I-.",
        share=True,
    ),
    "token_accuracy": Metric(
        label="token accuracy", meaning="Share of words whose tag is predicted.", share=True
    ),
    "nll": Metric(
        label="negative log-likelihood",
        meaning="Mean surprise at the true class, in nats.",
        lower_is_better=True,
    ),
    "ece": Metric(
        label="calibration error",
        meaning="Expected gap between confidence and accuracy over 15 equal-width bins "
        "(Guo et al., 2017).",
        lower_is_better=True,
        share=True,
    ),
    "aurc": Metric(
        label="risk-coverage area",
        meaning="Mean error rate over the most confident 1, 2, …, all rows "
        "(Geifman & El-Yaniv, 2017); equally confident rows share their errors.",
        lower_is_better=True,
        share=True,
    ),
    "excess_aurc": Metric(
        label="excess risk-coverage area",
        meaning="The same above what a perfect ranking of the same errors has "
        "(Geifman et al., 2019).",
        lower_is_better=True,
        share=True,
    ),
    "pearson": Metric(
        label="Pearson correlation",
        meaning="Linear correlation with the true values; 0 where one side is constant.",
        correlation=True,
    ),
    "spearman": Metric(
        label="Spearman correlation",
        meaning="Rank correlation with the true values; 0 where one side is constant.",
        correlation=True,
    ),
    "rmse": Metric(
        label="root mean squared error",
        meaning="Against the true values, in their unit.",
        lower_is_better=True,
    ),
}
"""Against the labels."""

FIDELITY = {
    "agreement": Metric(
        label="agreement with teacher",
        meaning="Share of rows on which student and teacher predict the same class.",
        share=True,
    ),
    "agreement_right": Metric(
        label="agreement where the teacher is right",
        meaning="Share of the teacher's right answers that the student gives too; 0 where there "
        "are none.",
        share=True,
    ),
    "agreement_wrong": Metric(
        label="copied mistakes",
        meaning="Share of the teacher's wrong answers that the student gives too: less is better "
        "for accuracy, more is more faithful; 0 where there are none.",
        lower_is_better=True,
        share=True,
    ),
    "forward_kl": Metric(
        label="KL(teacher || student)",
        meaning="Mean over rows, at temperature 1, in nats.",
        lower_is_better=True,
    ),
    "reverse_kl": Metric(
        label="KL(student || teacher)",
        meaning="Mean over rows, at temperature 1, in nats.",
        lower_is_better=True,
    ),
    "js": Metric(
        label="Jensen-Shannon divergence",
        meaning="Mean over rows, at temperature 1, in nats: from 0 to ln 2.",
        lower_is_better=True,
    ),
    "soft_agreement": Metric(
        label="soft agreement",
        meaning="1 - total variation between the class probabilities, mean over rows.",
        share=True,
    ),
    "top_k_overlap": Metric(
        label=f"top-{TOP_K} overlap",
        meaning=f"Share of the teacher's {TOP_K} likeliest classes that are among the student's.",
        share=True,
        above_classes=TOP_K,
    ),
    "pearson_to_teacher": Metric(
        label="Pearson correlation with teacher",
        meaning="Linear correlation with the teacher's values; 0 where one side is constant.",
        correlation=True,
    ),
    "spearman_to_teacher": Metric(
        label="Spearman correlation with teacher",
        meaning="Rank correlation with the teacher's values; 0 where one side is constant.",
        correlation=True,
    ),
    "rmse_to_teacher": Metric(
        label="root mean squared distance to teacher",
        meaning="Against the teacher's values, in their unit.",
        lower_is_better=True,
    ),
    "cka": Metric(
        label="likeness of features",
        meaning="Linear CKA (Kornblith et al., 2019, eq. 5) of what the output layers of student "
        "and teacher see; 0 where one side is constant.",
        share=True,
    ),
}
"""Against the teacher's outputs on the same rows."""

COST = {
    "latency_ms": Metric(
        label="latency", meaning="Of one example on one CPU thread, in ms.", lower_is_better=True
    ),
    "num_parameters": Metric(
        label="parameters", meaning="Of the whole student.", lower_is_better=True
    ),
}
"""Of a student before training."""

PROBED = {
    "sharpness": Metric(
        label="sharpness",
        meaning="Half the learning rate times the trace of the hard loss's Hessian on training "
        "examples (Hutchinson, 10 probes); at most 1 where plain gradient descent is stable.",
        lower_is_better=True,
    ),
    "klom": Metric(
        label="KL of margins",
        meaning="KL(students || teacher) of the log odds of the true class on test, over the "
        "winner's examples and seeds in 20 bins, in nats.",
        lower_is_better=True,
    ),
}
"""On request: the sharpness of each trial's student, the margins of the winner's."""
Probe = Literal["sharpness", "klom"]
"""What `PROBED` holds."""

CATALOGUE = QUALITY | FIDELITY | COST | PROBED
LOWER_IS_BETTER = frozenset(name for name, metric in CATALOGUE.items() if metric.lower_is_better)
COSTS = tuple(COST)
"""Objectives that a student has before training."""

_OF_ANY_CLASSES = ("nll", "ece", "aurc", "excess_aurc")
_OF_CLASSES = ("accuracy", "macro_f1", *_OF_ANY_CLASSES)
_OF_TAGS = ("entity_f1", "token_accuracy", *_OF_ANY_CLASSES)
_LIKE_CLASSES = (
    *("agreement", "agreement_right", "agreement_wrong", "forward_kl", "reverse_kl", "js"),
    *("soft_agreement", "top_k_overlap", "cka"),
)
_OF_VALUES = ("pearson", "spearman", "rmse")
_LIKE_VALUES = ("pearson_to_teacher", "spearman_to_teacher", "rmse_to_teacher", "cka")

METRICS: dict[Task, tuple[str, ...]] = {
    Task.TEXT_CLASSIFICATION: _OF_CLASSES + _LIKE_CLASSES,
    Task.TEXT_PAIR_CLASSIFICATION: _OF_CLASSES + _LIKE_CLASSES,
    Task.TEXT_REGRESSION: _OF_VALUES + _LIKE_VALUES,
    Task.TOKEN_CLASSIFICATION: _OF_TAGS + _LIKE_CLASSES,
    Task.IMAGE_CLASSIFICATION: _OF_CLASSES + _LIKE_CLASSES,
}
"""What may be measured on dev and test; the first is the task's headline metric."""


def measured(task: Task, num_outputs: int) -> tuple[str, ...]:
    """Return what is measured of a model with so many outputs."""
    return tuple(n for n in METRICS[task] if num_outputs > CATALOGUE[n].above_classes)


def misplaced(limits: Sequence[tuple[str, float]]) -> list[Problem]:
    """Return which of a job's limits no student could keep, or none could break.

    Args:
        limits: (metric, bound) in their order.
    """
    found = []
    for i, (name, bound) in enumerate(limits):
        if name not in CATALOGUE:
            continue
        metric = CATALOGUE[name]
        low, high = metric.possible
        if not low <= bound <= high:
            message = f"{name} {metric.law}, got {bound:g}."
            found.append(Problem(field=f"limits.{i}.bound", message=message))
    return found
