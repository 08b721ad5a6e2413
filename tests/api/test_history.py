from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from autodistill.recommend import chronicle


@pytest.fixture
def learnt(world: Any) -> str:
    """A job with a plain trial and five that distil."""
    name = world.submit()
    claimed = world.claim()
    world.trial(claimed, 0, [0.5, 0.6], plain=True)
    for number in range(1, 6):
        world.trial(claimed, number, [0.5, 0.6 + number / 100])
    return str(name)


def exported(world: Any, folder: Path, *jobs: str) -> Path:
    answer = world.get("/v1/history/export", params={"job": jobs})
    assert answer.status_code == 200
    assert 'filename="history.parquet"' in answer.headers["content-disposition"]
    path = folder / "history.parquet"
    path.write_bytes(answer.content)
    return path


def test_all_that_ended_is_exported_with_curves(world: Any, learnt: str, tmp_path: Path) -> None:
    (task,) = chronicle.read(exported(world, tmp_path))
    assert (task.job, task.student, task.dataset.name) == (learnt, "cut-2", "reviews")
    assert [t.dev["accuracy"] for t in task.trials] == [0.6, 0.61, 0.62, 0.63, 0.64, 0.65]
    assert [[m.values for m in t.curve] for t in task.trials[:1]] == [
        [{"dev/accuracy": 0.5}, {"dev/accuracy": 0.6}]
    ]
    assert task.conditions == {"max_length": 128}


def test_some_jobs_alone_are_exported(world: Any, learnt: str, tmp_path: Path) -> None:
    other = world.submit()
    world.trial(world.claim(), 0, [0.5], plain=True)
    assert {t.job for t in chronicle.read(exported(world, tmp_path))} == {learnt, other}
    assert {t.job for t in chronicle.read(exported(world, tmp_path, other))} == {other}
    assert world.get("/v1/history/export", params={"job": "none"}).status_code == 404


def test_nothing_learnt_is_an_empty_history(world: Any, tmp_path: Path) -> None:
    assert chronicle.read(exported(world, tmp_path)) == []
