"""The examples of one trial: selected, augmented, with the teacher's outputs on each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from autodistill.augmentations import Augmentation
from autodistill.data.table import Split
from autodistill.models.encoders import load, load_tokenizer
from autodistill.models.fitting import label_tensor
from autodistill.models.folders import folder, key
from autodistill.models.outputs import Outputs, read_outputs, write_outputs
from autodistill.models.scale import Scale
from autodistill.models.tokens import Tokens, read_tokens, tokenise
from autodistill.record import PreparedTask
from autodistill.selections import Candidates
from autodistill.spec import TrialSpec

REWRITING = 20
"""Seed of rewritten texts, the same in every trial."""


@dataclass(frozen=True)
class Examples:
    """What is trained on: K kept originals and their rewritten copies."""

    tokens: Tokens
    """As the student cuts them."""
    outputs: Outputs
    """Of the teacher, on the dataset's scale."""
    rows_K: NDArray[np.int64]
    """Where each example lies in `tokens` and `outputs`."""
    ids_K: NDArray[np.int64]
    """Position in the training split of the original that each example comes from."""
    label_NC: torch.Tensor
    """Labels of the whole training split, by position."""


def examples(
    task: PreparedTask, spec: TrialSpec, layers: tuple[int, ...], scale: Scale, split: Split
) -> Examples:
    """Return a trial's examples out of the training split.

    Args:
        task: Where everything lies.
        spec: The trial.
        layers: Teacher layers whose hidden states are needed.
        scale: The scale that values are learnt on.
        split: The whole training split.
    """
    available = np.arange(len(split))
    if task.train_positions is not None:
        available = np.array(task.train_positions, dtype=np.int64)
    candidates = Candidates(split.labels[available].astype(float), len(task.labels))
    rng = np.random.default_rng([spec.seed, 1])
    kept = available[spec.pipeline.selection.choose(candidates, rng)]
    tokens = read_tokens(task.student_tokens[spec.student], "train")
    outputs = read_outputs(task.outputs, "train", read_tokens(task.tokens, "train"), layers)
    copies, origins = _copies(split, available, spec.pipeline.augmentation)
    ids = rows = kept
    if len(origins):
        mine = np.flatnonzero(np.isin(origins, kept))
        rows = np.concatenate([kept, len(tokens) + mine])
        ids = np.concatenate([kept, origins[mine]])
        outputs = outputs.joined(_said(task, spec.pipeline.augmentation, copies, layers))
        student = load_tokenizer(task.students[spec.student])
        tokens = tokens.joined(tokenise(student, copies, task.max_length))
    num_outputs = len(task.labels) or 1
    return Examples(
        tokens, outputs, rows, ids, label_tensor(task.task, split.labels, num_outputs, scale)
    )


def _copies(
    split: Split, available: NDArray[np.int64], augmentation: Augmentation
) -> tuple[Split, NDArray[np.int64]]:
    """Return the rewritten texts of the available examples, and where each one comes from.

    An example's copies depend on nothing but the example and the augmentation.
    """
    texts: list[str] = []
    pairs: list[str] = []
    origins: list[int] = []
    for position in available:
        rng = np.random.default_rng([REWRITING, position])
        rewritten = augmentation.rewrite(split.texts[position], rng)
        texts += rewritten
        origins += [int(position)] * len(rewritten)
        if split.pairs is not None:
            pairs += augmentation.rewrite(split.pairs[position], rng)
    where = np.array(origins, dtype=np.int64)
    return Split(texts, pairs if split.pairs is not None else None, split.labels[where]), where


def _said(
    task: PreparedTask, augmentation: Augmentation, copies: Split, layers: tuple[int, ...]
) -> Outputs:
    """Return the teacher's outputs on rewritten texts; the first trial to need them makes them."""
    tokens = tokenise(load_tokenizer(task.teacher), copies, task.max_length)

    def make(to: Path) -> None:
        write_outputs(load(task.teacher), tokens, np.arange(len(tokens)), layers, to, "copies")

    parts = (task.outputs.name, augmentation.model_dump(mode="json"), layers)
    return read_outputs(
        folder(task.outputs.parent / key("copies", *parts), make), "copies", tokens, layers
    )
