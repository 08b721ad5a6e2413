from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from autodistill.history import Standing, chronicle
from autodistill.optimisation import Training
from autodistill.spec import PipelineSpec
from autodistill.store import history
from autodistill.testing.records import dataset_of, facts_of, past_of, trial_of


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


def test_a_job_named_twice_is_exported_once(world: Any, learnt: str, tmp_path: Path) -> None:
    (task,) = chronicle.read(exported(world, tmp_path, learnt, learnt))
    assert [t.number for t in task.trials] == list(range(6))


def test_large_jobs_are_read_in_parts(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(5):
        world.submit()
        claimed = world.claim()
        for number in range(4):
            world.trial(claimed, number, [0.5, 0.6 - number / 100], plain=not number)
    monkeypatch.setattr(history, "MOST", 2)
    monkeypatch.setattr(history, "BEST", 1)

    def read() -> list[list[int]]:
        with world.store.read() as tx:
            return [[t.number for t in task.trials] for task in tx.history.own()]

    whole = read()
    assert len(whole) == 5
    assert all(0 in numbers and len(numbers) < 4 for numbers in whole)  # the first is the best
    monkeypatch.setattr(history, "TERMS", 2)
    assert read() == whole


def test_nothing_learnt_is_an_empty_history(world: Any, tmp_path: Path) -> None:
    assert chronicle.read(exported(world, tmp_path)) == []


def imported(world: Any, path: Path, name: str = "theirs", **more: Any) -> Any:
    files = {"file": (path.name, path.read_bytes())}
    return world.http.post("/v1/history/imports", files=files, data={"name": name}, **more)


def advised(world: Any) -> Any:
    asked = {
        "dataset": "reviews",
        "teacher": "teacher",
        "student": {"kind": "cut", "num_layers": 2},
    }
    return world.post("/v1/recommendations", asked).json()


@pytest.mark.usefixtures("learnt")
def test_what_was_exported_is_advice_elsewhere(
    world: Any, open_world: Any, ready: Path, tmp_path: Path
) -> None:
    path = exported(world, tmp_path)
    shutil.copytree(ready, tmp_path / "other")
    other = open_world(tmp_path / "other")
    assert advised(other)["basis"] == "expert"
    first = imported(other, path)
    assert first.status_code == 201, first.text
    assert (first.json()["num_tasks"], first.json()["num_trials"]) == (1, 6)
    assert imported(other, path).json() == imported(other, path, "again").json() == first.json()
    assert advised(other)["basis"] == "history"
    assert [i["name"] for i in other.get("/v1/history/imports").json()["items"]] == ["theirs"]
    assert other.http.delete("/v1/history/imports/theirs").json() == first.json()
    assert advised(other)["basis"] == "expert"
    assert other.get("/v1/history/imports/theirs").status_code == 404


def test_advice_is_tried_on_the_past(world: Any, tmp_path: Path) -> None:
    nothing = world.get("/v1/history/evaluation").json()
    assert nothing["verdicts"] == []
    assert "At least two groups" in nothing["message"]
    tasks = []
    for name in "abc":
        trials = [
            trial_of(i, PipelineSpec(training=Training(num_epochs=3 + i)), dev={"accuracy": i / 9})
            for i in range(8)
        ]
        past = past_of(dataset_of(name, facts_of(), {}), facts_of(), trials)
        tasks.append(past.model_copy(update={"job": name}))
    path = tmp_path / "three.parquet"
    path.write_bytes(b"".join(chronicle.write(tasks)))
    assert imported(world, path).status_code == 201
    found = world.get("/v1/history/evaluation").json()
    assert (found["num_tasks"], found["num_groups"]) == (3, 3)
    by_method = {v["method"]: v["regret_1"][0] for v in found["verdicts"]}
    assert by_method["recommender"] < by_method["random"]
    followed = world.get("/v1/history/evaluation/course").json()
    assert [p["num_tasks"] for p in followed] == [2, 3]
    assert [v["method"] for v in followed[-1]["verdicts"]][:2] == ["recommender", "random"]


@pytest.mark.usefixtures("learnt")
def test_what_comes_back_home_counts_once(world: Any, tmp_path: Path) -> None:
    before = advised(world)
    assert imported(world, exported(world, tmp_path)).status_code == 201
    assert advised(world) == before


def test_a_bad_file_is_refused_and_leaves_nothing(world: Any, tmp_path: Path) -> None:
    path = tmp_path / "bad.parquet"
    path.write_bytes(b"PAR1 and no more")
    answer = imported(world, path)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert [p["field"] for p in answer.json()["problems"]] == ["file"]
    path.write_bytes(b"".join(chronicle.write([])))
    assert imported(world, path).status_code == 422
    assert imported(world, path, name="").status_code == 422
    assert world.get("/v1/history/imports").json()["items"] == []


def test_what_comes_with_the_package_is_advice(
    open_world: Any, ready: Path, tmp_path: Path
) -> None:
    shutil.copytree(ready, tmp_path / "mine")
    found = advised(open_world(tmp_path / "mine", shipped_history=True))
    assert found["basis"] == "history"
    assert len(found["advice"]) == 5
    assert "For it speaks" in found["advice"][0]["reason"]


def test_the_shipped_history_is_advice_where_it_is_wanted(
    open_world: Any, ready: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(ready, tmp_path / "mine")
    task = past_of(
        dataset_of("reviews", facts_of(layers=2), {}),
        facts_of(layers=2),
        [
            trial_of(i, PipelineSpec(training=Training(num_epochs=3 + i)), dev={"accuracy": i / 9})
            for i in range(6)
        ],
    )
    shipped = (task.model_copy(update={"standing": Standing.SHIPPED, "job": "j"}),)
    monkeypatch.setattr("autodistill.store.history.shipped", lambda: shipped)
    assert advised(open_world(tmp_path / "mine"))["basis"] == "expert"
    assert advised(open_world(tmp_path / "mine", shipped_history=True))["basis"] == "history"
