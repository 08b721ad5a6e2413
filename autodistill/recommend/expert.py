"""What an expert would try without having seen anything: a short, complementary list."""

from __future__ import annotations

from collections.abc import Iterator

from autodistill.spec import PipelineSpec
from autodistill.task import TaskFacts

SMALL = 10_000
"""Below so many training examples augmentation is tried first."""


def portfolio(facts: TaskFacts) -> list[tuple[PipelineSpec, str]]:
    """Return pipelines with the reason for each, best first; only those that serve the task."""
    offered = [
        (PipelineSpec.model_validate(choices | {"training": _training(facts)}), reason)
        for choices, reason in _choices(facts)
    ]
    return [(pipeline, reason) for pipeline, reason in offered if not pipeline.problems(facts)]


def _training(facts: TaskFacts) -> dict[str, float]:
    """Return a higher learning rate for a shallower student."""
    return {"learning_rate": 3e-4 if facts.student_layers <= 2 else 1e-4, "num_epochs": 8}


def _choices(facts: TaskFacts) -> Iterator[tuple[dict[str, object], str]]:
    classes = facts.task.is_classification
    soft = {"kind": "softened_kl"} if classes else {"kind": "logit_mse"}
    informed = {"kind": "mi_alpha", "alpha": 0.9, "weight": 0.1}
    paper = "Distiller (He et al., 2021) found it the best intermediate objective on average"
    plain = (
        {"loss": soft | {"weight": 0.7}, "intermediate": informed},
        f"MI-alpha on evenly spread layers beside the teacher's outputs: {paper}",
    )
    augmented = (
        {
            "loss": soft | {"weight": 0.9},
            "intermediate": informed,
            "augmentation": {"kind": "random_edits", "edit_fraction": 0.1},
        },
        "the same with edited copies that the teacher labels, which helps small sets and students",
    )
    yield from (augmented, plain) if facts.num_train < SMALL else (plain, augmented)
    yield (
        {"loss": {"kind": "logit_mse", "weight": 0.7}, "intermediate": {"kind": "mse"}},
        "squared errors on logits and hidden states, as in TinyBERT (Jiao et al., 2020)",
    )
    yield (
        {"loss": soft | {"weight": 1.0}},
        "the teacher's outputs alone, the cheapest distillation (Hinton et al., 2015)",
    )
    yield (
        {"loss": soft | {"weight": 0.5}, "targets": {"kind": "pskd"}},
        "less weight on the teacher, with targets that the student refines itself (PS-KD)",
    )
