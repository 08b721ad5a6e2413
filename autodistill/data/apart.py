"""Ingesting in a process of its own: what a file does to its reader, it does not do to a service.

A few kilobytes of Parquet can claim gigabytes, and native parsers can crash. Here that ends a child
process with limits, and the file is refused.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter

from autodistill.data.ingest import DatasetRequest, Ingested, ingest
from autodistill.errors import InvalidDataset, Problem

LONGEST_S = 600
"""Of processor time, and half of the most that may pass."""


class _Task(BaseModel):
    model_config = ConfigDict(frozen=True)

    source: Path
    request: DatasetRequest
    into: Path
    memory_mib: int


class _Answer(BaseModel):
    ingested: Ingested | None = None
    problems: tuple[Problem, ...] = ()


ANSWER: TypeAdapter[_Answer] = TypeAdapter(_Answer)


def ingest_apart(source: Path, request: DatasetRequest, into: Path, *, memory_mib: int) -> Ingested:
    """Do what `ingest` does, within limits of memory and time.

    Raises:
        InvalidDataset: When the file breaks a law, or reading it goes beyond the limits.
    """
    task = _Task(source=source, request=request, into=into, memory_mib=memory_mib)
    said = apart("autodistill.data", task.model_dump_json().encode(), memory_mib=memory_mib)
    answer = ANSWER.validate_json(said)
    if answer.ingested is None:
        raise InvalidDataset(answer.problems)
    return answer.ingested


def apart(module: str, task: bytes, *, memory_mib: int) -> bytes:
    """Return what a module prints that reads a file for us, given its task as standard input.

    Raises:
        InvalidDataset: When that goes beyond the limits, which the child sets by `limit`.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-m", module],
            input=task,
            capture_output=True,
            check=False,
            timeout=2 * LONGEST_S,
            env=os.environ | {"ARROW_DEFAULT_MEMORY_POOL": "system", "OMP_NUM_THREADS": "1"},
        )
    except subprocess.TimeoutExpired:
        raise beyond(f"took more than {2 * LONGEST_S} s") from None
    if done.returncode:
        raise beyond(
            f"ended its reader ({done.returncode}): it is damaged, takes more than {LONGEST_S} s "
            f"or needs more than {memory_mib} MiB"
        )
    return done.stdout


def limit(memory_mib: int) -> None:
    """Bind this process to the limits; the child's side."""
    most = memory_mib * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (LONGEST_S, LONGEST_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> None:
    """Do the task that standard input describes; the child's side."""
    task = _Task.model_validate_json(sys.stdin.buffer.read())
    limit(task.memory_mib)
    try:
        answer = _Answer(ingested=ingest(task.source, task.request, task.into))
    except InvalidDataset as error:
        answer = _Answer(problems=tuple(error.problems))
    except MemoryError:
        refusal = beyond(f"needs more than {task.memory_mib} MiB")
        answer = _Answer(problems=tuple(refusal.problems))
    sys.stdout.buffer.write(ANSWER.dump_json(answer))


def beyond(what: str) -> InvalidDataset:
    """Return the refusal of a file whose reading does too much."""
    message = f"Reading the file {what}. Give less of it, or write it anew with plain columns."
    return InvalidDataset(Problem(field="file", message=message))
