from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from api.errors import STATUS, status_of
from autodistill import errors
from autodistill.errors import AutodistillError, Unavailable


def _all(base: type[AutodistillError]) -> list[type[AutodistillError]]:
    return [base, *(leaf for child in base.__subclasses__() for leaf in _all(child))]


LEAVES = [e for e in _all(AutodistillError) if e is not AutodistillError]
LEAVES = [e for e in LEAVES if e.__module__ == errors.__name__]


@pytest.mark.parametrize("error", LEAVES, ids=lambda e: e.__name__)
def test_every_error_has_a_status(error: type[AutodistillError]) -> None:
    assert status_of(error) in range(400, 500) or error is Unavailable


def test_the_table_names_no_error_twice() -> None:
    assert set(STATUS) <= set(LEAVES)


def _is_a_problem(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert set(body) == {"type", "title", "status", "detail", "problems"}
    assert body["status"] == status
    assert body["detail"]
    return body


def test_an_unknown_address_is_a_problem(world: Any) -> None:
    assert "/nowhere" in _is_a_problem(world.get("/nowhere"), 404)["detail"]


def test_an_unknown_thing_is_a_problem_that_names_the_known_ones(world: Any) -> None:
    body = _is_a_problem(world.get("/v1/datasets/nope"), 404)
    assert body["type"] == "urn:autodistill:NotFound"
    assert body["detail"] == 'No dataset "nope". The datasets are: reviews.'


def test_a_wrong_method_is_a_problem_that_names_the_right_ones(world: Any) -> None:
    answer = world.http.delete("/v1/jobs")
    _is_a_problem(answer, 405)
    assert "GET" in answer.headers["allow"]


def test_an_unknown_kind_is_answered_with_the_known_ones(world: Any) -> None:
    students = [{"kind": "shrunk"}]
    body = _is_a_problem(world.post("/v1/jobs", world.request(students=students)), 422)
    (problem,) = body["problems"]
    assert problem["field"] == "students.0"
    assert problem["known"] == ["registered", "cut"]


def test_an_unknown_value_is_answered_with_the_known_ones(world: Any) -> None:
    body = world.post("/v1/jobs", world.request(search={"sampler": "grid"})).json()
    assert body["problems"][0]["field"] == "search.sampler"
    assert body["problems"][0]["known"][:3] == ["transfer", "tpe", "random"]


def test_a_field_is_named_as_the_body_names_it(world: Any) -> None:
    wrong = world.request(
        students=[{"kind": "cut"}],
        space={"training.learning_rate": {"type": "uniform", "low": 0.1, "high": "much"}},
        start=[{"loss": {"kind": "softened_kl", "temperature": -1}, "colour": 3}],
    )
    body = _is_a_problem(world.post("/v1/jobs", wrong), 422)
    assert {p["field"] for p in body["problems"]} == {
        "students.0.num_layers",
        "space.training.learning_rate.high",
        "start.0.loss.temperature",
        "start.0.colour",
    }


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ("{", "body"),
        ("", "body"),
        ("[]", "body"),
        ('{"dataset": "\\ud800"}', "body"),
        ('{"\\u0000": 1}', "body"),
        ('{"budget": {"timeout_s": 1e999}}', "budget.timeout_s"),
        ('{"seed": NaN}', "seed"),
        ("[" * 900, "body"),
        ('{"seed": 1' + "0" * 500 + "}", "seed"),
    ],
)
def test_odd_json_is_refused(world: Any, content: str, field: str) -> None:
    headers = {"Content-Type": "application/json"}
    answer = world.http.post("/v1/jobs", content=content, headers=headers)
    assert field in {p["field"] for p in _is_a_problem(answer, 422)["problems"]}


def test_json_that_is_deeper_than_python_is_refused(world: Any) -> None:
    headers = {"Content-Type": "application/json"}
    deep = "[" * 200_000 + "]" * 200_000
    _is_a_problem(world.http.post("/v1/jobs", content=deep, headers=headers), 400)


@pytest.mark.parametrize(
    "path",
    [
        "/v1/jobs?limit=0",
        "/v1/jobs?limit=501",
        "/v1/jobs?state=asleep",
        "/v1/jobs/x/trials/99999999999999999999",
        "/v1/jobs/x/trials?after=99999999999999999999",
        "/v1/jobs/x/events?after=99999999999999999999",
    ],
)
def test_odd_addresses_are_refused(world: Any, path: str) -> None:
    _is_a_problem(world.get(path), 422)


def test_a_failure_of_ours_is_a_problem_that_tells_nothing(
    world: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr(world.store, "read", fail)
    body = _is_a_problem(world.get("/v1/jobs"), 500)
    assert "secret" not in json.dumps(body)
    assert "a secret" in caplog.text


def test_a_database_that_is_away_asks_for_patience(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise OperationalError("SELECT 1", {}, Exception("gone"))

    monkeypatch.setattr(world.store, "read", fail)
    answer = world.get("/readyz")
    _is_a_problem(answer, 503)
    assert int(answer.headers["retry-after"]) > 0
