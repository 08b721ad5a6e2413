"""A Gaussian process with a transferred mean, fitted to few points by its posterior mode."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, optimize

Floats = NDArray[np.float64]
ROOT5 = math.sqrt(5.0)
JITTER = 1e-6
BOUNDS_LENGTH, BOUNDS_NOISE, BOUNDS_SIGNAL = (-4.0, 5.0), (-9.0, 0.7), (-6.0, 3.0)
NOISE, NOISE_SD = math.log(0.02), 1.5
SIGNAL_SD, TRUST_SD, MOST_TRUST = 1.0, 0.5, 2.0


@dataclass(frozen=True)
class Lengths:
    """What is believed of the logarithms of the lengths before anything was seen, by group."""

    mean: Floats
    sd: float

    @classmethod
    def vague(cls, count: int) -> Lengths:
        """Return the prior that grows with the dimension (Hvarfner et al., 2024), narrowed."""
        return cls(np.full(count, 0.5 + 0.5 * math.log(max(1, count))), 1.2)


class Process:
    """A Gaussian process: y(x) = a + b m(x) + f(x) + noise, with f a Matérn-5/2 process.

    One length for each group of features; lengths, noise, the size of f and the trust b in the mean
    m are at the mode of their posterior, a is its best linear unbiased estimate. b is kept between
    0 and 2: a mean that misleads is forgotten, never turned around. y is standardised inside.

    Args:
        features: [point, feature].
        values: [point], more than one.
        groups: The group that each feature belongs to.
        mean: m at the points, about as large as it claims to explain of the standardised y; None
            is no mean.
        lengths: Prior; vague when None.
    """

    def __init__(
        self,
        features: Floats,
        values: Floats,
        groups: NDArray[np.int64],
        *,
        mean: Floats | None = None,
        lengths: Lengths | None = None,
        steps: int = 40,
    ) -> None:
        self._x, self._groups = features, groups
        self._centre = float(values.mean())
        self._scale = float(values.std()) or 1.0
        self._y = (values - self._centre) / self._scale
        self._m = np.zeros(len(values)) if mean is None else mean
        self._count = int(groups.max()) + 1
        self._lengths = Lengths.vague(self._count) if lengths is None else lengths
        start = np.concatenate([self._lengths.mean, [NOISE, 0.0, 0.0 if mean is None else 1.0]])
        trust = (0.0, 0.0 if mean is None else MOST_TRUST)
        bounds = [BOUNDS_LENGTH] * self._count + [BOUNDS_NOISE, BOUNDS_SIGNAL, trust]
        found = optimize.minimize(
            self._loss,
            start,
            jac=True,
            method="L-BFGS-B",
            bounds=bounds,
            options={"maxiter": steps},
        )
        theta = found.x if np.isfinite(found.fun) else start
        self.lengths, self._noise, self._signal, self.trust = self._split(theta)
        kernel, _ = _matern(_squared(self._scaled(features), self._scaled(features)))
        covariance = self._signal * kernel + (self._noise + JITTER) * np.eye(len(values))
        self._factor = linalg.cho_factor(covariance, lower=True)
        self._constant, self._weights = self._solve(self._factor, self.trust)

    def predict(self, features: Floats, mean: Floats | None = None) -> tuple[Floats, Floats]:
        """Return the mean and the standard deviation of y without noise at points."""
        cross, _ = _matern(_squared(self._scaled(features), self._scaled(self._x)))
        cross *= self._signal
        m = 0.0 if mean is None else mean
        mu = self._constant + self.trust * m + cross @ self._weights
        half = linalg.solve_triangular(self._factor[0], cross.T, lower=True, check_finite=False)
        variance = np.maximum(self._signal - np.square(half).sum(axis=0), 1e-10)
        return self._centre + self._scale * mu, self._scale * np.sqrt(variance)

    def expect(self, features: Floats, mean: Floats | None = None) -> Floats:
        """Return the mean alone, which is cheaper."""
        cross, _ = _matern(_squared(self._scaled(features), self._scaled(self._x)))
        m = 0.0 if mean is None else mean
        mu: Floats = self._constant + self.trust * m + self._signal * (cross @ self._weights)
        return self._centre + self._scale * mu

    def _scaled(self, features: Floats) -> Floats:
        scaled: Floats = features * np.exp(-self.lengths)[self._groups]
        return scaled

    def _split(self, theta: Floats) -> tuple[Floats, float, float, float]:
        g = self._count
        return theta[:g], math.exp(theta[g]), math.exp(theta[g + 1]), float(theta[g + 2])

    def _solve(self, factor: tuple[Floats, bool], trust: float) -> tuple[float, Floats]:
        """Return a, and the inverse covariance times what a and b m leave of y."""
        both = np.stack([self._y - trust * self._m, np.ones(len(self._y))], axis=1)
        solved = linalg.cho_solve(factor, both, check_finite=False)
        a = float(solved[:, 0].sum() / solved[:, 1].sum())
        return a, solved[:, 0] - a * solved[:, 1]

    def _loss(self, theta: Floats) -> tuple[float, Floats]:
        """Return the negative logarithm of the posterior and its gradient."""
        lengths, noise, signal, trust = self._split(theta)
        scale = np.exp(-lengths)[self._groups]
        x = self._x * scale
        kernel, slope = _matern(_squared(x, x))
        covariance = signal * kernel + (noise + JITTER) * np.eye(len(x))
        try:
            factor = linalg.cho_factor(covariance, lower=True, check_finite=False)
        except linalg.LinAlgError:
            return 1e10, np.zeros_like(theta)
        a, alpha = self._solve(factor, trust)
        left = self._y - a - trust * self._m
        fit = 0.5 * left @ alpha + np.log(np.diag(factor[0])).sum()
        inverse = linalg.cho_solve(factor, np.eye(len(x)), check_finite=False)
        outer = np.outer(alpha, alpha) - inverse
        weight = outer * slope * signal
        row = weight.sum(axis=1)
        moment = np.square(x).T @ row - (x * (weight @ x)).sum(axis=0)  # half of sum w (x - x')²
        per_length = np.bincount(self._groups, weights=moment, minlength=self._count)
        away = lengths - self._lengths.mean
        grown = np.array([theta[-3] - NOISE, theta[-2], theta[-1] - 1.0])
        sds = np.array([NOISE_SD, SIGNAL_SD, TRUST_SD])
        if not self._m.any():
            grown[2] = 0.0
        loss = fit + 0.5 * np.square(away / self._lengths.sd).sum()
        loss += 0.5 * np.square(grown / sds).sum()
        gradient = np.concatenate(
            [
                2 * per_length + away / self._lengths.sd**2,
                [
                    -0.5 * noise * np.trace(outer),
                    -0.5 * signal * (outer * kernel).sum(),
                    -self._m @ alpha,
                ]
                + grown / sds**2,
            ]
        )
        return float(loss), gradient


def _squared(a: Floats, b: Floats) -> Floats:
    """Return the squared distances, [row of a, row of b]."""
    cross = a @ b.T
    both = np.square(a).sum(axis=1)[:, None] + np.square(b).sum(axis=1)[None, :]
    squared: Floats = np.maximum(both - 2 * cross, 0.0)
    return squared


def _matern(squared: Floats) -> tuple[Floats, Floats]:
    """Return the Matérn-5/2 kernel and its slope in the squared distance."""
    r = ROOT5 * np.sqrt(squared)
    decay = np.exp(-r)
    return (1 + r + r * r / 3) * decay, -(5 / 6) * (1 + r) * decay
