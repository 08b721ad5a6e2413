"""A teacher and a student at one small batch, for tests of what augmentations do with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from autodistill.activations import Activation
from autodistill.lazy import torch
from autodistill.models.encoders import load_with_fresh_head
from autodistill.models.lessons import Reading, Scene
from autodistill.models.speaking import Speaker
from autodistill.models.tokens import TokenBatch
from autodistill.testing.tiny import tiny_encoder

LABELS = ("animal", "food", "sky")
STATES = (Activation("hidden", 0), Activation("hidden", 2))


def tiny_classifier(folder: Path, seed: int, *, width: int = 16, labels: Any = LABELS) -> Any:
    """Return a random two-layer classifier in evaluation mode, that tells texts apart."""
    encoder = tiny_encoder(folder / f"{seed}-{width}", num_layers=2, width=width, seed=seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = load_with_fresh_head(encoder, labels).eval()
    with torch.no_grad():
        for matrix in (p for p in model.parameters() if p.ndim > 1):
            matrix.mul_(10)  # fresh ones say the same of every text
    return model


def tiny_batch(num_examples: int = 6, length: int = 8, seed: int = 0) -> TokenBatch:
    """Return texts of several lengths: a start token, words, an end token, padding."""
    random = torch.Generator().manual_seed(seed)
    ids_BT = torch.randint(5, 30, (num_examples, length), generator=random)
    lengths_B = torch.arange(num_examples) % (length - 3) + 4
    at_T = torch.arange(length)
    mask_BT = at_T < lengths_B[:, None]
    ids_BT[:, 0] = 2
    ids_BT[at_T == lengths_B[:, None] - 1] = 3
    ids_BT = ids_BT * mask_BT
    where = mask_BT.flatten().nonzero()[:, 0].numpy()
    rows_V = torch.arange(num_examples).numpy()
    return TokenBatch(ids_BT, torch.zeros_like(ids_BT), mask_BT, where, rows_V, None)


def tiny_scene(student: Any, teacher: Any, batch: TokenBatch | None = None) -> Scene:
    """Return both models at a batch, with a cache that holds exactly what the teacher says."""
    batch = tiny_batch() if batch is None else batch
    speaker = Speaker(teacher.eval().requires_grad_(requires_grad=False), STATES)

    def recall() -> Any:
        with torch.no_grad():
            return speaker(batch.inputs(teacher), batch.scored_BT)

    size, width = len(batch.rows_V), teacher.config.num_labels
    target_VC = torch.eye(width)[torch.arange(size) % width] if width > 1 else torch.randn(size, 1)
    return Scene(
        student=Reading(Speaker(student, STATES), batch),
        teacher_batch=batch,
        target_VC=target_VC,
        recall=recall,
        call_teacher=lambda: speaker,
    )
