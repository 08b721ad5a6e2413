"""The teacher as it is."""

from __future__ import annotations

from typing import Literal

from typing_extensions import override

from autodistill.optimisation import Training
from autodistill.teachers._base import Teacher


class AsIs(Teacher, title="As it is"):
    """The teacher already solves the task: its head has the dataset's labels, in that order."""

    kind: Literal["as_is"] = "as_is"

    @property
    @override
    def fine_tuning(self) -> Training | None:
        return None
