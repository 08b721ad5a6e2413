"""No finishing."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from autodistill.finishings._base import Finishing


class NoFinishing(Finishing, title="None"):
    """The student stays as it was trained."""

    kind: Literal["none"] = "none"

    @override
    def finish(self, student: Any, rows_C: NDArray[np.int64]) -> None:
        pass
