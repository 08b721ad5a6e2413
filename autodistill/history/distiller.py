"""The table of runs that the authors of Distiller released, as past tasks.

He et al. (2021), `auto_distiller_tabular_data.csv` of their repository: one run a row on a task of
GLUE, with its score on dev as a share of 1. Sizes of the models are those of their papers. Where a
row mixes examples and rewrites texts, its text operations are left out: a pipeline here has one
augmentation. Hyperparameters that the table does not tell are our defaults.
"""

from __future__ import annotations

import csv
import hashlib
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from autodistill.errors import InvalidInput, Problem
from autodistill.history import PastTask, Standing
from autodistill.metrics import METRICS
from autodistill.record import Dataset, Origin, Trial, TrialState
from autodistill.spec import PipelineSpec, TrialSpec
from autodistill.task import Task, TaskFacts

COLUMNS = (
    *("Model", "Teacher", "intermediate_loss_type", "alpha", "intermediate_strategy"),
    *("kd_loss_type", "mixup", "repeated_aug", "aug_p", "#example", "score", "task"),
    *("contextual", "backtranslation", "random"),
)
ENCODERS = {
    "bert_base": (12, 768, 12),
    "electra_base": (12, 768, 12),
    "electra-large": (24, 1024, 16),
    "roberta-large": (24, 1024, 16),
    "tinybert4": (4, 312, 12),
    "tinybert6": (6, 768, 12),
    "bert_tiny": (2, 128, 2),
    "bert_mini": (4, 256, 4),
    "bert_small": (4, 512, 8),
    "bert_medium": (8, 512, 8),
    "electra_small": (12, 256, 4),
}
"""Layers, width and attention heads."""
OPERATIONS = {"contextual": "contextual", "backtranslation": "back_translation", "random": "random"}
INTERMEDIATE = {
    "mi": "mi_alpha",
    "mse": "mse",
    "cos": "cosine",
    "pkd": "pkd",
    "ce": "channel_ce",
}
SINGLE = ("cola", "sst-2")
"""Tasks of one text; the others have two."""
PUBLISHED = datetime(2021, 9, 23, tzinfo=UTC)


def read(path: Path) -> list[PastTask]:
    """Return the tasks of the table: one for each task of GLUE, teacher and student.

    Raises:
        InvalidInput: When it is another table.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        message = f"The table cannot be read: {error}."
        raise InvalidInput(Problem(field="file", message=message)) from error
    reader = csv.DictReader(lines)
    if missing := [name for name in COLUMNS if name not in (reader.fieldnames or ())]:
        message = f"This is not Distiller's table: it lacks {', '.join(missing)}."
        raise InvalidInput(Problem(field="file", message=message))
    try:
        return _tasks(list(reader))
    except (KeyError, ValueError, TypeError, OverflowError, AttributeError) as error:
        message = f"A row of the table makes no sense: {error}."
        raise InvalidInput(Problem(field="file", message=message)) from error


def _tasks(rows: list[dict[str, str]]) -> list[PastTask]:
    found: dict[tuple[str, str, str], list[Trial]] = {}
    facts: dict[tuple[str, str, str], TaskFacts] = {}
    for number, row in enumerate(rows):
        key = row["task"], row["Teacher"], row["Model"]
        facts[key] = _facts(row)
        found.setdefault(key, []).append(_trial(number, row, METRICS[facts[key].task][0]))
    return [
        PastTask(
            dataset=_dataset(key[0], facts[key]),
            facts=facts[key],
            metric=METRICS[facts[key].task][0],
            trials=tuple(trials),
            job=_job(*key[:2]),
            student=key[2],
            standing=Standing.IMPORTED,
            kin=f"glue {key[0]}",
        )
        for key, trials in found.items()
    ]


def _job(task: str, teacher: str) -> str:
    return f"distiller {task} {teacher}"


def _facts(row: Mapping[str, str]) -> TaskFacts:
    layers, width, heads = ENCODERS[row["Teacher"].lower()]
    student_layers, student_width, student_heads = ENCODERS[row["Model"].lower()]
    regression, single = row["task"] == "stsb", row["task"] in SINGLE
    of_classes = Task.TEXT_CLASSIFICATION if single else Task.TEXT_PAIR_CLASSIFICATION
    return TaskFacts(
        task=Task.TEXT_REGRESSION if regression else of_classes,
        num_outputs=1 if regression else 3 if row["task"] == "mnli" else 2,
        num_train=int(float(row["#example"])),
        teacher_layers=layers,
        student_layers=student_layers,
        teacher_width=width,
        student_width=student_width,
        teacher_heads=heads,
        student_heads=student_heads,
        shared_tokenizer=not row["Teacher"].lower().startswith("roberta"),
        masked_lm=True,
        translation=True,
    )


def _dataset(task: str, facts: TaskFacts) -> Dataset:
    name = f"GLUE {task}"
    sha256 = hashlib.sha256(name.encode()).hexdigest()
    return Dataset(
        id=f"ds_{sha256[:16]}",
        name=name,
        sha256=sha256,
        task=facts.task,
        labels=() if facts.num_outputs == 1 else tuple(map(str, range(facts.num_outputs))),
        has_pair=task not in SINGLE,
        num_examples={"train": facts.num_train},
        licence="",
        meta_features={
            "log_train": math.log(facts.num_train),
            "pair": float(task not in SINGLE),
            "log_outputs": math.log(facts.num_outputs),
        },
        created_at=PUBLISHED,
    )


def _trial(number: int, row: Mapping[str, str], metric: str) -> Trial:
    return Trial(
        job_id=_job(row["task"], row["Teacher"]),
        number=number,
        spec=TrialSpec(pipeline=_pipeline(row), student=row["Model"], seed=0),
        origin=Origin.SAMPLER,
        state=TrialState.COMPLETE,
        reason="",
        finish_order=number,
        num_attempts=1,
        epochs_done=0,
        dev={metric: float(row["score"])},
        test={},
        seconds=0.0,
        created_at=PUBLISHED,
        finished_at=PUBLISHED,
    )


def _pipeline(row: Mapping[str, str]) -> PipelineSpec:
    kind = INTERMEDIATE[row["intermediate_loss_type"]]
    intermediate: dict[str, Any] = {"kind": kind}
    if kind != "pkd":
        intermediate["mapping"] = {"kind": row["intermediate_strategy"]}
    if kind == "mi_alpha":
        intermediate["alpha"] = float(row["alpha"])
    squares = row["kd_loss_type"] == "mse" or row["task"] == "stsb"
    chosen: dict[str, Any] = {
        "loss": {"kind": "logit_mse" if squares else "softened_kl"},
        "intermediate": intermediate,
    }
    chain = [name for name in OPERATIONS if int(row[name])]
    if row["mixup"].upper() == "TRUE":
        chosen["augmentation"] = {"kind": "mixup"}
    elif chain:
        chain.sort(key=lambda name: int(row[name]))
        chosen["augmentation"] = {
            "kind": "text_chain",
            "order": "+".join(OPERATIONS[name] for name in chain),
            "edit_fraction": float(row["aug_p"]),
        }
    return PipelineSpec.model_validate(chosen)
