from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from api import guards
from api.settings import Settings


def test_a_page_of_another_site_may_not_change_anything(world: Any) -> None:
    job = world.submit()
    answer = world.post(f"/v1/jobs/{job}/cancel", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"
    assert world.get(f"/v1/jobs/{job}").json()["state"] == "queued"


def test_a_page_of_another_site_may_link_here(world: Any) -> None:
    assert world.get("/v1/jobs", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200


def test_the_dashboard_may_change_things(world: Any) -> None:
    job = world.submit()
    answer = world.post(f"/v1/jobs/{job}/cancel", headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.json()["state"] == "cancelled"


def test_a_large_upload_is_refused_by_its_length(open_world: Callable[..., Any]) -> None:
    world = open_world(max_upload_mib=1)
    answer = world.http.post("/v1/datasets", files={"file": ("x.csv", b"x" * 2**21)})
    assert answer.status_code == 413
    assert "1 MiB" in answer.json()["detail"]


def test_a_large_upload_of_unknown_length_is_cut_off(open_world: Callable[..., Any]) -> None:
    world = open_world(max_upload_mib=1)
    sent = 0

    def chunks() -> Iterator[bytes]:
        nonlocal sent
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="x.csv"\r\n\r\n'
        for _ in range(64):
            sent += 2**16
            yield b"x" * 2**16

    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = world.http.post("/v1/datasets", content=chunks(), headers=headers)
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


def test_json_has_a_limit_of_its_own(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guards, "MAX_JSON_MIB", 0)
    assert world.post("/v1/jobs", world.request()).status_code == 413


def test_allowed_roots_are_listed_like_a_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTODISTILL_ALLOWED_ROOTS", "/a:/b c")
    assert [str(root) for root in Settings().allowed_roots] == ["/a", "/b c"]
