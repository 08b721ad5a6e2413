"""How much of the teacher a pruned training set wants: a prior of ours."""

from __future__ import annotations

import numpy as np

BASES = (0.3, 0.7)
POWERS = (0.5, 1.0, 2.0)
SPREAD = 0.1


def kd_weight(keep_fraction: float, base: float = 0.5, power: float = 1.0) -> float:
    """Return `alpha(f) = clip(a1 + (1 - a1) (1 - f)^kappa, 0, 1)`.

    That the best KD weight grows as less is kept is an observation of Baykal et al. (2024); the
    curve is ours.

    Args:
        keep_fraction: f, the share of the training examples that is kept.
        base: a1, the weight where all are kept.
        power: kappa, how late the weight rises as f falls.
    """
    return float(np.clip(base + (1 - base) * (1 - keep_fraction) ** power, 0, 1))


def drawn_kd_weight(keep_fraction: float, rng: np.random.Generator) -> float:
    """Return a weight from the prior: a random curve, with noise of deviation 0.1."""
    alpha = kd_weight(keep_fraction, rng.uniform(*BASES), float(rng.choice(POWERS)))
    return float(np.clip(alpha + rng.normal(0, SPREAD), 0, 1))
