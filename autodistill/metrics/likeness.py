"""How alike two models see the same rows. Letters: V rows, E width."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


class Likeness:
    """Linear CKA (Kornblith et al., 2019, eq. 5) of students' features with one teacher's.

    `||X' Y||² / (||X' X|| ||Y' Y||)` with Frobenius norms and centred columns: 1 for features that
    are a rotation, a scaling and a shift of each other. In float32.
    """

    def __init__(self, teacher_VE: NDArray[Any]) -> None:
        self._teacher_VE = _centred(teacher_VE)
        self._norm = _self_similarity(self._teacher_VE)

    def __call__(self, student_VE: NDArray[Any]) -> float:
        """Return the likeness, 0 to 1; 0 where the features of one side are constant."""
        mine_VE = _centred(student_VE)
        norms = _self_similarity(mine_VE) * self._norm
        if norms == 0:
            return 0.0
        return min(1.0, float(np.square(np.linalg.norm(mine_VE.T @ self._teacher_VE)) / norms))


def _centred(features_VE: NDArray[Any]) -> NDArray[np.float32]:
    """Return the features without their mean, scaled so that their squares cannot overflow."""
    centred_VE: NDArray[np.float32] = features_VE.astype(np.float32)
    if (centred_VE == centred_VE[:1]).all():  # exact, where a rounded mean is not
        return np.zeros_like(centred_VE)
    centred_VE -= centred_VE.mean(axis=0)
    centred_VE /= np.abs(centred_VE).max()
    return centred_VE


def _self_similarity(features_VE: NDArray[np.float32]) -> float:
    """Return ||X' X||, which is ||X X'||: the smaller of the two products is made."""
    wide = features_VE.shape[1] > len(features_VE)
    columns = features_VE.T if wide else features_VE
    return float(np.linalg.norm(columns.T @ columns))
