from __future__ import annotations

from typing import Any

from autodistill.record import Origin, TrialState
from autodistill.spec import PipelineSpec, TrialSpec


def ended(world: Any, **changes: Any) -> str:
    """Return a job that has failed, with a complete trial and a failed one."""
    job: str = world.submit(**changes)
    claim = world.claim()
    world.trial(claim, 0, [0.7, 0.8])
    world.trial(claim, 1, [0.5])
    with world.store.write() as tx:
        driving = tx.driving(claim.id, claim.owner_epoch)
        driving.suggest(2, tx.trials.get(job, 0).spec, "sampler", "drawn")
        driving.finish(2, TrialState.FAILED, dev={}, test={}, seconds=1.0, reason="diverged")
        driving.fail("Nothing worked.")
    return job


def test_a_clone_is_the_same_job_with_changes(world: Any) -> None:
    job = world.submit(seed=3, space={"training.weight_decay": 0.01}, parallelism=1)
    answer = world.post(f"/v1/jobs/{job}/clone", {"name": "again", "budget": {"num_trials": 7}})
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == f"/v1/jobs/{answer.json()['id']}"
    old, new = world.get(f"/v1/jobs/{job}").json()["spec"], answer.json()["spec"]
    assert new.pop("budget") == old.pop("budget") | {"num_trials": 7}
    assert new.pop("name") == "again"
    old.pop("name")
    assert new == old


def test_an_unchanged_clone_has_an_equal_spec(world: Any) -> None:
    job = world.submit()
    clone = world.post(f"/v1/jobs/{job}/clone", {}).json()
    assert clone["id"] != job
    assert clone["spec"] == world.get(f"/v1/jobs/{job}").json()["spec"]


def test_a_keyed_clone_is_made_once(world: Any) -> None:
    job = world.submit()
    key = {"Idempotency-Key": "once"}
    made = {world.post(f"/v1/jobs/{job}/clone", {"seed": 1}, headers=key).json()["id"]}
    made |= {world.post(f"/v1/jobs/{job}/clone", {"seed": 1}, headers=key).json()["id"]}
    assert len(made) == 1
    assert world.post(f"/v1/jobs/{job}/clone", {"seed": 2}, headers=key).status_code == 422


def test_a_change_that_breaks_a_law_is_refused_with_its_place(world: Any) -> None:
    job = world.submit()
    answer = world.post(f"/v1/jobs/{job}/clone", {"budget": {"num_trials": 0}})
    assert answer.status_code == 422
    assert answer.json()["problems"][0]["field"] == "budget.num_trials"
    assert world.post(f"/v1/jobs/{job}/clone", {"sead": 1}).status_code == 422


def test_a_finished_job_gets_a_larger_budget(world: Any) -> None:
    job = ended(world)
    before = world.get(f"/v1/jobs/{job}").json()
    answer = world.post(f"/v1/jobs/{job}/extend", {"num_trials": 40})
    assert answer.status_code == 200, answer.text
    assert answer.json()["state"] == "queued"
    assert answer.json()["progress"]["of"] == 40
    assert answer.headers["etag"] == f'"{before["version"] + 1}"'
    assert world.claim().id == job


def test_a_job_that_runs_is_not_extended(world: Any) -> None:
    job = world.submit()
    world.claim()
    answer = world.post(f"/v1/jobs/{job}/extend", {"num_trials": 40})
    assert answer.status_code == 409
    assert "pause it first" in answer.json()["detail"]


def test_failed_trials_run_once_more(world: Any) -> None:
    job = ended(world)
    tag = {"If-Match": '"1"'}
    assert world.post(f"/v1/jobs/{job}/retry", headers=tag).status_code == 412
    assert world.post(f"/v1/jobs/{job}/retry").json()["state"] == "queued"
    states = [t["state"] for t in world.get(f"/v1/jobs/{job}/trials").json()["items"]]
    assert states == ["complete", "complete", "queued"]
    said = world.get("/v1/audit").json()["items"][0]
    assert (said["action"], said["target"]) == ("job.retry", job)


def test_one_trial_alone_runs_once_more(world: Any) -> None:
    job = ended(world)
    refused = world.post(f"/v1/jobs/{job}/retry", params={"trial": 0})
    assert refused.status_code == 409
    assert "No trial 0 of job" in refused.json()["detail"]
    assert world.post(f"/v1/jobs/{job}/retry", params={"trial": 2}).json()["state"] == "queued"
    assert world.get(f"/v1/jobs/{job}/trials/2").json()["state"] == "queued"


def test_an_open_trial_is_stopped(world: Any) -> None:
    job = world.submit()
    claim = world.claim()
    with world.store.write() as tx:
        spec = TrialSpec(pipeline=PipelineSpec(), student="cut-2", seed=0)
        tx.driving(job, claim.owner_epoch).suggest(0, spec, Origin.SAMPLER, "drawn")
    answer = world.post(f"/v1/jobs/{job}/trials/0/stop")
    assert (answer.status_code, answer.json()["number"]) == (200, 0)
    said = world.get("/v1/audit").json()["items"][0]
    assert (said["action"], said["target"]) == ("trial.stop", f"{job}/0")
    assert world.post(f"/v1/jobs/{job}/trials/7/stop").status_code == 404


def test_a_confusion_matrix_comes_with_its_classes(world: Any) -> None:
    job = ended(world)
    found = world.get(f"/v1/jobs/{job}/trials/0/confusion").json()
    assert found["labels"] == list(world.get("/v1/datasets").json()["items"][0]["labels"])
    assert found["counts"] is None
    assert world.get(f"/v1/jobs/{job}/trials/9/confusion").status_code == 404


def test_the_tables_follow_a_trial_that_ran_once_more(world: Any) -> None:
    job = ended(world)
    ask = {"name": ["number", "state"]}
    assert world.get(f"/v1/jobs/{job}/table", params=ask).json()["columns"]["state"][2] == "failed"
    world.post(f"/v1/jobs/{job}/retry")
    claim = world.claim()
    with world.store.write() as tx:
        driving = tx.driving(claim.id, claim.owner_epoch)
        driving.start(2)
        driving.finish(2, TrialState.COMPLETE, dev={"accuracy": 0.9}, test={}, seconds=1.0)
    found = world.get(f"/v1/jobs/{job}/table", params=ask).json()
    assert found["columns"] == {"number": [0, 1, 2], "state": ["complete"] * 3}


def test_projects_share_as_they_are_told(world: Any) -> None:
    world.submit(project="mine", priority=30)
    assert world.get("/v1/projects").json() == [{"name": "mine", "weight": 1, "quota": None}]
    put = world.http.put("/v1/projects/mine", json={"weight": 3, "quota": 4})
    assert put.json() == {"name": "mine", "weight": 3, "quota": 4}
    assert world.get("/v1/projects/mine").json() == put.json()
    assert world.http.put("/v1/projects/mine", json={"weight": 0}).status_code == 422


def test_the_log_of_a_job_that_was_taken_up_is_read_past_its_first_end(world: Any) -> None:
    job = ended(world)
    world.post(f"/v1/jobs/{job}/retry")
    world.post(f"/v1/jobs/{job}/cancel")
    with world.http.stream("GET", f"/v1/jobs/{job}/events") as stream:
        kinds = [line[7:] for line in stream.iter_lines() if line.startswith("event: ")]
    assert kinds[-4:] == ["job.retried", "job.queued", "trial.cancelled", "job.cancelled"]
    assert "job.failed" in kinds
