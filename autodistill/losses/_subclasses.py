"""Pseudo-subclasses along linear directions of a teacher's features.

Letters: V rows, E width of features, C classes, S subclasses of each class.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autodistill.activations import Said
from autodistill.lazy import torch
from autodistill.losses._base import Loss
from autodistill.losses._divergence import kl
from autodistill.pool import Pool

Directions = Literal["pca", "random", "kmeans"]
Array64 = NDArray[np.float64]
MOST_OUTPUTS = 200
SEED = 40
RELATIVE = 1e-6
"""Share of the largest variance below which a direction of the features is rounding."""


class Splitting(NamedTuple):
    """How each class is split."""

    num: int
    directions: Directions
    temperature: float


class Expanded:
    """A loss on the outputs of classes, and KL on the subclasses of each."""

    def __init__(
        self, outputs: Loss, how: Splitting, temperature: float, weight: float, pool: Pool
    ) -> None:
        found = subclasses(pool, how.num, how.directions)
        width, shape_CS = pool.facts.student_width, found.offsets_CS.shape
        self.outputs, self.temperature, self.weight = outputs, temperature, weight
        self.shape_CS, self.softness = shape_CS, how.temperature
        self.modules: Any = torch.nn.Module()
        self.modules.head = torch.nn.Linear(width, found.offsets_CS.size)
        for name, values in found._asdict().items():
            self.modules.register_buffer(name, torch.from_numpy(values).float())

    def __call__(self, student: Said, teacher: Said, target_BC: torch.Tensor) -> torch.Tensor:
        classes_V = self.outputs(student.logits_VC, teacher.logits_VC, target_BC)
        p_VC = (teacher.logits_VC / self.temperature).softmax(dim=1)
        log_inside_VCS = self.taught(teacher.features_VE).log_softmax(dim=2)
        log_learnt_VCS = self.modules.head(student.features_VE).unflatten(1, self.shape_CS)
        inside = kl(log_inside_VCS.flatten(0, 1), log_learnt_VCS.log_softmax(dim=2).flatten(0, 1))
        return classes_V + self.weight * (p_VC * inside.view_as(p_VC)).sum(dim=1)

    def taught(self, features_VE: torch.Tensor) -> torch.Tensor:
        """Return the teacher's subclass logits, (V, C, S)."""
        logits_VCS = torch.einsum("ve,ces->vcs", features_VE, self.modules.directions_CES)
        logits_VCS += self.modules.offsets_CS
        return logits_VCS / self.softness


def too_many(num_classes: int, num: int) -> str | None:
    """Say that so many subclasses of each class are too many."""
    if (total := num_classes * num) <= MOST_OUTPUTS:
        return None
    law = f"lelp has at most {MOST_OUTPUTS} subclasses in all"
    return f"{law}; got {total}, {num} for each of {num_classes} classes."


class Subclasses(NamedTuple):
    """Subclass logits of a row are `features_E @ directions_CES[c] + offsets_CS[c]`."""

    directions_CES: Array64
    offsets_CS: Array64


def subclasses(pool: Pool, num: int, directions: Directions) -> Subclasses:
    """Find subclasses; the same pool always gives the same.

    Features lose what the teacher's output layer sees and the mean of their class. Then `pca` takes
    the directions of most variance, turned by a random rotation so that they share it; `random`
    takes orthogonal directions; `kmeans` takes distances from centroids. The deviation of a class's
    logits is 1, so that a temperature means the same for all. A class with fewer examples than
    subclasses has equal logits.
    """
    rng = np.random.default_rng(SEED)
    features_VE = pool.features_VE.astype(np.float64)
    unseen_EE = null_space(features_VE, pool.logits_VC.astype(np.float64))
    shape = (pool.num_classes, features_VE.shape[1], num)
    found = Subclasses(np.zeros(shape), np.zeros(shape[::2]))
    for label in range(pool.num_classes):
        mine_VE = features_VE[pool.labels_V == label]
        if len(mine_VE) < num:
            continue
        mean_E = mine_VE.mean(axis=0)
        axes_ES, offsets_S = _axes((mine_VE - mean_E) @ unseen_EE, num, directions, rng)
        directions_ES = unseen_EE @ axes_ES
        offsets_S = offsets_S - mean_E @ directions_ES
        logits_VS = mine_VE @ directions_ES + offsets_S
        deviation = (logits_VS - logits_VS.mean(axis=1, keepdims=True)).std() or 1.0
        found.directions_CES[label] = directions_ES / deviation
        found.offsets_CS[label] = offsets_S / deviation
    return found


def null_space(features_VE: Array64, logits_VC: Array64) -> Array64:
    """Return the projection, (E, E), onto what the teacher's output layer does not see.

    Logits are linear in features, so least squares finds that layer's weights, as far as the
    features span them.
    """
    seen_VE = features_VE - features_VE.mean(axis=0)
    covariance_EE = seen_VE.T @ seen_VE
    inverse_EE = np.linalg.pinv(covariance_EE, rcond=RELATIVE, hermitian=True)
    weights_EC = inverse_EE @ (seen_VE.T @ (logits_VC - logits_VC.mean(axis=0)))
    seen_EE: Array64 = weights_EC @ np.linalg.pinv(weights_EC, rcond=RELATIVE)
    return np.eye(len(seen_EE)) - seen_EE


def _axes(
    residual_VE: Array64, num: int, directions: Directions, rng: np.random.Generator
) -> tuple[Array64, Array64]:
    """Return axes, (E, S), and what is added along each, (S,)."""
    rotation_SS = np.linalg.qr(rng.normal(size=(num, num)))[0]
    drawn_ES = np.linalg.qr(rng.normal(size=(residual_VE.shape[1], num)))[0]
    nothing_S = np.zeros(num)
    if directions == "random":
        return drawn_ES, nothing_S
    if directions == "pca":
        from sklearn.decomposition import PCA  # noqa: PLC0415  # heavy

        solver = "covariance_eigh" if len(residual_VE) > residual_VE.shape[1] else "full"
        fitted = PCA(min(num, residual_VE.shape[1]), svd_solver=solver).fit(residual_VE)
        return fitted.components_.T @ rotation_SS[: fitted.n_components_], nothing_S
    from sklearn.cluster import KMeans  # noqa: PLC0415  # heavy

    centres_SE = KMeans(num, n_init=1, random_state=SEED).fit(residual_VE).cluster_centers_
    return centres_SE.T, -0.5 * np.square(centres_SE).sum(axis=1)
