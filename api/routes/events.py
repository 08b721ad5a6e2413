"""The event log of a job as server-sent events."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any, ClassVar

from fastapi import APIRouter, Header, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from api.deps import MAX_INT, StoreDep
from autodistill.record import Event
from autodistill.store import Store

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])
POLL_S, HEARTBEAT_S = 0.5, 15.0
LIFETIME_S = 600.0
"""After which a reader comes again with `Last-Event-ID`, and whoever may not any more does not."""


class EventStream(StreamingResponse):
    """Server-sent events."""

    media_type = "text/event-stream"
    described: ClassVar[dict[str, Any]] = {
        "type": "object",
        "properties": {name: {"type": "string"} for name in ("id", "event", "data")},
    }
    """Of one message."""


@router.get(
    "/{job}/events",
    response_class=EventStream,
    responses={200: {"content": {EventStream.media_type: {"schema": EventStream.described}}}},
)
def stream_events(
    request: Request,
    job: str,
    store: StoreDep,
    last_event_id: Annotated[str | None, Header(alias="Last-Event-ID", max_length=20)] = None,
    after: Annotated[int, Query(ge=0, le=MAX_INT)] = 0,
    last: Annotated[
        int | None, Query(ge=0, le=MAX_INT, description="Start with so many past events.")
    ] = None,
) -> EventStream:
    """Stream what happens from event `after` (or `Last-Event-ID`) on, until the job has ended."""
    with store.read() as tx:
        tx.jobs.get(job)
        start = after if last is None else max(0, tx.events.latest(job) - last)
    if last_event_id and last_event_id.isdecimal():
        start = min(int(last_event_id), MAX_INT)
    stream = _counted(request, _stream(request, store, job, start))
    return EventStream(stream, headers={"Cache-Control": "no-store"})


async def _counted(request: Request, stream: AsyncIterator[str]) -> AsyncIterator[str]:
    with request.app.state.metrics.listeners.track_inprogress():
        async for message in stream:
            yield message


async def _stream(request: Request, store: Store, job: str, seq: int) -> AsyncIterator[str]:
    heard = time.monotonic()
    ends = heard + LIFETIME_S
    stopping = request.app.state.draining
    while time.monotonic() < ends and not (stopping.is_set() or await request.is_disconnected()):
        events = await run_in_threadpool(_after, store, job, seq)
        if events:
            seq, heard = events[-1].seq, time.monotonic()
            yield "".join(map(_message, events))  # at once: a reader that has left is noticed
            continue
        if await run_in_threadpool(_ended, store, job, seq):
            return
        if time.monotonic() - heard > HEARTBEAT_S:
            heard = time.monotonic()
            yield ": still here\n\n"
        await asyncio.sleep(POLL_S)


def _after(store: Store, job: str, seq: int) -> list[Event]:
    with store.read() as tx:
        return tx.events.after(job, seq)


def _ended(store: Store, job: str, seq: int) -> bool:
    """Whether the reader already has the last event of a job that has ended."""
    with store.read() as tx:
        return tx.jobs.get(job).state.terminal and seq >= tx.events.latest(job)


def _message(event: Event) -> str:
    data = json.dumps(event.model_dump(mode="json"))
    return f"id: {event.seq}\nevent: {event.kind}\ndata: {data}\n\n"
