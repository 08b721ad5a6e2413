"""What pictures are drawn from: columns of a job's trials, never the list of all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Query
from numpy.typing import NDArray

from api.deps import MAX_INT, StoreDep
from api.frames import ShelvesDep
from api.insight import Curves, Story, Why, column, curves, tell, why
from api.views import View
from autodistill.explain import Frame
from autodistill.explain.asking import cells, matching
from autodistill.explain.telling import complete, front, leaders, rivals, signed, telling
from autodistill.front import growth
from autodistill.metrics import COSTS

router = APIRouter(prefix="/v1/jobs", tags=["charts"])
MOST_POINTS = 2000
NEWEST = 50
Where = Annotated[
    list[str],
    Query(max_length=50, description="Conditions: `loss=none|softened_kl`, `score>=0.8`."),
]


class Columns(View):
    """Some trials by column: all that tell something, and an even sample of the rest."""

    num_trials: int
    """How many trials there are in all."""
    columns: dict[str, list[Any]]
    """Of equal length, by trial number; null where a value is missing."""
    leaders: list[int]
    """Numbers of the trials that were the best distilled one, by the first objective, when they
    came, in that order."""
    front: list[int]
    """Numbers of the distilled trials that no other beats in all objectives at once; where there
    is one objective, in it, latency and size."""
    hypervolume: list[tuple[int, float]]
    """Where there are several objectives: each trial with which the front grew, and the part that
    it covers from there on of the box from a little beyond the worst to the best of each."""


@router.get("/{job}/columns")
def get_columns(
    job: str,
    store: StoreDep,
    shelves: ShelvesDep,
    name: Annotated[list[str], Query(max_length=100, description="Columns.")],
    where: Where = [],  # noqa: B006  # the framework copies it
    most: Annotated[int, Query(ge=10, le=MOST_POINTS, description="Points at most.")] = MOST_POINTS,
) -> Columns:
    """Return columns of a job's trials; narrow them with `where` to see more of a part."""
    with store.read() as tx:
        asked = tx.jobs.get(job)
        shelf = shelves.of(job)
        frame = shelf.frame(tx, asked)
    held = np.zeros(len(frame), dtype=bool)
    held[matching(frame, where)] = True
    aims = [signed(frame, o.metric, maximise=o.maximise) for o in asked.spec.objectives]
    several, values = len(aims) > 1, aims[0]
    ranked = np.where(held & rivals(frame), values, np.nan)
    by_number = np.argsort(frame.column("number"), kind="stable")
    led = by_number[leaders(ranked[by_number])]
    costs = [-frame.numbers(f"dev/{cost}") for cost in COSTS]
    ahead = front([ranked, *(aims[1:] if several else costs)])
    best = np.argsort(-np.where(held & complete(frame), values, -np.inf))[:NEWEST]
    always = [p[held[p]] for p in (led, ahead, best, by_number[-NEWEST:])]
    shown = telling(frame, held, always, most)
    numbers = frame.column("number")
    return Columns(
        num_trials=int(held.sum()),
        columns={n: cells(column(frame, asked, n)[shown]) for n in name},
        leaders=cells(numbers[led]),
        front=cells(numbers[ahead]),
        hypervolume=shelf.once("hypervolume", lambda: _grown(frame, aims)) if several else [],
    )


def _grown(frame: Frame, aims: Sequence[NDArray[np.float64]]) -> list[tuple[int, float]]:
    """Return the trials by number with which the front of all grew, and what it covers then."""
    numbers = frame.column("number")
    order = np.argsort(numbers, kind="stable")
    rivalling = np.where(rivals(frame)[:, None], np.stack(aims, axis=1), np.nan)
    return [(int(numbers[order[at]]), covered) for at, covered in growth(rivalling[order])]


@router.get("/{job}/curves")
def get_curves(
    job: str,
    store: StoreDep,
    shelves: ShelvesDep,
    name: Annotated[
        str | None, Query(description="What was measured; the headline metric on dev by default.")
    ] = None,
    trial: Annotated[list[int], Query(max_length=50, description="Of these trials alone.")] = [],  # noqa: B006  # the framework copies it
) -> Curves:
    """Return how something went by epoch, trial by trial; of a telling selection of many."""
    known = [n for n in trial if 0 <= n <= MAX_INT]
    with store.read() as tx:
        return curves(tx, tx.jobs.get(job), shelves.of(job), name, known)


@router.get("/{job}/why")
def get_why(job: str, store: StoreDep, shelves: ShelvesDep) -> Why:
    """Return what mattered: importance, the path to the best pipeline, what stopping saved."""
    with store.read() as tx:
        return why(tx, tx.jobs.get(job), shelves.of(job))


@router.get("/{job}/story")
def get_story(job: str, store: StoreDep, shelves: ShelvesDep) -> Story:
    """Return five answers: is it healthy, what is best, why, what did it cost, what next."""
    with store.read() as tx:
        return tell(tx, tx.jobs.get(job), shelves.of(job))
