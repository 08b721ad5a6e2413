"""What a model costs to use."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np

from autodistill.lazy import torch
from autodistill.models.device import clock
from autodistill.models.inputs import Batch, Inputs

TEXTS, REPEATS = 50, 3


def costs(model: Any, tokens: Inputs) -> dict[str, float]:
    """Return `num_parameters` and `latency_ms`, as of `latency_ms` on one thread."""

    def run(batch: Batch) -> None:
        with torch.inference_mode():
            model(**batch.inputs(model)).logits.cpu()  # waits for the device

    model.eval()
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        latency = latency_ms(run, tokens)
    finally:
        torch.set_num_threads(threads)
    parameters = sum(p.numel() for p in model.parameters())
    return {"num_parameters": float(parameters), "latency_ms": latency}


def latency_ms(run: Callable[[Batch], object], tokens: Inputs) -> float:
    """Return the median over single real examples.

    Each is timed a few times after a warm-up and its fastest run counts, since a busy machine only
    ever slows it down.
    """
    return 1000 * median(_seconds(run, tokens, i) for i in range(min(TEXTS, len(tokens))))


def _seconds(run: Callable[[Batch], object], tokens: Inputs, position: int) -> float:
    batch = tokens.batch(np.array([position]))
    found = []
    for _ in range(1 + REPEATS):
        start = clock()
        run(batch)
        found.append(clock() - start)
    return min(found[1:])
