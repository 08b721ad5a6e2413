"""What an expert would try without having seen anything: a short, complementary list."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from autodistill.selections._coupling import kd_weight
from autodistill.spec import PipelineSpec
from autodistill.task import TaskFacts

SMALL = 10_000
"""Training examples below which more or mixed examples come first."""
PRUNABLE = 2_000
"""Training examples from which some may be left out."""
SHALLOW = 2
"""Layers up to which a student is trained with a higher learning rate."""


def portfolio(facts: TaskFacts) -> list[tuple[PipelineSpec, str]]:
    """Return pipelines with the reason for each, best first; only those that serve the task.

    Plain fine-tuning is not among them: every search runs it anyway.
    """
    rate = 3e-4 if facts.student_layers <= SHALLOW else 1e-4
    training = {"training": {"learning_rate": rate, "num_epochs": 8}}
    offered = [
        (PipelineSpec.model_validate(choices | training), reason)
        for choices, reason in _choices(facts)
    ]
    return [(pipeline, reason) for pipeline, reason in offered if not pipeline.problems(facts)]


def _choices(facts: TaskFacts) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield choices and reasons; figures are from the runs that Distiller's authors released."""
    classes = facts.task.is_classification
    squares = {"kind": "logit_mse", "weight": 0.7}
    soft = {"kind": "softened_kl", "weight": 0.7} if classes else squares
    informed = {"kind": "mi_alpha", "alpha": 0.9, "weight": 0.1}
    if classes and facts.num_train < SMALL and not facts.task.tags_words:
        yield (
            {"loss": soft, "intermediate": informed, "augmentation": {"kind": "mixup"}},
            "MI-alpha beside the teacher's outputs, on mixed examples: in Distiller's runs (He et "
            "al., 2021) the best kind of pipeline for fewer than 10,000 training examples",
        )
        yield (
            {
                "loss": soft | {"weight": 0.9},
                "intermediate": informed,
                "augmentation": {"kind": "random_edits"},
            },
            "MI-alpha, and edited copies that the teacher labels: more text helps a weak student "
            "on a small set",
        )
    else:
        yield (
            {"loss": squares, "intermediate": informed},
            "MI-alpha on evenly spread layers beside the teacher's logits: it beat plain squared "
            "errors on hidden states in 73 % of matched pairs of Distiller's runs (He et al., "
            "2021), and logit MSE did best on large sets",
        )
        yield (
            {"loss": squares, "intermediate": informed, "augmentation": {"kind": "mixup"}},
            "the same on mixed examples, which were better in 70 % of matched pairs there",
        )
    yield (
        {"loss": squares, "intermediate": {"kind": "mse"}},
        "squared errors on logits and hidden states, as in TinyBERT (Jiao et al., 2020)",
    )
    yield (
        {"loss": soft | {"weight": 1.0}},
        "the teacher's outputs alone, the cheapest distillation (Hinton et al., 2015)",
    )
    yield (
        {"loss": soft | {"weight": 0.5}, "targets": {"kind": "pskd"}},
        "less weight on the teacher, with targets that the student refines itself (PS-KD, Kim et "
        "al., 2021)",
    )
    for share, why in ((0.5, "half"), (0.25, "a quarter")) if facts.num_train >= PRUNABLE else ():
        yield (
            {
                "loss": soft | {"weight": kd_weight(share)},
                "selection": {"kind": "random", "keep_fraction": share},
            },
            f"{why} of the examples with more weight on the teacher, which saves as much time: "
            "random pruning with distillation rivals elaborate scores (Baykal et al., 2024); how "
            "the weight follows the share is a prior of ours",
        )
