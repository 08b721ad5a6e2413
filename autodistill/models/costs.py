"""What a model costs to use."""

from __future__ import annotations

from statistics import median
from typing import Any

import numpy as np

from autodistill.lazy import torch
from autodistill.models.device import clock
from autodistill.models.inputs import Inputs

TEXTS, REPEATS = 50, 3


def costs(model: Any, tokens: Inputs) -> dict[str, float]:
    """Return `num_parameters` and `latency_ms`.

    The latency is the median of single real examples on one thread; each is timed a few times after
    a warm-up and its fastest run counts, since a busy machine only ever slows it down.
    """
    model.eval()
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        seconds = [_seconds(model, tokens, i) for i in range(min(TEXTS, len(tokens)))]
    finally:
        torch.set_num_threads(threads)
    parameters = sum(p.numel() for p in model.parameters())
    return {"num_parameters": float(parameters), "latency_ms": 1000 * median(seconds)}


def _seconds(model: Any, tokens: Inputs, position: int) -> float:
    batch = tokens.batch(np.array([position]))
    found = []
    for _ in range(1 + REPEATS):
        start = clock()
        with torch.inference_mode():
            model(**batch.inputs(model)).logits.cpu()  # waits for the device
        found.append(clock() - start)
    return min(found[1:])
