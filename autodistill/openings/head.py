"""The KD weight and the temperature of a linear softmax head on frozen features, tuned by MAID.

Letters: N rows, D features and a constant, C classes, K folds. The lower level is
`(1 - a) CE + a t^2 CE(p^t, q^t) + l / 2 |W|^2` of one head for each fold, on the rows outside the
fold; the upper level is the cross-entropy of each row by the head that has not seen it. What is
searched is where a, log t and log l lie between their bounds, as logits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from autodistill.openings.bilevel import descend

FOLDS = 4
MOST_ROWS = 1024
"""More are not looked at: it is to take seconds."""
DECAYS, FIRST_DECAY = (1e-5, 1.0), 1e-3
"""Between which bounds l is searched and where it starts; features have a mean square norm of 1."""
INSIDE = 0.02
"""Of a range, how far inside it the search starts at least: at a bound nothing would move."""
THIRD = math.sqrt(0.5)
"""No third cumulant of a categorical variable along unit vectors is larger."""


@dataclass(frozen=True)
class Tuned:
    """What was found."""

    weight: float
    temperature: float
    loss: float
    """Held-out cross-entropy there."""


@dataclass(frozen=True)
class SoftmaxHeads:
    """Both levels, with w of shape (K, D, C)."""

    features_ND: torch.Tensor
    label_NC: torch.Tensor
    teacher_NC: torch.Tensor
    """Logits."""
    fold_N: torch.Tensor
    num_folds: int
    bounds_P2: torch.Tensor
    """Least and most of a, log t and log l."""

    @cached_property
    def widths_P(self) -> torch.Tensor:  # noqa: N802
        """Of the bounds; where they are one, so little that nothing comes of it."""
        return torch.diff(self.bounds_P2)[:, 0].clamp(min=1e-9)

    def settings(self, theta: torch.Tensor) -> torch.Tensor:
        """Return a, log t and log l; in the middle of its range each moves as fast as theta."""
        parts_P = (4 * theta / self.widths_P).sigmoid()
        return torch.addcmul(self.bounds_P2[:, 0], self.widths_P, parts_P)

    def place(self, settings_P: torch.Tensor) -> torch.Tensor:
        """Return theta of some settings, at least a little inside their bounds."""
        parts_P = (settings_P - self.bounds_P2[:, 0]) / self.widths_P
        return torch.mul(self.widths_P / 4, parts_P.clamp(INSIDE, 1 - INSIDE).logit())

    @cached_property
    def inside_KN(self) -> torch.Tensor:  # noqa: N802
        """Weight of each row in each fold's lower level, of sum 1."""
        seen_KN = (self.fold_N != torch.arange(self.num_folds)[:, None]).double()
        return seen_KN / seen_KN.sum(dim=1, keepdim=True)

    @cached_property
    def outside_KN(self) -> torch.Tensor:  # noqa: N802
        """Weight of each row in the upper level."""
        unseen_KN = self.fold_N == torch.arange(self.num_folds)[:, None]
        return unseen_KN.double() / len(self.fold_N)

    def lower(self, w: torch.Tensor, theta: torch.Tensor) -> torch.Tensor:
        """Return the sum of the folds' objectives."""
        share, log_temperature, log_decay = self.settings(theta)
        temperature, decay = log_temperature.exp(), log_decay.exp()
        said_KNC = self.features_ND @ w
        p_NC = (self.teacher_NC / temperature).softmax(dim=-1)
        hard_KN = -(self.label_NC * said_KNC.log_softmax(dim=-1)).sum(dim=-1)
        soft_KN = -(p_NC * (said_KNC / temperature).log_softmax(dim=-1)).sum(dim=-1)
        each_KN = (1 - share) * hard_KN + share * temperature**2 * soft_KN
        return torch.add(torch.sum(self.inside_KN * each_KN), decay / 2 * w.square().sum())

    def upper(self, w: torch.Tensor) -> torch.Tensor:
        """Return the mean cross-entropy of held-out rows."""
        said_KNC = self.features_ND @ w
        hard_KN = -(self.label_NC * said_KNC.log_softmax(dim=-1)).sum(dim=-1)
        return torch.sum(self.outside_KN * hard_KN)

    def convexity(self, theta: torch.Tensor) -> float:
        """Return the penalty's: cross-entropy alone is flat along some directions."""
        return float(self.settings(theta.detach())[2].exp())

    @cached_property
    def smoothness(self) -> float:
        """Half the largest eigenvalue of a fold's features: a softmax's covariance is below 1/2."""
        return self._largest(self.outside_KN) / 2

    def drift(self, w: torch.Tensor, theta: torch.Tensor, radius: float) -> tuple[float, float]:
        """Return the constants, by the third cumulants of the softmax."""
        share, log_temperature, log_decay = self.settings(theta).tolist()
        temperature, decay, spread = math.exp(log_temperature), math.exp(log_decay), self._spread
        parts_P = (4 * theta / self.widths_P).sigmoid()
        pace_P = (4 * parts_P * (1 - parts_P)).tolist()
        with torch.no_grad():
            said = float((self.features_ND @ w).norm(dim=-1).max())
        farthest = float(self.features_ND.norm(dim=1).max())
        said += farthest * radius
        of_matrix = THIRD * farthest * spread * (1 - share + share / temperature)
        by_share = pace_P[0] * spread
        by_temperature = pace_P[1] * share * spread * (1 + THIRD * said / temperature)
        return of_matrix, math.hypot(by_share, by_temperature, pace_P[2] * decay)

    @cached_property
    def _spread(self) -> float:
        return self._largest(self.inside_KN)

    def _largest(self, weight_KN: torch.Tensor) -> float:
        x_ND = self.features_ND
        grams = (torch.linalg.eigvalsh(x_ND.T @ (x_ND * w_N[:, None]))[-1] for w_N in weight_KN)
        return max(map(float, grams))


def tune(
    features_NE: NDArray[np.floating],
    labels_N: NDArray[np.int64],
    teacher_NC: NDArray[np.floating],
    *,
    first: tuple[float, float],
    weights: tuple[float, float],
    temperatures: tuple[float, float],
    seed: int,
) -> Tuned:
    """Return the KD weight and the temperature of the head that does best on what it has not seen.

    Args:
        features_NE: What the student's output layer sees before it has learnt anything.
        labels_N: Classes of the rows.
        teacher_NC: The teacher's logits.
        first: Weight and temperature to start from.
        weights: Least and most of the weight.
        temperatures: Of the temperature.
        seed: Of the folds, and of the rows where there are too many.
    """
    chosen = np.random.default_rng(seed).permutation(len(labels_N))[:MOST_ROWS]
    shown = (features_NE[chosen], labels_N[chosen], teacher_NC[chosen])
    problem = heads(*shown, weights=weights, temperatures=temperatures)
    weight, temperature = first
    start = [weight, math.log(temperature), math.log(FIRST_DECAY)]
    theta = problem.place(torch.tensor(start, dtype=torch.float64))
    shape = (problem.num_folds, problem.features_ND.shape[1], teacher_NC.shape[1])
    descent = descend(problem, theta, torch.zeros(shape, dtype=torch.float64))
    weight, log_temperature, _ = problem.settings(descent.theta).tolist()
    return Tuned(weight, math.exp(log_temperature), descent.loss)


def heads(
    features_NE: NDArray[np.floating],
    labels_N: NDArray[np.int64],
    teacher_NC: NDArray[np.floating],
    *,
    weights: tuple[float, float],
    temperatures: tuple[float, float],
) -> SoftmaxHeads:
    """Return the problem on rows in random order: standardised features, folds in turn."""
    x_NE = torch.from_numpy(np.asarray(features_NE, dtype=np.float64))
    x_NE = (x_NE - x_NE.mean(dim=0)) / x_NE.std(dim=0).clamp(min=1e-6)
    x_ND = torch.cat([x_NE, torch.ones(len(x_NE), 1, dtype=torch.float64)], dim=1)
    label_NC = torch.nn.functional.one_hot(torch.from_numpy(labels_N), teacher_NC.shape[1])
    number = min(FOLDS, len(x_ND))
    bounds = [weights, *(tuple(map(math.log, pair)) for pair in (temperatures, DECAYS))]
    return SoftmaxHeads(
        features_ND=x_ND / math.sqrt(x_ND.shape[1]),
        label_NC=label_NC.double(),
        teacher_NC=torch.from_numpy(np.asarray(teacher_NC, dtype=np.float64)),
        fold_N=torch.arange(len(x_ND)) % number,
        num_folds=number,
        bounds_P2=torch.tensor(bounds, dtype=torch.float64),
    )
