"""Short trials, by which what is recommended for a dataset is ordered."""

from __future__ import annotations

from typing import Any

from autodistill.history import Recommendation
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


def tried_out(world: Any, found: Recommendation) -> Job:
    """Let a worker run the short trials; each reaches more than the one before."""
    submitted = world.post("/v1/jobs", found.tryout)
    assert submitted.status_code == 202, submitted.text
    job: Job = world.claim()
    assert job.id == submitted.json()["id"]
    with world.store.write() as tx:
        driving = tx.driving(job.id, job.owner_epoch)
        for number, pipeline in enumerate(job.spec.start):
            spec = TrialSpec(pipeline=pipeline, student="cut-2", seed=number)
            driving.suggest(number, spec, Origin.USER, "a test")
            driving.start(number)
            dev = {"accuracy": 0.5 + number / 100}
            driving.finish(number, TrialState.COMPLETE, dev=dev, test=dev, seconds=1.0)
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


def test_the_teacher_is_prepared_as_for_the_newest_job(world: Any) -> None:
    found = advised(world)
    assert found.tryout is not None
    assert found.tryout["teacher"]["preparation"]["kind"] == "fine_tuned"
    preparation = {"kind": "fine_tuned", "training": {"learning_rate": 1e-3, "num_epochs": 9}}
    world.submit(teacher={"model": "teacher", "preparation": preparation})
    found = advised(world)
    assert found.tryout is not None
    assert found.tryout["teacher"]["preparation"]["training"]["num_epochs"] == 9


def test_afterwards_the_list_is_in_the_order_of_what_they_reached(world: Any) -> None:
    before = advised(world)
    tried_out(world, before)
    after = advised(world)
    assert [a.pipeline for a in after.advice] == [a.pipeline for a in before.advice][::-1]
    assert [a.tried for a in after.advice] == [0.54, 0.53, 0.52, 0.51, 0.5]
    assert after.tryout is None
    assert "in the order of short trials" in after.message
    job = world.post("/v1/jobs", world.request()).json()
    first, *_ = job["spec"]["recommended"]
    assert first["pipeline"] == after.advice[0].pipeline.model_dump(mode="json")


def test_what_is_added_to_a_list_later_is_still_offered(world: Any) -> None:
    tried_out(world, advised(world, k=2))
    after = advised(world)
    assert [a.tried for a in after.advice] == [0.51, 0.5, None, None, None]
    assert after.tryout is not None
    assert len(after.tryout["start"]) == 3


def test_no_other_task_learns_from_them(world: Any) -> None:
    other = {"student": {"kind": "cut", "num_layers": 1}}
    before = advised(world, **other)
    job = tried_out(world, advised(world))
    assert advised(world, **other) == before
    assert world.get("/v1/history").json()["jobs"] == []
    exported = world.get("/v1/history/export", params={"job": job.id})
    assert exported.status_code == 200
    with world.store.read() as tx:
        assert tx.history.tasks() == []
