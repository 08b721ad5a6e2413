"""The examples of one trial: selected, augmented, with the teacher's outputs on each."""

from __future__ import annotations

from collections.abc import Sequence
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
from autodistill.models.tokens import TokenBatch, Tokens, read_tokens, tokenise
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
    teacher_tokens: Tokens
    """As the teacher cuts them; the same object where they share a tokenizer."""
    outputs: Outputs
    """Of the teacher, on the dataset's scale."""
    rows_K: NDArray[np.int64]
    """Where each example lies in `tokens` and `outputs`."""
    ids_K: NDArray[np.int64]
    """Position in the training split of the original that each example comes from."""
    label_NC: torch.Tensor
    """Labels of the whole training split, by position."""

    def batches(self, rows_B: NDArray[np.int64]) -> tuple[TokenBatch, TokenBatch]:
        """Return some examples as the student and as the teacher cut them."""
        mine = self.tokens.batch(rows_B)
        if self.teacher_tokens is self.tokens:
            return mine, mine
        return mine, self.teacher_tokens.batch(rows_B)


def examples(
    task: PreparedTask, spec: TrialSpec, layers: Sequence[int], scale: Scale, split: Split
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
    copies, origins = _copies(split, available, spec.pipeline.augmentation)
    mine = np.flatnonzero(np.isin(origins, kept))
    rows = np.concatenate([kept, len(split) + mine])
    ids = np.concatenate([kept, origins[mine]])
    teacher_tokens, outputs = _taught(task, spec.pipeline.augmentation, copies, layers)
    tokens = teacher_tokens
    if not task.facts[spec.student].shared_tokenizer:
        tokens = read_tokens(task.student_tokens[spec.student], "train")
        tokens = tokens.joined(_cut(copies, task.students[spec.student], task.max_length))
    label_NC = label_tensor(task.task, split.labels, len(task.labels) or 1, scale)
    return Examples(tokens, teacher_tokens, outputs, rows, ids, label_NC)


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


def _taught(
    task: PreparedTask, augmentation: Augmentation, copies: Split, layers: Sequence[int]
) -> tuple[Tokens, Outputs]:
    """Return the teacher's tokens and outputs on the training split, followed by its copies.

    The first trial to need the outputs on some copies makes them for all trials.
    """
    tokens = read_tokens(task.tokens, "train")
    outputs = read_outputs(task.outputs, "train", tokens, layers)
    if not len(copies):
        return tokens, outputs
    more = _cut(copies, task.teacher, task.max_length)

    def make(to: Path) -> None:
        write_outputs(load(task.teacher), more, np.arange(len(more)), layers, to, "copies")

    parts = (task.outputs.name, augmentation.model_dump(mode="json"), list(layers))
    made = folder(task.outputs.parent / key("copies", *parts), make)
    return tokens.joined(more), outputs.joined(read_outputs(made, "copies", more, layers))


def _cut(texts: Split, model: Path, max_length: int) -> Tokens:
    return tokenise(load_tokenizer(model), texts, max_length)
