from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from api.gate import COOKIE

ROOT = "r" * 32
HTML = {"Accept": "text/html"}
OURS = {"Origin": "http://127.0.0.1"}


@pytest.fixture
def guarded(open_world: Callable[..., Any]) -> Any:
    world = open_world(tokens=True, root_token=ROOT)
    world.http.follow_redirects = False
    return world


def _log_in(world: Any, token: str = ROOT, **more: Any) -> Any:
    return world.http.post("/login", data={"token": token, **more}, headers=OURS)


def test_a_page_sends_strangers_to_the_login_and_back(guarded: Any) -> None:
    answer = guarded.get("/jobs/new?dataset=a", headers=HTML)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=%2Fjobs%2Fnew%3Fdataset%3Da"
    form = guarded.get(answer.headers["location"])
    assert form.status_code == 200
    assert 'value="/jobs/new?dataset=a"' in form.text
    assert "script-src 'self'" in form.headers["content-security-policy"]
    answer = _log_in(guarded, next="/jobs/new?dataset=a")
    assert (answer.status_code, answer.headers["location"]) == (303, "/jobs/new?dataset=a")
    page = guarded.get("/jobs/new", headers=HTML)
    assert page.status_code == 200
    assert 'action="/logout"' in page.text
    assert guarded.get("/v1/jobs").status_code == 200


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(guarded: Any) -> None:
    cookie = _log_in(guarded).headers["set-cookie"].lower()
    assert {"httponly", "samesite=lax", "path=/"} <= set(cookie.split("; "))


def test_over_https_the_cookie_stays_there(guarded: Any) -> None:
    guarded.http.base_url = "https://127.0.0.1"
    headers = {"Origin": "https://127.0.0.1"}
    answer = guarded.http.post("/login", data={"token": ROOT}, headers=headers)
    assert "secure" in answer.headers["set-cookie"].lower().split("; ")


def test_a_wrong_token_is_said_to_be_wrong(guarded: Any) -> None:
    answer = _log_in(guarded, "wrong")
    assert answer.status_code == 401
    assert "unknown" in answer.text
    assert "set-cookie" not in answer.headers


def test_logging_out_forgets_the_token(guarded: Any) -> None:
    _log_in(guarded)
    answer = guarded.http.post("/logout", headers=OURS)
    assert answer.headers["location"] == "/login"
    assert COOKIE not in guarded.http.cookies
    assert guarded.get("/v1/jobs").status_code == 401


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "https://evil.example", "/\\evil.example", "\\\\evil", "javascript:1", ""],
)
def test_a_login_leads_nowhere_else(guarded: Any, target: str) -> None:
    assert _log_in(guarded, next=target).headers["location"] == "/"


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {},
    ],
)
def test_a_form_of_another_page_changes_nothing(guarded: Any, headers: dict[str, str]) -> None:
    _log_in(guarded)
    body = {"name": "stolen", "scope": "admin"}
    assert guarded.post("/v1/tokens", body, headers=headers).status_code == 403
    if headers:  # neither does it log anybody in
        data = {"token": ROOT}
        assert guarded.http.post("/login", data=data, headers=headers).status_code == 403
    ours = guarded.post("/v1/tokens", body, headers={"Sec-Fetch-Site": "same-origin"})
    assert ours.status_code == 201


def test_without_tokens_there_is_nothing_to_log_in_to(world: Any) -> None:
    world.http.follow_redirects = False
    assert world.get("/login").headers["location"] == "/"
