from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from api.access import NEEDS
from autodistill.access import Scope
from autodistill.testing.shells import reviews

ASKS = (
    "POST /v1/jobs/validate",
    "POST /v1/jobs/estimate",
    "POST /v1/recommendations",
    "POST /v1/jobs/{job}/trials/{number}/report",  # data, which the log of the job has
)
CHANGES = {
    k
    for k, scope in NEEDS.items()
    if not k.startswith("GET ") and scope is not None and k not in ASKS
}


def _dataset(world: Any) -> Any:
    path = reviews(world.root / "more.csv", 80)
    files = {"file": ("more.csv", path.read_bytes())}
    return world.http.post("/v1/datasets", files=files, data={"request": '{"name": "more"}'})


def _by_path(world: Any) -> Any:
    path = reviews(world.root / "more.csv", 80)
    return world.post("/v1/datasets/by-path", {"path": str(path), "name": "more"})


def _forget_dataset(world: Any) -> Any:
    return world.http.delete(f"/v1/datasets/{_by_path(world).json()['id']}")


def _forget_model(world: Any) -> Any:
    return world.http.delete(f"/v1/models/{world.model('small', num_layers=2).json()['id']}")


def _forget_webhook(world: Any) -> Any:
    return world.http.delete(f"/v1/webhooks/{world.post('/v1/webhooks', HOOK).json()['id']}")


def _revoke(world: Any) -> Any:
    world.post("/v1/tokens", {"name": "ci", "scope": "viewer"})
    return world.post("/v1/tokens/ci/revoke")


def _steer(verb: str) -> Callable[[Any], Any]:
    return lambda world: world.post(f"/v1/jobs/{world.submit()}/{verb}", {})


def _extend(world: Any) -> Any:
    job = world.submit()
    world.post(f"/v1/jobs/{job}/pause")
    return world.post(f"/v1/jobs/{job}/extend", {"num_trials": 500})


def _import(world: Any) -> Any:
    world.submit()
    world.trial(world.claim(), 0, [0.5], plain=True)
    files = {"file": ("history.parquet", world.get("/v1/history/export").content)}
    return world.http.post("/v1/history/imports", files=files, data={"name": "theirs"})


def _forget_import(world: Any) -> Any:
    return world.http.delete(f"/v1/history/imports/{_import(world).json()['id']}")


HOOK = {"url": "https://8.8.8.8/hooks"}
DONE: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "POST /v1/datasets": ("dataset.register", _dataset),
    "POST /v1/datasets/by-path": ("dataset.register", _by_path),
    "DELETE /v1/datasets/{dataset}": ("dataset.delete", _forget_dataset),
    "DELETE /v1/models/{model}": ("model.delete", _forget_model),
    "POST /v1/models": ("model.register", lambda w: w.model("small", num_layers=2)),
    "POST /v1/jobs": ("job.submit", lambda w: w.post("/v1/jobs", w.request())),
    "POST /v1/jobs/{job}/pause": ("job.pause", _steer("pause")),
    "POST /v1/jobs/{job}/resume": ("job.run", _steer("resume")),
    "POST /v1/jobs/{job}/cancel": ("job.cancel", _steer("cancel")),
    "POST /v1/jobs/{job}/clone": ("job.clone", _steer("clone")),
    "POST /v1/jobs/{job}/extend": ("job.extend", _extend),
    "POST /v1/history/imports": ("history.import", _import),
    "DELETE /v1/history/imports/{chronicle}": ("history.forget", _forget_import),
    "POST /v1/tokens": (
        "token.create",
        lambda w: w.post("/v1/tokens", {"name": "ci", "scope": "viewer"}),
    ),
    "POST /v1/tokens/{token}/revoke": ("token.revoke", _revoke),
    "POST /v1/webhooks": ("webhook.create", lambda w: w.post("/v1/webhooks", HOOK)),
    "DELETE /v1/webhooks/{webhook}": ("webhook.delete", _forget_webhook),
}


ELSEWHERE = {
    "POST /v1/jobs/{job}/retry",
    "POST /v1/jobs/{job}/trials/{number}/stop",
    "POST /v1/jobs/{job}/ask",
    "POST /v1/jobs/{job}/trials/{number}/tell",
    "PUT /v1/projects/{project}",
}
"""Whose entries `test_renewing.py`, the tests of `lending` and a test below look at."""


def test_every_change_is_tried() -> None:
    assert set(DONE) | ELSEWHERE == CHANGES


def test_a_project_that_is_told_its_share_leaves_an_entry(world: Any) -> None:
    world.http.put("/v1/projects/mine", json={"weight": 3, "quota": 4})
    newest = world.get("/v1/audit").json()["items"][0]
    assert (newest["action"], newest["target"]) == ("project.put", "mine")


@pytest.mark.parametrize("key", sorted(DONE))
def test_a_change_leaves_an_entry(world: Any, key: str) -> None:
    action, do = DONE[key]
    answer = do(world)
    assert answer.is_success, answer.text
    newest = world.get("/v1/audit").json()["items"][0]
    assert (newest["who"], newest["action"]) == ("local", action)
    assert newest["target"] == answer.json()["id"]


def test_what_was_refused_or_repeated_leaves_none(world: Any) -> None:
    before = world.get("/v1/audit").json()["items"]
    world.post("/v1/jobs", world.request(dataset="nope"))
    assert world.get("/v1/audit").json()["items"] == before
    for _ in range(3):
        world.post("/v1/jobs", world.request(), headers={"Idempotency-Key": "k"})
    assert len(world.get("/v1/audit").json()["items"]) == len(before) + 1


def test_the_trail_is_paged_from_the_newest(world: Any) -> None:
    jobs = [world.submit() for _ in range(5)]
    first = world.get("/v1/audit?limit=3").json()
    rest = world.get("/v1/audit", params={"after": first["next"]}).json()
    told = [e["target"] for e in first["items"] + rest["items"]]
    assert told[:5] == jobs[::-1]
    assert rest["next"] is None


def test_the_trail_names_the_token(open_world: Callable[..., Any]) -> None:
    root = {"Authorization": f"Bearer {'r' * 32}"}
    world = open_world(tokens=True, root_token="r" * 32)
    made = world.post("/v1/tokens", {"name": "boss", "scope": "admin"}, headers=root).json()
    boss = {"Authorization": f"Bearer {made['token']}"}
    world.post("/v1/tokens", {"name": "ci", "scope": Scope.VIEWER}, headers=boss)
    told = world.get("/v1/audit", headers=boss).json()["items"]
    assert [e["who"] for e in told] == ["boss", "root"]
    assert json.dumps(told).count(made["token"]) == 0
