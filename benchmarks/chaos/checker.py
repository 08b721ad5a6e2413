"""Reads the store with plain SQL, knowing nothing of the code that wrote it, and names each wrong.

Only the tables and the shape of their JSON are known here.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

ENDED = {"complete", "pruned", "failed", "cancelled"}


class Trial(NamedTuple):
    """What a row says of a trial."""

    number: int
    state: str
    spec: Any
    finish_order: int | None
    num_attempts: int
    dev: Any


Measured = Mapping[tuple[int, int], Any]
"""Values by number of the trial and epoch."""


class Rows:
    """What a database holds, read in one go."""

    def __init__(self, url: str) -> None:
        self._url = url

    def select(self, query: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        if self._url.startswith("sqlite:///"):
            file = sqlite3.connect(self._url.removeprefix("sqlite:///"))
            try:
                return file.execute(query).fetchall()
            finally:
                file.close()
        with psycopg.connect(self._url.replace("+psycopg", "", 1)) as server:
            return server.execute(query).fetchall()

    def num_ended(self) -> int:
        """Return how many trials of all jobs have ended."""
        states = ", ".join(f"'{state}'" for state in sorted(ENDED))
        query = f"SELECT count(*) FROM trial WHERE state IN ({states})"
        return int(self.select(query)[0][0])


def check(
    url: str, budget: int, acknowledged: Mapping[str, Sequence[Any]], blobs: Path
) -> list[str]:
    """Return what is wrong; nothing when every promise was kept.

    Args:
        url: Of the database.
        budget: Trials that each job was to run.
        acknowledged: By job, the events that somebody was told of.
        blobs: Folder of artifacts.
    """
    rows = Rows(url)
    wrong: list[str] = []
    jobs = rows.select("SELECT id, state, message, result FROM job ORDER BY position")
    held = "SELECT id FROM job WHERE owner IS NOT NULL OR lease_until IS NOT NULL OR slots > 0"
    wrong += [f"{job} is held by somebody for ever" for (job,) in rows.select(held)]
    if sorted(job for job, *_ in jobs) != sorted(acknowledged):
        wrong.append(
            f"jobs: {[j for j, *_ in jobs]} are there, {list(acknowledged)} were submitted"
        )
    for job, state, message, result in jobs:
        if state != "succeeded":
            wrong.append(f"{job} is {state}: {message}")
        else:
            wrong += _blob(job, _json(result)["artifact"], blobs)
        log = [
            (seq, kind, _json(data))
            for seq, kind, data in rows.select(
                f"SELECT seq, kind, data FROM event WHERE job_id = '{job}' ORDER BY seq"
            )
        ]
        wrong += [f"{job}: {what}" for what in _job(rows, job, budget, log)]
        wrong += [f"{job}: {what}" for what in _told(log, acknowledged.get(job, ()))]
    return wrong


def _job(rows: Rows, job: str, budget: int, log: list[tuple[int, str, Any]]) -> Iterator[str]:
    where = f"WHERE job_id = '{job}'"
    columns = "number, state, spec, finish_order, num_attempts, dev"
    trials = [
        Trial(number, state, _json(spec), order, attempts, _json(dev))
        for number, state, spec, order, attempts, dev in rows.select(
            f"SELECT {columns} FROM trial {where} ORDER BY number"
        )
    ]
    columns = 'number, epoch, "values"'
    measured = {
        (number, epoch): _json(values)
        for number, epoch, values in rows.select(f"SELECT {columns} FROM measurement {where}")
    }
    if [t.number for t in trials] != list(range(budget)):
        last = max((t.number for t in trials), default=None)
        yield f"{len(trials)} trials with numbers up to {last} for a budget of {budget}"
    for trial in trials:
        if trial.state not in ENDED:
            yield f"trial {trial.number} is {trial.state} for ever"
        if trial.state == "failed":
            yield f"trial {trial.number} failed for a fault that was not its own"
    specs = Counter(json.dumps(trial.spec, sort_keys=True) for trial in trials)
    if twice := [spec for spec, times in specs.items() if times > 1]:
        yield f"{len(twice)} trials are there twice"
    orders = sorted(t.finish_order for t in trials if t.finish_order is not None)
    if orders != list(range(1, len(trials) + 1)):
        yield "the order of finishing has gaps or repeats"
    if [seq for seq, *_ in log] != list(range(1, len(log) + 1)):
        yield "the numbers of events have gaps"
    yield from _epochs(trials, measured)
    yield from _stories(trials, measured, log)


def _epochs(trials: list[Trial], measured: Measured) -> Iterator[str]:
    for trial in trials:
        epochs = sorted(epoch for number, epoch in measured if number == trial.number)
        whole = list(range(1, trial.spec["pipeline"]["training"]["num_epochs"] + 1))
        if epochs != whole[: len(epochs)] or (trial.state == "complete" and epochs != whole):
            yield f"trial {trial.number} is {trial.state} with the epochs {epochs}"


def _stories(
    trials: list[Trial], measured: Measured, log: list[tuple[int, str, Any]]
) -> Iterator[str]:
    """What the log says happened must be what the rows say."""
    told = [data for _, kind, data in log if kind == "measurement"]
    if len(told) != len({(d["number"], d["epoch"]) for d in told}):
        yield "an epoch was announced twice"
    if {(d["number"], d["epoch"]): d["values"] for d in told} != measured:
        yield "the epochs of the log are not those of the rows"
    for trial in trials:
        own = [(kind, data) for _, kind, data in log if data.get("number") == trial.number]
        ends = [(kind, data["dev"]) for kind, data in own if kind.removeprefix("trial.") in ENDED]
        if ends != [(f"trial.{trial.state}", trial.dev)]:
            yield f"trial {trial.number} is {trial.state} with {trial.dev} and ended as {ends}"
        starts, attempts = [kind for kind, _ in own].count("trial.running"), trial.num_attempts
        if starts != attempts:
            yield f"trial {trial.number} has {attempts} attempts and started {starts} times"


def _told(log: list[tuple[int, str, Any]], acknowledged: Sequence[Any]) -> Iterator[str]:
    known = {seq: (kind, data) for seq, kind, data in log}
    lost = [e for e in acknowledged if known.get(e.seq) != (e.kind, e.data)]
    if lost:
        yield f"{len(lost)} acknowledged events are lost or changed, the first: {lost[0]}"
    if [e.seq for e in acknowledged] != sorted(known)[: len(acknowledged)]:
        yield "a watcher missed events or saw them twice"
    if len(acknowledged) != len(known):
        yield f"a watcher was told {len(acknowledged)} of {len(known)} events"


def _blob(job: str, sha256: str, folder: Path) -> Iterable[str]:
    path = folder / sha256[:2] / sha256
    if not path.is_file():
        return [f"{job}: its student is not in the artifacts"]
    if hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
        return [f"{job}: its student's file is not what its name says"]
    return []


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value
