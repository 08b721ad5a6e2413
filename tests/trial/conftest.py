from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from autodistill.record import PreparedTask
from autodistill.task import Task
from autodistill.testing.prepared import tiny_task


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Task], PreparedTask]:
    """Return a prepared task of each kind, made once."""
    made: dict[Task, PreparedTask] = {}

    def of(task: Task) -> PreparedTask:
        if task not in made:
            made[task] = tiny_task(tmp_path_factory.mktemp(task.value), task)
        return made[task]

    return of


@pytest.fixture
def task(prepared: Callable[[Task], PreparedTask]) -> PreparedTask:
    return prepared(Task.TEXT_CLASSIFICATION)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "trial"
