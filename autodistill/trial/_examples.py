"""The examples of one trial: selected, augmented, with the teacher's outputs on each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from autodistill.data.table import Split, read_split
from autodistill.models.device import device
from autodistill.models.encoders import load, load_tokenizer
from autodistill.models.fitting import label_tensor
from autodistill.models.outputs import Outputs, infer, read_outputs
from autodistill.models.tokens import Tokens, read_tokens, tokenise
from autodistill.record import PreparedTask
from autodistill.selections import Candidates
from autodistill.spec import PipelineSpec, TrialSpec


@dataclass(frozen=True)
class Examples:
    """What is trained on: K kept originals and their rewritten copies."""

    tokens: Tokens
    outputs: Outputs
    """Of the teacher."""
    rows_K: NDArray[np.int64]
    """Where each example lies in `tokens` and `outputs`."""
    ids_K: NDArray[np.int64]
    """Position in the training split of the original that each example comes from."""
    labels_NC: torch.Tensor
    """Labels of the whole training split, by position."""


def examples(task: PreparedTask, spec: TrialSpec, layers: tuple[int, ...]) -> Examples:
    """Return a trial's examples; rewritten texts are made and shown to the teacher here, once."""
    split = read_split(task.dataset, "train")
    classes = task.task.is_classification
    available = np.arange(len(split.texts))
    if task.train_positions is not None:
        available = np.array(task.train_positions, dtype=np.int64)
    candidates = Candidates(split.labels[available].astype(float), len(task.labels))
    chosen = spec.pipeline.selection.choose(candidates, np.random.default_rng([spec.seed, 1]))
    kept = available[chosen]
    tokens = read_tokens(task.tokens, "train")
    outputs = read_outputs(task.outputs, "train", layers)
    rows, ids = kept, kept
    copies, origin = _copies(split, kept, spec.pipeline, np.random.default_rng([spec.seed, 2]))
    if len(origin):
        more = tokenise(load_tokenizer(task.teacher), copies, task.max_length)
        teacher = load(task.teacher).to(device())
        rows = np.concatenate([kept, len(tokens) + np.arange(len(origin))])
        ids = np.concatenate([kept, origin])
        outputs = outputs.joined(infer(teacher, more, layers))
        tokens = tokens.joined(more)
    num_outputs = len(task.labels) or 1
    labels_NC = label_tensor(split.labels, num_outputs, classes=classes).to(device())
    return Examples(tokens, outputs, rows, ids, labels_NC)


def _copies(
    split: Split, kept: NDArray[np.int64], pipeline: PipelineSpec, rng: np.random.Generator
) -> tuple[Split, NDArray[np.int64]]:
    """Return the rewritten texts of the kept examples, and the position each one comes from."""
    texts, pairs, origin = [], [], []
    for position in kept:
        rewritten = pipeline.augmentation.rewrite(split.texts[position], rng)
        texts += rewritten
        origin += [position] * len(rewritten)
        if split.pairs is not None and rewritten:
            pairs += pipeline.augmentation.rewrite(split.pairs[position], rng)
    where = np.array(origin, dtype=np.int64)
    copied = Split(texts, pairs if split.pairs is not None else None, split.labels[where])
    return copied, where
