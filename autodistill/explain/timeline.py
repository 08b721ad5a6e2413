"""What ran when: attempts of trials, from a job's log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from autodistill.record import Event, Record, TrialState

ENDS = {f"trial.{state}" for state in TrialState if state.terminal} | {"trial.requeued"}


class Attempt(Record):
    """One execution of a trial."""

    number: int
    """Of the trial."""
    attempt: int
    """1 for the first."""
    started_at: datetime
    ended_at: datetime | None
    """None while it runs."""
    outcome: str
    """State in which it left the trial; `queued` when it did not finish, `running` now."""
    reason: str
    """What went wrong, if anything did."""


def attempts(events: Sequence[Event]) -> list[Attempt]:
    """Return the attempts that begin among some events of a job, in their order."""
    found: dict[int, Attempt] = {}
    closed: list[Attempt] = []
    for event in events:
        number = int(event.data.get("number", -1))
        if event.kind == "trial.running":
            found[number] = _begun(event)
        elif event.kind in ENDS and number in found:
            outcome = event.kind.removeprefix("trial.").replace("requeued", "queued")
            reason = event.data.get("reason", "")
            bad = outcome in (TrialState.FAILED, TrialState.QUEUED)
            change = {"ended_at": event.created_at, "outcome": outcome}
            closed.append(
                found.pop(number).model_copy(update=change | {"reason": reason if bad else ""})
            )
    return sorted([*closed, *found.values()], key=lambda a: a.started_at)


def _begun(event: Event) -> Attempt:
    return Attempt(
        number=event.data["number"],
        attempt=event.data["attempt"],
        started_at=event.created_at,
        ended_at=None,
        outcome=TrialState.RUNNING,
        reason="",
    )


def settled(open_ones: Iterable[Attempt], trials: Iterable[Mapping[str, Any]]) -> list[Attempt]:
    """Return attempts whose end lies after the events, ended as their trials say.

    Args:
        open_ones: Without an end.
        trials: Plain trials of those numbers.
    """
    rows = {row["number"]: row for row in trials}
    found = []
    for attempt in open_ones:
        row = rows.get(attempt.number)
        change: dict[str, Any] = {}
        if row is not None and row["num_attempts"] > attempt.attempt:
            change = {"outcome": TrialState.QUEUED, "ended_at": attempt.started_at}
        elif row is not None and row["finished_at"] is not None:
            ended = datetime.fromtimestamp(row["finished_at"], UTC)
            change = {"outcome": row["state"], "ended_at": ended}
        found.append(attempt.model_copy(update=change))
    return found
