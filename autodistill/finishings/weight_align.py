"""Weight aligning."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from annotated_types import Gt, Le
from numpy.typing import NDArray
from typing_extensions import override

from autodistill.component import Choice
from autodistill.finishings._base import Finishing
from autodistill.lazy import torch
from autodistill.models.encoders import output_layer
from autodistill.task import CLASSIFICATION, Task


class WeightAlign(Finishing, title="Weight aligning"):
    """Gives rare classes output weights as long as those of common ones (WA, Zhao et al., 2020).

    The output layer's rows of rare classes are multiplied by `gamma^strength`, where gamma is the
    mean norm of common classes' rows over that of rare ones. The paper aligns new classes with old
    ones in class-incremental learning; here a class is rare when the student was trained on fewer
    of its rows than of a class on average (ours).
    """

    tasks: ClassVar[frozenset[Task]] = CLASSIFICATION
    kind: Literal["weight_align"] = "weight_align"
    strength: Annotated[float, Gt(0), Le(1), Choice((0.5, 1.0))] = 1.0
    """1 makes the mean norms equal, so that aligning again changes nothing."""

    @override
    def finish(self, student: Any, rows_C: NDArray[np.int64]) -> None:
        rare_C = torch.from_numpy(rows_C < rows_C.mean())
        if not rare_C.any():
            return
        weight_CE = output_layer(student).weight
        rare_C = rare_C.to(weight_CE.device)
        with torch.no_grad():
            norms_C = weight_CE.norm(dim=1)
            gamma = norms_C[~rare_C].mean() / norms_C[rare_C].mean()
            weight_CE[rare_C] *= gamma**self.strength
