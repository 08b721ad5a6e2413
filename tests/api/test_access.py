from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import iter_route_contexts
from starlette.routing import Mount

from api.access import NEEDS, operation
from api.main import NobodyMayEnter, create_app
from api.settings import Settings
from autodistill.access import Scope

ROOT = "r" * 32
OPEN = ("/healthz", "/readyz", "/openapi.json", "/login", "/logout", "/static/{path:path}")


def _operations(app: Any) -> set[str]:
    """Return every method and address that the application answers."""
    mounted = {f"GET {r.path}/{{path:path}}" for r in app.routes if isinstance(r, Mount)}
    routed = {
        f"{method} {route.path}"
        for route in iter_route_contexts(app.routes)
        for method in getattr(route, "methods", None) or ()
        if method != "HEAD"
    }
    return mounted | routed


@pytest.fixture
def guarded(open_world: Callable[..., Any], ready: Path, tmp_path: Path) -> Any:
    root = tmp_path / "root"
    shutil.copytree(ready, root)
    return open_world(root, tokens=True, root_token=ROOT)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def made(world: Any, scope: str, **more: Any) -> dict[str, str]:
    """Make a token and return the header that carries it."""
    body = {"name": f"a {scope} {more.get('project', '')}".strip(), "scope": scope, **more}
    answer = world.post("/v1/tokens", body, headers=bearer(ROOT))
    assert answer.status_code == 201, answer.text
    return bearer(answer.json()["token"])


def test_every_route_has_a_declared_need_and_no_need_is_stale(world: Any) -> None:
    assert _operations(world.http.app) == set(NEEDS)


def test_only_a_few_addresses_are_for_everybody() -> None:
    assert {key.split(" ")[1] for key, scope in NEEDS.items() if scope is None} == set(OPEN)


def test_whatever_changes_something_needs_more_than_a_viewer() -> None:
    asks = ("POST /v1/jobs/validate", "POST /v1/jobs/estimate", "POST /v1/recommendations")
    weak = {k for k, scope in NEEDS.items() if scope is Scope.VIEWER and not k.startswith("GET ")}
    assert weak == set(asks)


def test_what_is_not_listed_needs_an_admin() -> None:
    assert operation("PUT", "/v1/jobs").needs is Scope.ADMIN
    assert operation("GET", "/v1/secret").needs is Scope.ADMIN


@pytest.mark.parametrize("key", sorted(NEEDS.keys() - {"POST /login"}))
def test_each_scope_opens_what_it_covers_and_nothing_else(guarded: Any, key: str) -> None:
    method, template = key.split(" ")
    path = template.replace("{number}", "0").replace("{path:path}", "style.css")
    path = path.replace("{", "").replace("}", "")
    needed = NEEDS[key]

    def status(headers: dict[str, str]) -> int:
        return int(guarded.http.request(method, path, headers=headers).status_code)

    assert (status({}) == 401) == (needed is not None)
    assert (status(bearer("wrong")) == 401) == (needed is not None)
    for scope in Scope:
        answered = status(made(guarded, scope))
        assert answered != 401
        assert (answered == 403) == (needed is not None and not scope.covers(needed)), scope


def test_a_refusal_says_who_lacks_what(guarded: Any) -> None:
    answer = guarded.get("/v1/jobs")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["type"] == "urn:autodistill:Unauthenticated"
    weak = guarded.get("/v1/tokens", headers=made(guarded, "viewer"))
    assert weak.json()["detail"] == 'Token "a viewer" has scope viewer; this needs admin.'


def test_a_secret_is_shown_once_and_kept_as_a_hash(guarded: Any) -> None:
    token = guarded.post(
        "/v1/tokens", {"name": "ci", "scope": "viewer"}, headers=bearer(ROOT)
    ).json()
    secret = token.pop("token")
    listed = guarded.get("/v1/tokens", headers=bearer(ROOT)).json()["items"]
    assert listed == [token]
    database = (guarded.root / "autodistill.db").read_bytes()
    log = guarded.root / "autodistill.db-wal"
    assert secret.encode() not in database + (log.read_bytes() if log.exists() else b"")


def test_a_revoked_token_opens_nothing(guarded: Any) -> None:
    headers = made(guarded, "viewer")
    assert guarded.get("/v1/jobs", headers=headers).status_code == 200
    revoked = guarded.post("/v1/tokens/a viewer/revoke", headers=bearer(ROOT)).json()
    assert revoked["revoked_at"] is not None
    assert guarded.get("/v1/jobs", headers=headers).status_code == 401
    again = guarded.post("/v1/tokens/a viewer/revoke", headers=bearer(ROOT)).json()
    assert again == revoked


@pytest.mark.parametrize("name", ["a viewer", "local", "root"])
def test_a_name_stands_for_one_token_for_ever(guarded: Any, name: str) -> None:
    made(guarded, "viewer")
    guarded.post("/v1/tokens/a viewer/revoke", headers=bearer(ROOT))
    again = {"name": name, "scope": "viewer"}
    assert guarded.post("/v1/tokens", again, headers=bearer(ROOT)).status_code == 409


def test_an_admin_is_for_the_whole_service(guarded: Any) -> None:
    body = {"name": "x", "scope": "admin", "project": "p"}
    answer = guarded.post("/v1/tokens", body, headers=bearer(ROOT))
    assert "whole service" in answer.json()["problems"][0]["message"]


def test_a_token_of_a_project_sees_and_submits_its_jobs_only(guarded: Any) -> None:
    mine = made(guarded, "submitter", project="mine")
    other = made(guarded, "submitter", project="other")
    job = guarded.post("/v1/jobs", guarded.request(), headers=mine).json()
    assert job["spec"]["project"] == "mine"
    for path in ("", "/trials", "/curves", "/events", "/student", "/trials/0"):
        missing = guarded.get(f"/v1/jobs/{job['id']}{path}", headers=other)
        assert missing.status_code == 404, path
        assert missing.json()["detail"] == f'No job "{job["id"]}".'
    assert guarded.post(f"/v1/jobs/{job['id']}/cancel", headers=other).status_code == 404
    assert guarded.get("/v1/jobs", headers=other).json()["items"] == []
    assert len(guarded.get("/v1/jobs", headers=mine).json()["items"]) == 1
    assert guarded.get("/v1/jobs?project=mine", headers=other).status_code == 403
    for path in ("/v1/jobs", "/v1/jobs/validate"):
        answer = guarded.post(path, guarded.request(project="mine"), headers=other)
        assert answer.status_code == 403
    everything = made(guarded, "viewer")
    assert guarded.get(f"/v1/jobs/{job['id']}", headers=everything).status_code == 200


def test_keys_belong_to_whoever_sent_them(guarded: Any) -> None:
    ids = {
        guarded.post("/v1/jobs", guarded.request(), headers={**who, "Idempotency-Key": "k"}).json()[
            "id"
        ]
        for who in (made(guarded, "submitter"), made(guarded, "submitter", project="p"))
    }
    assert len(ids) == 2


def test_a_body_is_not_read_from_somebody_unknown(guarded: Any) -> None:
    sent = 0

    def chunks() -> Any:
        nonlocal sent
        for _ in range(64):
            sent += 1
            yield b"x" * 2**16

    assert guarded.http.post("/v1/datasets", content=chunks()).status_code == 401
    assert guarded.http.post("/v1/jobs", content=b"{").status_code == 401


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "example.org"])
def test_beyond_loopback_it_does_not_start_without_a_way_in(tmp_path: Path, host: str) -> None:
    with pytest.raises(NobodyMayEnter, match="AUTODISTILL_ROOT_TOKEN"):
        create_app(Settings(data_root=tmp_path, host=host))


def test_beyond_loopback_an_admin_is_a_way_in(open_world: Callable[..., Any]) -> None:
    world = open_world()
    world.post("/v1/tokens", {"name": "me", "scope": "admin"})
    again = open_world(host="0.0.0.0")
    assert again.get("/v1/jobs").status_code == 401


def test_a_short_root_token_is_refused() -> None:
    with pytest.raises(ValueError, match="32 characters"):
        Settings(root_token="short")


@pytest.mark.parametrize(
    "url", ["http://testserver", "http://10.0.0.7:8000", "http://evil.example"]
)
def test_without_tokens_it_answers_this_machine_only(world: Any, url: str) -> None:
    from fastapi.testclient import TestClient

    elsewhere = TestClient(world.http.app, url).get("/v1/jobs")
    assert elsewhere.status_code == 403
    assert "AUTODISTILL_HOST" in elsewhere.json()["detail"]
    rebound = world.get("/v1/jobs", headers={"Host": "evil.example"})
    assert rebound.status_code == 403
    assert world.get("/v1/jobs", headers={"Host": "localhost:8000"}).status_code == 200


def test_whoever_asks_too_often_is_told_when_to_come_again(open_world: Callable[..., Any]) -> None:
    world = open_world(rate_per_s=1.0, tokens=True, root_token=ROOT)
    first = [world.get("/v1/jobs", headers=bearer(ROOT)).status_code for _ in range(11)]
    assert first[:10] == [200] * 10
    late = world.get("/v1/jobs", headers=bearer(ROOT))
    assert late.status_code == 429
    assert 1 <= int(late.headers["retry-after"]) <= 2
    assert late.json()["type"] == "urn:autodistill:TooManyRequests"
    # Another bucket: that of the address, which pays for whoever is not known.
    tries = [world.get("/v1/jobs", headers=bearer("guess")).status_code for _ in range(12)]
    assert tries == [401] * 10 + [429] * 2
