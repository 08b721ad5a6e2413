from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import approx_fprime

from autodistill.search.process import JITTER, Lengths, Process

RNG = np.random.default_rng(0)
X = RNG.random((30, 4))
GROUPS = np.array([0, 1, 2, 2])
Y = np.sin(4 * X[:, 0]) + X[:, 1] + 0.05 * RNG.standard_normal(30)


def test_it_predicts_as_the_textbook_formula_does() -> None:
    """Rasmussen and Williams (2006), eq. 2.25 and 2.26, written out with the inverse."""
    m = RNG.standard_normal(30)
    process = Process(X, Y, GROUPS, mean=m)
    lengths, noise, signal = process.lengths, process._noise, process._signal

    def kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        scaled = (a[:, None] - b[None]) / np.exp(lengths)[GROUPS]
        r = np.sqrt(5 * np.square(scaled).sum(axis=2))
        found: np.ndarray = signal * (1 + r + r**2 / 3) * np.exp(-r)
        return found

    inverse = np.linalg.inv(kernel(X, X) + (noise + JITTER) * np.eye(30))
    y = (Y - Y.mean()) / Y.std()
    left, ones = y - process.trust * m, np.ones(30)
    constant = ones @ inverse @ left / (ones @ inverse @ ones)
    at, m_at = RNG.random((7, 4)), RNG.standard_normal(7)
    cross = kernel(at, X)
    mu = constant + process.trust * m_at + cross @ inverse @ (left - constant)
    var = signal - np.einsum("ij,jk,ik->i", cross, inverse, cross)
    found, sd = process.predict(at, m_at)
    assert found == pytest.approx(Y.mean() + Y.std() * mu, abs=1e-6)
    assert sd == pytest.approx(Y.std() * np.sqrt(var), abs=1e-5)
    assert process.expect(at, m_at) == pytest.approx(found)


def test_the_gradient_is_that_of_the_loss() -> None:
    process = Process(X, Y, GROUPS, mean=RNG.standard_normal(30) + Y)
    theta = np.array([0.2, -0.3, 0.4, -2.0, 0.3, 0.7])
    numeric = approx_fprime(theta, lambda t: process._loss(t)[0], 1e-6)
    assert process._loss(theta)[1] == pytest.approx(numeric, rel=1e-3, abs=1e-3)


def test_it_learns_which_features_matter() -> None:
    process = Process(X, np.sin(6 * X[:, 0]), GROUPS)
    assert process.lengths[0] < process.lengths[1:].min() - 1


def test_a_mean_that_misleads_is_forgotten_and_one_that_leads_is_trusted() -> None:
    good, bad = Process(X, Y, GROUPS, mean=(Y - Y.mean()) / Y.std()), Process(X, Y, GROUPS, mean=-Y)
    assert good.trust == pytest.approx(1.0, abs=0.1)
    assert bad.trust == 0.0


def test_lengths_stay_near_what_was_believed_where_little_was_seen() -> None:
    believed = Lengths(np.array([-1.0, 2.0, 1.0]), 0.1)
    process = Process(X[:3], Y[:3], GROUPS, lengths=believed)
    assert process.lengths == pytest.approx(believed.mean, abs=0.1)
