"""Past tasks of the store, brought into a job's space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from autodistill.component import AnyRange
from autodistill.history import PastTask
from autodistill.search.prior import Past
from autodistill.search.projection import inside
from autodistill.search.study import STUDENT
from autodistill.search.winner import signed
from autodistill.spec import Objective


def remembered(
    past: PastTask,
    student: str,
    weight: float,
    space: Mapping[str, AnyRange],
    objectives: Sequence[Objective],
) -> Past:
    """Return a past task as if its trials had been those of one of the job's students.

    Values outside the space are brought to the nearest inside, and trials with a kind that is not
    offered are left out.

    Args:
        past: The task.
        student: Label of the job's student that is most like the past one.
        weight: Their similarity.
        space: Of the job.
        objectives: Of the job; measured on dev.
    """
    settings, values = [], []
    for trial in past.trials:
        if (found := inside(trial.spec.pipeline, space)) is not None:
            settings.append({**found, STUDENT: student})
            values.append([signed(trial, o) for o in objectives])
    told = np.array(values, float).reshape(-1, len(objectives))
    return Past(tuple(settings), np.where(np.isfinite(told), told, np.nan), weight)
