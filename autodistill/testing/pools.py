"""A pool of random examples, for tests of what is built from one."""

from __future__ import annotations

import numpy as np

from autodistill.pool import Dynamics, Pool
from autodistill.task import TaskFacts


def random_pool(facts: TaskFacts, num_examples: int | None = None, seed: int = 0) -> Pool:
    """Return examples of every class in turn, with a teacher that is right more often than not.

    Args:
        facts: Of the job; labels are class numbers, or values from N(0, 1).
        num_examples: As many as the facts say when not given.
        seed: Of everything.
    """
    rng = np.random.default_rng(seed)
    size, width = num_examples or facts.num_train, facts.num_outputs
    logits_VC = rng.normal(size=(size, width))
    if facts.task.is_classification:
        labels_V = (np.arange(size) % width).astype(np.float64)
        logits_VC[np.arange(size), labels_V.astype(int)] += 1.5
    else:
        labels_V = rng.normal(size=size)
        logits_VC = labels_V[:, None] + 0.3 * logits_VC
    features_VE = rng.normal(size=(size, facts.teacher_width))
    features_VE[:, :width] += logits_VC[:, : facts.teacher_width]
    forgetting_V = rng.integers(0, 3, size).astype(np.float32)
    forgetting_V[rng.random(size) < 0.1] = np.inf

    def watch() -> Dynamics:
        el2n_V = rng.uniform(0, 2**0.5, size).astype(np.float32)
        return Dynamics(forgetting_V, el2n_V, 2 * el2n_V, seconds=1.0)

    return Pool(
        facts=facts,
        num_ids=size,
        ids_V=np.arange(size),
        example_V=np.arange(size),
        labels_V=labels_V,
        logits_VC=logits_VC.astype(np.float32),
        read_features=lambda: features_VE.astype(np.float32),
        read_penultimate=lambda: (features_VE + 1).astype(np.float32),
        watch=watch,
    )
