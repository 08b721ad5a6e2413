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
    try:
        done = subprocess.run(
            [sys.executable, "-m", "autodistill.data"],
            input=task.model_dump_json().encode(),
            capture_output=True,
            check=False,
            timeout=2 * LONGEST_S,
            env=os.environ | {"ARROW_DEFAULT_MEMORY_POOL": "system", "OMP_NUM_THREADS": "1"},
        )
    except subprocess.TimeoutExpired:
        raise _beyond(f"took more than {2 * LONGEST_S} s") from None
    if done.returncode:
        raise _beyond(
            f"ended its reader ({done.returncode}): it is damaged, takes more than {LONGEST_S} s "
            f"or needs more than {memory_mib} MiB"
        )
    answer = ANSWER.validate_json(done.stdout)
    if answer.ingested is None:
        raise InvalidDataset(answer.problems)
    return answer.ingested


def main() -> None:
    """Do the task that standard input describes; the child's side."""
    task = _Task.model_validate_json(sys.stdin.buffer.read())
    most = task.memory_mib * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (LONGEST_S, LONGEST_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        answer = _Answer(ingested=ingest(task.source, task.request, task.into))
    except InvalidDataset as error:
        answer = _Answer(problems=tuple(error.problems))
    except MemoryError:
        refusal = _beyond(f"needs more than {task.memory_mib} MiB")
        answer = _Answer(problems=tuple(refusal.problems))
    sys.stdout.buffer.write(ANSWER.dump_json(answer))


def _beyond(what: str) -> InvalidDataset:
    message = f"Reading the file {what}. Give less of it, or write it anew with plain columns."
    return InvalidDataset(Problem(field="file", message=message))
