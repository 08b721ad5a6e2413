"""The trials of a job as a table: any column sorted, any condition, a page at a time."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse

from api.deps import MAX_INT, Limit, StoreDep
from api.exports import PARQUET, as_csv, as_parquet
from api.frames import ShelvesDep
from api.insight import column
from api.routes.charts import Where
from api.views import View
from autodistill.explain import Frame
from autodistill.explain.asking import cells, following, matching, ordered, text
from autodistill.explain.telling import Positions
from autodistill.record import Job

router = APIRouter(prefix="/v1/jobs", tags=["tables"])
FORMATS = {"csv": (as_csv, "text/csv"), "parquet": (as_parquet, PARQUET)}
MOST_VALUES = 40
"""A column with more different values is filtered by bounds, not by value."""
Sort = Annotated[str, Query(max_length=200, description="A column; `-score` is descending.")]


class Field(View):
    """A column of a job's trials."""

    name: str
    type: Literal["number", "category"]
    log: bool
    """Whether it is searched, and best drawn, on a logarithmic scale."""
    values: list[str]
    """What a category holds, to be filtered by; empty for numbers and where there are many."""
    low: float | None
    high: float | None
    """Bounds of a column of numbers."""


class Table(View):
    """A page of trials."""

    columns: dict[str, list[Any]]
    """Of equal length; null where a value is missing."""
    num_trials: int
    num_matching: int
    next: int | None
    """Give it as `after` to get the next page; null on the last one."""


@router.get("/{job}/fields")
def list_fields(job: str, store: StoreDep, shelves: ShelvesDep) -> list[Field]:
    """List the columns that the trials of a job have."""
    with store.read() as tx:
        found = tx.jobs.get(job)
        shelf = shelves.of(job)
        frame = shelf.frame(tx, found)
    return shelf.once("fields", lambda: [_field(found, frame, name) for name in frame.names])


@router.get("/{job}/table")
def get_table(
    job: str,
    store: StoreDep,
    shelves: ShelvesDep,
    name: Annotated[list[str], Query(max_length=200, description="Columns.")],
    where: Where = [],  # noqa: B006  # the framework copies it
    sort: Sort = "number",
    after: Annotated[int | None, Query(ge=0, le=MAX_INT)] = None,
    limit: Limit = 100,
) -> Table:
    """Return a page of a job's trials, sorted and filtered; `after` is a trial's number."""
    with store.read() as tx:
        asked = tx.jobs.get(job)
        frame = shelves.of(job).frame(tx, asked)
    order = _order(frame, where, sort)
    page = following(frame, order, after, limit)
    more = len(page) > 0 and page[-1] != order[-1]
    return Table(
        columns={n: cells(column(frame, asked, n)[page]) for n in name},
        num_trials=len(frame),
        num_matching=len(order),
        next=int(frame.column("number")[page[-1]]) if more else None,
    )


@router.get("/{job}/export", response_class=Response)
def export_trials(
    job: str,
    store: StoreDep,
    shelves: ShelvesDep,
    where: Where = [],  # noqa: B006  # the framework copies it
    sort: Sort = "number",
    to: Annotated[Literal["csv", "parquet"], Query(alias="format")] = "csv",
) -> Response:
    """Download the trials of a job with every column, as CSV or Parquet."""
    with store.read() as tx:
        frame = shelves.of(job).frame(tx, tx.jobs.get(job))
    order = _order(frame, where, sort)
    make, kind = FORMATS[to]
    headers = {"Content-Disposition": f'attachment; filename="{job}-trials.{to}"'}
    return StreamingResponse(make(frame, order), headers=headers, media_type=kind)


def _order(frame: Frame, where: list[str], sort: str) -> Positions:
    name, descending = sort.removeprefix("-"), sort.startswith("-")
    return ordered(frame, matching(frame, where), name, descending=descending)


def _field(job: Job, frame: Frame, name: str) -> Field:
    column = frame.column(name)
    numeric = column.dtype != object
    known = column[np.isfinite(column)] if numeric else column[:0]
    values = sorted({text(v) for v in column.tolist()} - {""}) if not numeric else []
    return Field(
        name=name,
        type="number" if numeric else "category",
        log=getattr(job.spec.space.get(name), "log", False),
        values=values if len(values) <= MOST_VALUES else [],
        low=float(known.min()) if len(known) else None,
        high=float(known.max()) if len(known) else None,
    )
