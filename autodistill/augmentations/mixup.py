"""Mixup of embeddings."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Gt, Le
from typing_extensions import override

from autodistill.augmentations._base import Augmentation, Augmenting
from autodistill.augmentations._mixing import Mixing
from autodistill.component import Choice
from autodistill.pool import Pool
from autodistill.task import ONE_ROW, Task


class Mixup(Augmentation, title="Mixup"):
    """Interpolates word embeddings and targets of two examples (MixKD, Liang et al., 2021).

    Each mixed example is `share * one + (1 - share) * other`, with a share of its own drawn from
    Beta(beta, beta) and a partner from its batch, never itself. Only `mixed_fraction` of a batch is
    mixed (partial mixup, Choi et al., 2023, drawn here without replacement). A mixed example
    attends to the tokens of both its parents, and has the segments of the first.

    With both sides mixed, the teacher reads the same mixture in its own embeddings: no cache
    applies, each step costs a pass of the teacher. With the student's side alone, the teacher's
    cached logits, features and states on the two parents are interpolated, which costs nothing.
    """

    cost: ClassVar[str] = "a forward pass of the teacher at every step where both sides are mixed"
    mixes: ClassVar[bool] = True
    tasks: ClassVar[frozenset[Task]] = ONE_ROW
    kind: Literal["mixup"] = "mixup"
    beta: Annotated[float, Gt(0), Le(10), Choice((0.2, 0.4, 1.0))] = 0.4
    """Both parameters of the Beta distribution; small values stay close to one parent."""
    mixed_fraction: Annotated[float, Ge(0), Le(1), Choice((0.1, 0.25, 0.5, 1.0))] = 0.5
    """Share of a batch that is mixed; the rest stays as it is."""
    sides: Annotated[Literal["both", "student"], Choice(("both", "student"))] = "both"
    """Who reads mixtures: teacher and student, or the student alone."""

    @override
    def build(self, pool: Pool) -> Augmenting:
        return Mixing(self.beta, self.mixed_fraction, both=self.sides == "both")
