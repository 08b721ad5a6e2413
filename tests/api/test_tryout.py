"""Short trials, by which what is recommended for a dataset is ordered."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from autodistill.history import Recommendation
from autodistill.recommend.tryout import FAILED
from autodistill.record import Job, Origin, TrialState
from autodistill.spec import JobRequest, TrialSpec

ASKED: dict[str, Any] = {
    "dataset": "reviews",
    "teacher": "teacher",
    "student": {"kind": "cut", "num_layers": 2},
}


def advised(world: Any, **more: Any) -> Recommendation:
    answer = world.post("/v1/recommendations", ASKED | more)
    assert answer.status_code == 200, answer.text
    return Recommendation.model_validate(answer.json())


def claimed(world: Any, found: Recommendation, **changes: Any) -> Job:
    """Submit the short trials, and let a worker begin with them."""
    assert found.tryout is not None
    submitted = world.post("/v1/jobs", found.tryout | changes)
    assert submitted.status_code == 202, submitted.text
    job: Job = world.claim()
    assert job.id == submitted.json()["id"]
    return job


def run(world: Any, job: Job, *, failing: tuple[int, ...] = ()) -> None:
    """Let a worker run them to their end; each reaches more than the one before."""
    with world.store.write() as tx:
        driving = tx.driving(job.id, job.owner_epoch)
        for number, pipeline in enumerate(job.spec.start):
            spec = TrialSpec(pipeline=pipeline, student="cut-2", seed=number)
            driving.suggest(number, spec, Origin.USER, "a test")
            driving.start(number)
            state = TrialState.FAILED if number in failing else TrialState.COMPLETE
            dev = {} if number in failing else {"accuracy": 0.5 + number / 100}
            driving.finish(number, state, dev=dev, test=dev, seconds=1.0)
        driving.fail("It is over.")


def tried_out(world: Any, **changes: Any) -> Job:
    job = claimed(world, advised(world), **changes)
    run(world, job)
    return job


def test_a_list_offers_the_short_trials_that_would_order_it(world: Any) -> None:
    found = advised(world)
    assert found.tryout is not None
    job = JobRequest.model_validate(found.tryout)
    assert job.tryout
    assert job.budget.num_trials == 1 + len(job.start) == 6
    assert job.budget.max_epochs == max(p.training.num_epochs for p in job.start)
    for advice, pipeline in zip(found.advice, job.start, strict=True):
        few = advice.pipeline.training.num_epochs / 4
        assert few <= pipeline.training.num_epochs < few + 1
    assert world.post("/v1/jobs/validate", found.tryout).status_code == 200


def test_conditions_are_those_of_the_newest_job(world: Any) -> None:
    found = advised(world)
    assert found.tryout is not None
    assert found.tryout["teacher"]["preparation"]["kind"] == "fine_tuned"
    preparation = {"kind": "fine_tuned", "training": {"learning_rate": 1e-3, "num_epochs": 9}}
    teacher = {"model": "teacher", "preparation": preparation}
    world.submit(teacher=teacher, max_length=32, max_train_examples=20)
    found = advised(world)
    assert found.tryout is not None
    assert found.tryout["teacher"]["preparation"]["training"]["num_epochs"] == 9
    assert (found.tryout["max_length"], found.tryout["max_train_examples"]) == (32, 20)


def test_afterwards_the_list_is_in_the_order_of_what_they_reached(world: Any) -> None:
    before = advised(world)
    tried_out(world)
    after = advised(world)
    assert [a.pipeline for a in after.advice] == [a.pipeline for a in before.advice][::-1]
    assert [a.tried for a in after.advice] == [0.54, 0.53, 0.52, 0.51, 0.5]
    assert after.tryout is None
    assert "5 short trials on this dataset" in after.message
    job = world.post("/v1/jobs", world.request()).json()
    first, *_ = job["spec"]["recommended"]
    assert first["pipeline"] == after.advice[0].pipeline.model_dump(mode="json")


def test_the_first_is_the_same_however_many_are_asked_for(world: Any) -> None:
    tried_out(world)
    five = advised(world)
    assert [advised(world, k=k).advice for k in (1, 2)] == [five.advice[:1], five.advice[:2]]
    twenty = advised(world, k=20)
    assert twenty.advice[:5] == five.advice
    assert {a.tried for a in twenty.advice[5:]} <= {None}


def test_what_is_under_way_is_not_offered_again(world: Any) -> None:
    job = claimed(world, advised(world))
    meanwhile = advised(world)
    assert (meanwhile.tryout, meanwhile.trying) == (None, job.id)
    run(world, job)
    assert advised(world).trying is None


@pytest.fixture
def guarded(open_world: Any, ready: Path, tmp_path: Path) -> tuple[Any, dict[str, Any]]:
    """A service with tokens, and the headers of two people, each confined to a project."""
    shutil.copytree(ready, tmp_path / "guarded")
    world = open_world(tmp_path / "guarded", tokens=True, root_token="r" * 40)
    root, told = {"Authorization": f"Bearer {'r' * 40}"}, {}
    for project in ("mine", "other"):
        body = {"name": project, "scope": "submitter", "project": project}
        made = world.post("/v1/tokens", body, headers=root)
        assert made.status_code == 201, made.text
        told[project] = {"Authorization": f"Bearer {made.json()['token']}"}
    return world, told


def test_jobs_of_other_projects_do_not_crowd_out_the_conditions_of_ones_own(
    guarded: tuple[Any, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.admission.LOOKED_AT", 1)
    world, told = guarded
    for project, length in (("mine", 32), ("other", 64)):
        who = told[project]
        body = world.post("/v1/recommendations", ASKED, headers=who).json()["tryout"]
        answer = world.post("/v1/jobs", body | {"max_length": length}, headers=who)
        assert answer.status_code == 202, answer.text
    found = world.post("/v1/recommendations", ASKED | {"k": 1}, headers=told["mine"]).json()
    assert found["trying"] is not None  # under a length of 32


def test_who_may_not_see_a_job_is_not_told_of_it(guarded: tuple[Any, dict[str, Any]]) -> None:
    world, told = guarded
    found = world.post("/v1/recommendations", ASKED, headers=told["mine"]).json()
    job = world.post("/v1/jobs", found["tryout"], headers=told["mine"]).json()["id"]
    theirs = world.http.get("/v1/history/export", params={"job": job}, headers=told["other"])
    assert theirs.status_code == 404
    seen = {
        project: world.post("/v1/recommendations", ASKED, headers=who).json()
        for project, who in told.items()
    }
    assert {project: answer["trying"] for project, answer in seen.items()} == {
        "mine": job,
        "other": None,
    }
    assert {answer["tryout"] for answer in seen.values()} == {None}


def test_what_failed_is_last_and_not_offered_again(world: Any) -> None:
    before = advised(world)
    run(world, claimed(world, before), failing=(0,))
    after = advised(world)
    assert after.tryout is None
    last = after.advice[-1]
    assert last.pipeline == before.advice[0].pipeline
    assert last.tried is None
    assert last.reason.startswith(FAILED)


@pytest.mark.parametrize(
    "changes", [{"max_length": 16}, {"max_train_examples": 8}], ids=["length", "examples"]
)
def test_other_conditions_tell_nothing(world: Any, changes: dict[str, int]) -> None:
    before = advised(world)
    tried_out(world, **changes)
    world.submit()  # now the newest, under the usual conditions
    assert [a.tried for a in advised(world).advice] == [None] * 5
    assert advised(world).tryout == before.tryout


def test_no_other_task_learns_from_them(world: Any) -> None:
    assert world.model("twin", labels=["bad", "good"]).status_code == 201
    others: list[dict[str, Any]]
    others = [{"student": {"kind": "cut", "num_layers": 1}}, {"teacher": "twin"}]
    before = [advised(world, **other) for other in others]
    job = tried_out(world)
    assert [advised(world, **other) for other in others] == before
    assert world.get("/v1/history").json()["jobs"] == []
    refused = world.get("/v1/history/export", params={"job": job.id})
    assert refused.status_code == 422
    assert job.id in refused.json()["problems"][0]["message"]
    assert world.get("/v1/history/export").status_code == 200
    with world.store.read() as tx:
        assert tx.history.tasks() == []


def test_a_tryout_names_what_it_tries(world: Any) -> None:
    refused = world.post("/v1/jobs", world.request(tryout=True))
    assert refused.status_code == 422
    (problem,) = refused.json()["problems"]
    assert problem["field"] == "tryout"
    assert "name some" in problem["message"]
