"""Reading a foreign file of past tasks in a process of its own."""

from __future__ import annotations

import sys
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from autodistill.data import apart
from autodistill.errors import InvalidInput, Problem
from autodistill.history import Standing, chronicle


class _Task(BaseModel):
    model_config = ConfigDict(frozen=True)

    source: Path
    into: Path
    memory_mib: int


class Understood(BaseModel):
    """What a file holds, or why it was refused."""

    model_config = ConfigDict(frozen=True)

    num_tasks: int = 0
    num_trials: int = 0
    problems: tuple[Problem, ...] = ()


def understand(source: Path, into: Path, *, memory_mib: int) -> Understood:
    """Write what is understood of a file to another, and return how much that is.

    Equal tasks give equal bytes, whoever wrote the file.

    Raises:
        InvalidInput: When the file breaks a law, or reading it goes beyond the limits.
    """
    task = _Task(source=source, into=into, memory_mib=memory_mib).model_dump_json().encode()
    said = apart.apart("autodistill.history", task, memory_mib=memory_mib)
    found = Understood.model_validate_json(said)
    if found.problems:
        raise InvalidInput(found.problems)
    return found


def main() -> None:
    """Do the task that standard input describes; the child's side."""
    task = _Task.model_validate_json(sys.stdin.buffer.read())
    apart.limit(task.memory_mib)
    try:
        found = _understood(task)
    except InvalidInput as error:
        found = Understood(problems=tuple(error.problems))
    except MemoryError:
        refusal = apart.beyond(f"needs more than {task.memory_mib} MiB")
        found = Understood(problems=tuple(refusal.problems))
    sys.stdout.write(found.model_dump_json())


def _understood(task: _Task) -> Understood:
    tasks = chronicle.read(task.source, Standing.IMPORTED)
    if not tasks:
        message = "It has no trial whose components this service knows; nothing was imported."
        raise InvalidInput(Problem(field="file", message=message))
    with task.into.open("wb") as out:
        out.writelines(chronicle.write(tasks))
    return Understood(num_tasks=len(tasks), num_trials=sum(len(t.trials) for t in tasks))
