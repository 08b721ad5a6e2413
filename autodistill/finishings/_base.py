"""What a finishing is."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autodistill.component import Component


class Finishing(Component):
    """What is done to the student of the best epoch before it is measured and exported.

    Promises, checked for every variant by `autodistill.testing`: the student stays an ordinary
    model with finite weights. It is done once.
    """

    kind: str

    @abstractmethod
    def finish(self, student: Any, rows_C: NDArray[np.int64]) -> None:
        """Change the student's weights in place.

        Args:
            student: A whole model.
            rows_C: How many rows of each class it was trained on; (0,) for regression.
        """
