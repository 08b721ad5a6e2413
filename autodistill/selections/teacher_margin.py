"""Margin of the teacher."""

from __future__ import annotations

from typing import Literal

import numpy as np
from typing_extensions import override

from autodistill.lazy import special
from autodistill.pool import Pool
from autodistill.selections._base import Floats, RankedSelection


class TeacherMargin(RankedSelection, title="Teacher's margin"):
    """Ranks examples by how far the teacher is from their label (ours).

    The margin is the probability of the label minus that of the likeliest other class, from -1 to
    1: the smaller, the harder. Of values it is the teacher's |error|: the larger, the harder. Free,
    since the teacher's outputs are known.
    """

    kind: Literal["teacher_margin"] = "teacher_margin"

    @override
    def hardness(self, pool: Pool) -> Floats:
        if not pool.num_classes:
            return np.abs(pool.logits_VC[:, 0] - pool.labels_V)
        p_VC = special.softmax(pool.logits_VC.astype(float), axis=1)
        rows_V, label_V = np.arange(len(p_VC)), pool.labels_V.astype(int)
        of_label_V = p_VC[rows_V, label_V]
        p_VC[rows_V, label_V] = 0
        margin_V: Floats = p_VC.max(axis=1) - of_label_V
        return margin_V
