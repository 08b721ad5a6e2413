from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest

from autodistill.store import Store
from autodistill.testing.shells import reviews, shell_model

REPEATS = 200
KEY = {"Idempotency-Key": "one"}


def _keyed(world: Any, path: str, body: dict[str, Any], key: str = "one") -> Any:
    return world.post(path, body, headers={"Idempotency-Key": key})


@pytest.mark.e2e
def test_two_hundred_concurrent_repeats_make_one_job(
    ready: Path, tmp_path: Path, listening: Any
) -> None:
    root = tmp_path / "root"
    shutil.copytree(ready, root)
    body = {
        "dataset": "reviews",
        "teacher": {"model": "teacher", "preparation": {"kind": "fine_tuned"}},
        "students": [{"kind": "cut", "num_layers": 2}],
    }

    async def repeat(url: str) -> list[httpx.Response]:
        limits = httpx.Limits(max_connections=REPEATS)
        async with httpx.AsyncClient(base_url=url, timeout=120, limits=limits) as client:
            requests = [client.post("/v1/jobs", json=body, headers=KEY) for _ in range(REPEATS)]
            return await asyncio.gather(*requests)

    with listening(root) as url:
        answers = asyncio.run(repeat(url))
    assert {a.status_code for a in answers} == {202}
    assert len({a.json()["id"] for a in answers}) == 1
    store = Store(f"sqlite:///{root / 'autodistill.db'}")
    with store.read() as tx:
        assert len(tx.jobs.list()) == 1
        assert [e.action for e in tx.audit.list()].count("job.submit") == 1
    store.close()


def test_a_repeated_upload_is_not_read_again(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    content = reviews(world.root / "more.csv", 80).read_bytes()

    def send(content: bytes, **how: Any) -> Any:
        files, data = {"file": ("more.csv", content)}, {"request": json.dumps(how)}
        return world.http.post("/v1/datasets", files=files, data=data, headers=KEY)

    first = send(content, name="more")
    assert first.headers["location"] == f"/v1/datasets/{first.json()['id']}"
    monkeypatch.setattr("api.routes.datasets.ingest_apart", None)
    assert send(content, name="more").json() == first.json()
    for other in (send(content, name="other"), send(content + b"\nx,good", name="more")):
        assert other.status_code == 422
        assert other.json()["problems"][0]["field"] == "Idempotency-Key"


def test_a_key_is_for_one_address(world: Any) -> None:
    path = shell_model(world.root / "models" / "small", num_layers=2)
    body = {"name": "small", "source": {"kind": "directory", "path": str(path)}}
    made = _keyed(world, "/v1/models", body)
    assert made.status_code == 201
    assert _keyed(world, "/v1/models", body).json() == made.json()
    token = _keyed(world, "/v1/tokens", {"name": "ci", "scope": "viewer"})
    assert token.status_code == 422


def test_a_repeated_token_is_the_same_and_its_secret_stays_secret(world: Any) -> None:
    body = {"name": "ci", "scope": "viewer"}
    first, again = (_keyed(world, "/v1/tokens", body).json() for _ in range(2))
    assert first.pop("token").startswith("adt_")
    assert again.pop("token") is None
    assert first == again


@pytest.mark.parametrize(
    ("changes", "field", "says"),
    [
        ({"seed": "0"}, "seed", "A number is needed, got a text: '0'."),
        ({"seed": True}, "seed", "A number is needed, got true or false: True."),
        ({"search": {"early_stopping": 1}}, "search.early_stopping", "True or false is needed"),
        ({"students": [{"kind": "cut", "num_layers": "2"}]}, "students.0.num_layers", "a text"),
    ],
)
def test_json_means_what_it_says(
    world: Any, changes: dict[str, Any], field: str, says: str
) -> None:
    answer = world.post("/v1/jobs", world.request(**changes))
    assert answer.status_code == 422
    (problem,) = answer.json()["problems"]
    assert problem["field"] == field
    assert says in problem["message"]
