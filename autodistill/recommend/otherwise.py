"""What would change the answer: other sizes of data and student, all else being equal."""

from __future__ import annotations

import math
from collections.abc import Iterator

from autodistill.history import Otherwise
from autodistill.recommend.expert import portfolio
from autodistill.recommend.foresight import candidates, foresee
from autodistill.recommend.witnesses import Panel
from autodistill.record import Dataset
from autodistill.spec import PipelineSpec
from autodistill.task import TaskFacts

SIZES = tuple(10**power for power in range(2, 7))
"""Numbers of training examples that are asked about, where they are within a hundredfold."""
WITHIN = 100


def otherwise(
    dataset: Dataset, facts: TaskFacts, panel: Panel, first: PipelineSpec
) -> tuple[Otherwise, ...]:
    """Return the nearest other sizes with which another pipeline would come first.

    One of fewer and one of more training examples, a student of half and one of twice the layers.
    The past tasks that are asked now answer; others are not asked in their place.
    """
    found: list[Otherwise] = []
    for direction in _directions(facts):
        for num_train, layers in direction:
            changed = facts.model_copy(update={"num_train": num_train, "student_layers": layers})
            sized = dataset
            if num_train != facts.num_train:
                features = dataset.meta_features | {"log_train": math.log(num_train)}
                sized = dataset.model_copy(update={"meta_features": features})
            asked = panel.about(sized, changed)
            expert = [pipeline for pipeline, _ in portfolio(changed)]
            if not (pool := candidates(changed, asked, expert)):
                continue
            (best,) = foresee(asked, pool, range(len(expert)), 1).chosen
            if (chosen := pool[best]) == first:
                continue
            slots = tuple(
                s for s in PipelineSpec.model_fields if getattr(chosen, s) != getattr(first, s)
            )
            size = f"{num_train:,} training examples"
            student = f"a student of {layers} layer{'s' * (layers > 1)}"
            found.append(
                Otherwise(
                    when=f"with {size if num_train != facts.num_train else student}",
                    num_train=num_train,
                    student_layers=layers,
                    pipeline=chosen,
                    slots=slots,
                )
            )
            break
    return tuple(found)


def _directions(facts: TaskFacts) -> Iterator[list[tuple[int, int]]]:
    """Yield (training examples, layers) to ask about, the nearest first."""
    here, layers = facts.num_train, facts.student_layers
    sizes = [n for n in SIZES if here / WITHIN <= n <= here * WITHIN]
    yield [(n, layers) for n in reversed(sizes) if n < here]
    yield [(n, layers) for n in sizes if n > here]
    yield [(here, layers // 2)] if layers > 1 else []
    yield [(here, 2 * layers)] if 2 * layers <= facts.teacher_layers else []
