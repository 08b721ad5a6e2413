"""Balanced soft labels."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from annotated_types import Ge, Gt, Le
from numpy.typing import NDArray
from scipy.special import softmax
from typing_extensions import override

from autodistill.component import Uniform
from autodistill.pool import Pool
from autodistill.targets._base import Blended, TargetMaker, Targets
from autodistill.task import CLASSIFICATION, ONE_ROW, Task


class Balanced(Targets, title="Balanced soft labels"):
    """Blends the label with the teacher's probabilities, evened out over classes (after DEPICT).

    `t_ik ~ p_ik / (sum_j p_jk)^exponent`, sums over the whole pool, made to sum to one over k: no
    class starves (Dizaji et al., 2017; exponent 1/2). That formula is from memory, and its use on a
    teacher's soft labels is ours: `(1 - share) * label + share * t`. Wrong where classes truly are
    of unlike size, as tags are.
    """

    tasks: ClassVar[frozenset[Task]] = CLASSIFICATION & ONE_ROW
    kind: Literal["balanced"] = "balanced"
    exponent: Annotated[float, Ge(0), Le(1), Uniform(0.0, 1.0)] = 0.5
    """How much classes are evened out; 0 leaves the teacher's probabilities as they are."""
    share: Annotated[float, Gt(0), Le(1), Uniform(0.1, 0.9)] = 0.5
    """Share of the teacher's side in the target; the label has the rest."""

    @override
    def build(self, pool: Pool) -> TargetMaker:
        return Blended(pool, self.balanced(pool.logits_VC), self.share)

    def balanced(self, logits_VC: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the evened-out probabilities."""
        p_VC = softmax(logits_VC.astype(np.float64), axis=1)
        even_VC = p_VC / p_VC.sum(axis=0) ** self.exponent
        evened_VC: NDArray[np.float64] = even_VC / even_VC.sum(axis=1, keepdims=True)
        return evened_VC
