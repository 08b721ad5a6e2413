"""A real API process that everything bad is thrown at, and what must hold when all is over."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from autodistill.testing.shells import reviews, shell_model

PATIENCE_S = 60
MAX_RSS = 400 * 2**20
MAX_UPLOAD_MIB = 16


@dataclass(frozen=True)
class Target:
    """The service under attack."""

    http: httpx.Client
    port: int
    shared: Path
    """A folder that may be read by path."""
    outside: Path
    """One that may not."""

    def upload(self, file: str, content: bytes, /, **how: Any) -> httpx.Response:
        data = {"request": json.dumps({"name": "bad", "split_column": "split"} | how)}
        return self.http.post("/v1/datasets", files={"file": (file, content)}, data=data)


@pytest.fixture(scope="session")
def refused() -> Callable[..., None]:
    """Return the check that a request was answered with a clear problem."""
    return _refused


def _refused(answer: httpx.Response, *said: str) -> None:
    """Check that a request was answered with a clear problem."""
    assert 400 <= answer.status_code < 500, answer.text[:500]
    assert answer.headers["content-type"] == "application/problem+json", answer.text[:500]
    body = answer.json()
    assert body["status"] == answer.status_code
    assert body["detail"]
    assert "Traceback" not in answer.text
    assert len(answer.content) < 2**16
    for text in said:
        assert text in answer.text, answer.text[:1000]


@pytest.fixture(scope="session")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    base = tmp_path_factory.mktemp("hostile")
    places = [base / name for name in ("root", "shared", "outside", "home", "here", "tmp")]
    for place in places:
        place.mkdir()
    root, shared, outside, *empty = places
    (outside / "secret.csv").write_text("text,label\nsecret,a\n")
    shell_model(outside / "model")
    before = _contents(outside)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    settings = {
        "DATA_ROOT": root,
        "ALLOWED_ROOTS": shared,
        "PORT": port,
        "RATE_PER_S": 0,
        "MAX_UPLOAD_MIB": MAX_UPLOAD_MIB,
        "INGEST_MIB": 1024,
    }
    environment = os.environ | {f"AUTODISTILL_{k}": str(v) for k, v in settings.items()}
    environment |= dict(zip(("HOME", "TMPDIR"), map(str, (empty[0], empty[2])), strict=True))
    with (base / "log").open("wb") as log:
        process = psutil.Popen(
            [sys.executable, "-m", "api"],
            env=environment,
            cwd=empty[1],
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120) as http:
            _wait(http)
            found = Target(http, port, shared, outside)
            good = reviews(shared / "reviews.csv").read_bytes()
            assert found.upload("r.csv", good, name="reviews", split_column=None).is_success
            model = {"kind": "directory", "path": str(shell_model(shared / "teacher"))}
            assert http.post("/v1/models", json={"name": "teacher", "source": model}).is_success
            yield found
            # It lives, it answers, it has kept nothing bad and written nowhere else.
            assert process.is_running()
            assert http.get("/readyz").is_success
            assert [d["name"] for d in http.get("/v1/datasets").json()["items"]] == ["reviews"]
            assert [m["name"] for m in http.get("/v1/models").json()["items"]] == ["teacher"]
            assert http.get("/v1/jobs").json()["items"] == []
        assert process.memory_info().rss < MAX_RSS
        assert list((root / "uploads").iterdir()) == []
        assert [list(place.iterdir()) for place in empty] == [[], [], []]
        assert _contents(outside) == before
        assert {p.name for p in base.iterdir()} == {p.name for p in places} | {"log"}
        assert "Traceback" not in (base / "log").read_text()
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE_S)


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def _wait(http: httpx.Client) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            assert http.get("/readyz").is_success
            return
        except httpx.TransportError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
