from __future__ import annotations

from typing import Any

import pytest


def test_a_queued_job_follows_at_once(world: Any) -> None:
    job = world.submit()
    for verb, state in (("pause", "paused"), ("resume", "queued"), ("cancel", "cancelled")):
        answer = world.post(f"/v1/jobs/{job}/{verb}")
        assert answer.json()["state"] == state
        assert answer.headers["etag"] == f'"{answer.json()["version"]}"'


def test_a_running_job_is_told_and_follows_later(world: Any) -> None:
    job = world.submit()
    world.claim()
    paused = world.post(f"/v1/jobs/{job}/pause").json()
    assert (paused["state"] == "paused", paused["wish"]) == (False, "pause")


def test_an_ended_job_cannot_be_steered(world: Any) -> None:
    job = world.submit()
    world.post(f"/v1/jobs/{job}/cancel")
    answer = world.post(f"/v1/jobs/{job}/resume")
    assert answer.status_code == 409
    assert "cancelled" in answer.json()["detail"]


def test_a_change_by_somebody_else_is_noticed(world: Any) -> None:
    job = world.submit()
    seen = world.get(f"/v1/jobs/{job}").headers["etag"]
    assert world.post(f"/v1/jobs/{job}/pause", headers={"If-Match": seen}).status_code == 200
    late = world.post(f"/v1/jobs/{job}/cancel", headers={"If-Match": seen})
    assert late.status_code == 412
    assert late.json()["type"] == "urn:autodistill:Outdated"
    assert world.get(f"/v1/jobs/{job}").json()["state"] == "paused"
    assert world.post(f"/v1/jobs/{job}/cancel", headers={"If-Match": "*"}).status_code == 200


@pytest.mark.parametrize("tag", ["abc", '"x"', "9" * 5000])
def test_a_tag_that_is_none_is_refused(world: Any, tag: str) -> None:
    job = world.submit()
    answer = world.post(f"/v1/jobs/{job}/cancel", headers={"If-Match": tag})
    assert answer.status_code == 422


@pytest.mark.parametrize("verb", ["pause", "resume", "cancel"])
def test_nothing_can_be_done_with_an_unknown_job(world: Any, verb: str) -> None:
    assert world.post(f"/v1/jobs/nope/{verb}").status_code == 404


def test_jobs_are_listed_newest_first_by_page_and_state(world: Any) -> None:
    made = [world.submit(seed=i) for i in range(5)]
    world.post(f"/v1/jobs/{made[1]}/cancel")
    first = world.get("/v1/jobs?limit=3").json()
    assert [job["id"] for job in first["items"]] == made[:1:-1]
    rest = world.get("/v1/jobs", params={"limit": 3, "after": first["next"]}).json()
    assert [job["id"] for job in rest["items"]] == [made[1], made[0]]
    assert rest["next"] is None
    cancelled = world.get("/v1/jobs?state=cancelled").json()["items"]
    assert [job["id"] for job in cancelled] == [made[1]]
