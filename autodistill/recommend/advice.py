"""From history to a ranked list with reasons: one formula for no, little and much history."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from autodistill.history import Advice, PastTask, Recommendation
from autodistill.recommend.expert import portfolio
from autodistill.recommend.foresight import candidates, foresee, residuals
from autodistill.recommend.otherwise import otherwise
from autodistill.recommend.path import paths
from autodistill.recommend.witnesses import Panel, Witness, panel_of, telling
from autodistill.record import Dataset
from autodistill.spec import PipelineSpec
from autodistill.task import TaskFacts

FEW = 2.0
"""Weight of all past tasks below which the answer says that it rests on little."""


def recommend(
    dataset: Dataset, facts: TaskFacts, history: Sequence[PastTask], *, k: int = 5
) -> Recommendation:
    """Return the `k` pipelines to try first on a dataset with this teacher and student.

    Everything that may hold is a scenario with a weight: each similar past task, in which every
    candidate is worth what this task's own trials expect of it, each tree of the forest of all of
    them, in which it is worth what the tree foretells on this dataset, and the expert's list, which
    stands for `EXPERT_TASKS` tasks in each of which one of its pipelines is the best (the first
    most often). The first of the list has the best expectation; each further one adds most to the
    expected best of the list (greedy portfolio, as in Auto-sklearn 2.0, Feurer et al., 2022).
    Without similar past tasks this is the expert's list.
    """
    expert = portfolio(facts)
    panel = panel_of(dataset, facts, history)
    pool = candidates(facts, panel, [p for p, _ in expert])
    if not pool:
        return _answer((), panel)
    view = foresee(panel, pool, range(len(expert)), k)
    chosen = [pool[i] for i in view.chosen]
    default = expert[0][0] if expert else chosen[0]
    ways = paths(facts, panel, default, chosen)
    past = residuals(panel, len(view.chosen))
    advice = tuple(
        Advice(
            pipeline=pool[i],
            expected=float(view.expected[i]) if panel.witnesses else None,
            interval=residual.around(float(view.expected[i])),
            reason=_reason(
                pool[i], view.said[:, i], panel.witnesses, expert[i][1] if i < len(expert) else ""
            ),
            path=way,
        )
        for i, residual, way in zip(view.chosen, past, ways, strict=True)
    )
    return _answer(advice, panel).model_copy(
        update={
            "level": min((r.level for r in past if r.level is not None), default=None),
            "default": default,
            "otherwise": otherwise(dataset, facts, panel, chosen[0]),
        }
    )


def _reason(
    pipeline: PipelineSpec,
    said: NDArray[np.float64],
    witnesses: Sequence[Witness],
    expert: str,
) -> str:
    """Name the past tasks that speak most for a pipeline, and its gain there; then the expert."""
    parts = []
    known = [w.known.gained.get(pipeline) for w in witnesses]
    speaks = [measured is None or measured > 0 for measured in known]
    for i in telling(witnesses, np.where(speaks, said, 0.0)):
        expected, measured = witnesses[i].known.span * float(said[i]), known[i]
        gain = expected if measured is None else measured
        parts.append(witnesses[i].tells(gain, "the median trial", measured=measured is not None))
    sentences = ["For it speaks " + "; ".join(parts) + "."] if parts else []
    if expert:
        sentences.append(expert[0].upper() + expert[1:] + ".")
    return " ".join(sentences) or "No past task speaks for it; it complements the others."


def _answer(advice: tuple[Advice, ...], panel: Panel) -> Recommendation:
    if not (witnesses := panel.witnesses):
        known = "No similar past task"
        if panel.num_silent:
            known = "The trials of similar past tasks are too few or too alike to tell"
        message = f"{known}: this is the experts' list, best first."
        return Recommendation(advice=advice, basis="expert", num_past_tasks=0, message=message)
    names = list(dict.fromkeys(w.known.past.dataset.name for w in witnesses))
    listed = ", ".join(names[:5]) + " …" * (len(names) > 5)
    many = len(witnesses)
    message = f"From {many} similar past task{'s' * (many > 1)} on {listed}, and the experts' list."
    if sum(w.weight for w in witnesses) < FEW:
        message += " That is little: a few short trials of your own would tell more."
    return Recommendation(advice=advice, basis="history", num_past_tasks=many, message=message)
