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
from typing import Any

import psycopg

ENDED = {"complete", "pruned", "failed", "cancelled"}


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
    trials = rows.select(
        f"SELECT number, state, spec, finish_order, num_attempts FROM trial {where} ORDER BY number"
    )
    measured = rows.select(f"SELECT number, epoch FROM measurement {where} ORDER BY number, epoch")
    if [number for number, *_ in trials] != list(range(budget)):
        yield f"{len(trials)} trials with numbers up to {max(trials)[0]} for a budget of {budget}"
    for number, state, *_ in trials:
        if state not in ENDED:
            yield f"trial {number} is {state} for ever"
        if state == "failed":
            yield f"trial {number} failed for a fault that was not its own"
    specs = Counter(json.dumps(_json(spec), sort_keys=True) for _, _, spec, *_ in trials)
    if twice := [spec for spec, times in specs.items() if times > 1]:
        yield f"{len(twice)} trials are there twice"
    orders = sorted(order for *_, order, _ in trials if order is not None)
    if orders != list(range(1, len(trials) + 1)):
        yield "the order of finishing has gaps or repeats"
    if [seq for seq, *_ in log] != list(range(1, len(log) + 1)):
        yield "the numbers of events have gaps"
    yield from _epochs(trials, measured)
    yield from _stories(trials, measured, log)


def _epochs(trials: list[tuple[Any, ...]], measured: list[tuple[Any, ...]]) -> Iterator[str]:
    for number, state, spec, *_ in trials:
        epochs = [epoch for n, epoch in measured if n == number]
        whole = list(range(1, _json(spec)["pipeline"]["training"]["num_epochs"] + 1))
        if epochs != whole[: len(epochs)] or (state == "complete" and epochs != whole):
            yield f"trial {number} is {state} with the epochs {epochs}"


def _stories(
    trials: list[tuple[Any, ...]], measured: list[tuple[Any, ...]], log: list[tuple[int, str, Any]]
) -> Iterator[str]:
    """What the log says happened must be what the rows say."""
    told = Counter((d["number"], d["epoch"]) for _, kind, d in log if kind == "measurement")
    if any(times > 1 for times in told.values()):
        yield "an epoch was announced twice"
    if set(told) != set(measured):
        yield "the epochs of the log are not those of the rows"
    for number, state, _, _, attempts in trials:
        own = [kind for _, kind, data in log if data.get("number") == number]
        ends = [kind for kind in own if kind.removeprefix("trial.") in ENDED]
        if ends != [f"trial.{state}"]:
            yield f"trial {number} is {state} and ended as {ends}"
        starts = own.count("trial.running")
        if starts != attempts:
            yield f"trial {number} has {attempts} attempts and started {starts} times"


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
