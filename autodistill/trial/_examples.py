"""The examples of one trial: selected, augmented, with the teacher's outputs on each."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from autodistill.activations import Activation
from autodistill.augmentations import Augmentation, Resources, RewritingAugmentation
from autodistill.data.table import Split
from autodistill.models.encoders import load, load_reader
from autodistill.models.ensemble import load_teacher
from autodistill.models.fitting import label_tensor
from autodistill.models.folders import folder, key
from autodistill.models.inputs import Batch, Inputs, read_inputs
from autodistill.models.outputs import Outputs, read_outputs, write_outputs
from autodistill.models.scale import Scale
from autodistill.models.tokens import Tokens, tokenise
from autodistill.pool import Pool
from autodistill.record import PreparedTask
from autodistill.spec import TrialSpec
from autodistill.trial._dynamics import dynamics

REWRITING = 20
"""Seed of rewritten texts, the same in every trial."""


@dataclass(frozen=True)
class Examples:
    """What an epoch goes over: K kept originals and rewritten copies. V rows are predicted."""

    pool: Pool
    """What the originals were chosen from."""
    tokens: Inputs
    """As the student cuts them: the training split, followed by the copies."""
    teacher_tokens: Inputs
    """As the teacher cuts them; the same object where they share a tokenizer."""
    outputs: Outputs
    """Of the teacher, on the dataset's scale."""
    chosen_K: NDArray[np.int64]
    """Which of the tokens' examples are trained on; some more than once an epoch, where fewer
    examples are to have as many steps."""
    ids_V: NDArray[np.int64]
    """Stable id of each row: its own, or that of the original row it was rewritten from."""
    label_VC: torch.Tensor
    """Labels by id."""

    def batches(self, chosen_B: NDArray[np.int64]) -> tuple[Batch, Batch]:
        """Return some examples as the student and as the teacher cut them."""
        mine = self.tokens.batch(chosen_B)
        if self.teacher_tokens is self.tokens:
            return mine, mine
        return mine, self.teacher_tokens.batch(chosen_B)


def examples(
    task: PreparedTask,
    spec: TrialSpec,
    activations: Sequence[Activation],
    scale: Scale,
    split: Split,
) -> Examples:
    """Return a trial's examples out of the training split.

    Args:
        task: Where everything lies.
        spec: The trial.
        activations: Of the teacher that are needed.
        scale: The scale that values are learnt on.
        split: The whole training split.
    """
    available_M = np.arange(len(split))
    if task.train_positions is not None:
        available_M = np.array(task.train_positions, dtype=np.int64)
    labels_V = read_inputs(task.student_tokens[spec.student], "train").labels(split)
    label_VC = label_tensor(task.task, labels_V, len(task.labels) or 1, scale)
    pool = _pool(task, spec.student, available_M, label_VC, scale)
    rng = np.random.default_rng([spec.seed, 1])
    kept = available_M[spec.pipeline.selection.choose(pool, rng)]
    copies, origins = _copies(task, split, available_M, spec.pipeline.augmentation)
    mine = np.flatnonzero(np.isin(origins, kept))
    teacher_tokens, outputs = _taught(task, copies, activations, available_M)
    tokens = teacher_tokens
    if not task.facts[spec.student].shared_tokenizer:
        tokens = read_inputs(task.student_tokens[spec.student], "train")
        if len(copies):
            more = _cut(copies, task.students[spec.student], task.max_length)
            tokens = _joined(tokens, more)
    chosen_K = np.concatenate([kept, len(split) + mine])
    if spec.pipeline.selection.keeps_steps:
        chosen_K = np.resize(rng.permutation(chosen_K), len(available_M) + len(origins))
    return Examples(
        pool=pool,
        tokens=tokens,
        teacher_tokens=teacher_tokens,
        outputs=outputs,
        chosen_K=chosen_K,
        ids_V=np.concatenate([np.arange(len(label_VC)), origins]),
        label_VC=label_VC,
    )


def _pool(
    task: PreparedTask,
    student: str,
    available_M: NDArray[np.int64],
    label_VC: torch.Tensor,
    scale: Scale,
) -> Pool:
    """Return what components may look at when they are built."""
    tokens = read_inputs(task.student_tokens[student], "train")
    said = read_outputs(task.outputs, "train", read_inputs(task.tokens, "train"))
    ids_V = tokens.rows(available_M)
    rows_M = np.diff(tokens.row_offsets)[available_M]
    labels_VC = label_VC[torch.from_numpy(ids_V)].cpu().numpy()
    initial = task.students[student]
    before = said.features_VE if said.unbounded_VE is None else said.unbounded_VE
    return Pool(
        facts=task.facts[student],
        num_ids=len(label_VC),
        ids_V=ids_V,
        example_V=np.repeat(np.arange(len(available_M)), rows_M),
        labels_V=(
            labels_VC.argmax(axis=1) if task.task.is_classification else labels_VC[:, 0]
        ).astype(np.float64),
        logits_VC=scale.standard(said.logits_VC[ids_V]),
        read_features=lambda: said.features_VE[ids_V].astype(np.float32),
        read_penultimate=lambda: before[ids_V].astype(np.float32),
        watch=lambda: dynamics(
            scale.unfold(load(initial)),
            tokens,
            label_VC,
            available_M,
            task.task,
            task.outputs.parent,
            initial.name,
            task.student_tokens[student].name,
        ),
    )


def _copies(
    task: PreparedTask, split: Split, available_M: NDArray[np.int64], augmentation: Augmentation
) -> tuple[Split, NDArray[np.int64]]:
    """Return the rewritten texts of the available examples, and where each one comes from.

    An example's copies depend on nothing but the example, the augmentation and its models. The
    first trial to need some makes them for all trials.
    """
    if not isinstance(augmentation, RewritingAugmentation):
        return split.some(available_M[:0]), available_M[:0]
    origins = np.repeat(available_M, augmentation.copies)
    number = np.tile(np.arange(augmentation.copies), len(available_M))
    originals = split.some(origins)
    resources = Resources(task.masked_lm, task.translators, task.prefix)

    def rewritten(texts: Sequence[str], which: int) -> list[str]:
        seeds = ([REWRITING, *at, which] for at in zip(origins, number, strict=True))
        random = [np.random.default_rng(seed) for seed in seeds]
        return list(augmentation.rewrite(texts, random, resources))

    def make(to: Path) -> None:
        pairs = None if originals.pairs is None else rewritten(originals.pairs, 1)
        made = {"texts": rewritten(originals.texts, 0), "pairs": pairs}
        (to / "copies.json").write_text(json.dumps(made), encoding="utf-8")

    parts = (task.outputs.name, augmentation.model_dump(mode="json"), *_models(resources))
    made = folder(task.outputs.parent / key("copies", *parts), make)
    read = json.loads((made / "copies.json").read_text(encoding="utf-8"))
    return Split(read["texts"], read["pairs"], originals.labels), origins


def _models(resources: Resources) -> Iterator[str]:
    """Yield what tells the models apart that rewrite texts."""
    for path in (resources.masked_lm, *(resources.translators or ())):
        yield "" if path is None else str(path)
    yield resources.prefix


def _taught(
    task: PreparedTask,
    copies: Split,
    activations: Sequence[Activation],
    available_M: NDArray[np.int64],
) -> tuple[Inputs, Outputs]:
    """Return the teacher's tokens and outputs on the training split, followed by its copies.

    Its states are many times larger than what it says at its end, and few trials need the same:
    the first trial to need some on some examples makes them for all trials.
    """

    def outputs(of: Inputs, positions: NDArray[np.int64], *parts: Any) -> Outputs:
        def make(to: Path) -> None:
            write_outputs(
                load_teacher(task.teacher, Scale()), of, positions, activations, to, "train"
            )

        name = key("states", task.outputs.name, list(activations), *parts)
        made = folder(task.outputs.parent / name, make)
        return read_outputs(made, "train", of, activations)

    tokens = read_inputs(task.tokens, "train")
    said = (
        outputs(tokens, available_M) if activations else read_outputs(task.outputs, "train", tokens)
    )
    if not len(copies):
        return tokens, said
    more = _cut(copies, task.teacher, task.max_length)
    of_copies = outputs(more, np.arange(len(more)), copies.texts, copies.pairs)
    return _joined(tokens, more), said.joined(of_copies)


def _joined(originals: Inputs, copies: Tokens) -> Inputs:
    assert isinstance(originals, Tokens)  # only texts are rewritten
    return originals.joined(copies)


def _cut(texts: Split, model: Path, max_length: int) -> Tokens:
    return tokenise(load_reader(model), texts, max_length)
