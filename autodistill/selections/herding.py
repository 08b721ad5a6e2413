"""Herding."""

from __future__ import annotations

from typing import Literal

from typing_extensions import override

from autodistill.selections._base import Floats, GreedySelection


class Herding(GreedySelection, title="Herding"):
    """Keeps the mean of the teacher's features: takes the example that brings it back best.

    Welling (2009), as Rebuffi et al. (2017) choose exemplars: the k-th is the one with which the
    mean of the k is nearest to the mean of all.
    """

    kind: Literal["herding"] = "herding"

    @override
    def worth(
        self, worth_M: Floats, vectors_ME: Floats, squares_M: Floats, taken: list[int]
    ) -> Floats:
        # With a mean of 0, || sum of taken + x ||² is least where - 2 x' sum - || x ||² is largest.
        after_M: Floats = worth_M - 2 * vectors_ME @ vectors_ME[taken[-1]]
        return after_M
