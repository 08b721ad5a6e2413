from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

PATIENCE_S = 120


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _answer(url: str, process: subprocess.Popen[bytes]) -> httpx.Response:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return httpx.get(url)
        except httpx.TransportError:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.2)


@pytest.fixture
def running(tmp_path: Path) -> Callable[..., subprocess.Popen[bytes]]:
    def run(*command: str, **settings: object) -> subprocess.Popen[bytes]:
        named = {f"AUTODISTILL_{name}": str(value) for name, value in settings.items()}
        named |= {"AUTODISTILL_DATA_ROOT": str(tmp_path / "data")}
        with (tmp_path / "log").open("wb") as log:
            return subprocess.Popen(
                command, env=os.environ | named, stdout=log, stderr=subprocess.STDOUT
            )

    return run


@pytest.mark.e2e
def test_requests_are_traced_where_opentelemetry_is_installed(
    running: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    port = _free_port()
    off = [word for kind in ("metrics", "logs") for word in (f"--{kind}_exporter", "none")]
    program = str(Path(sys.executable).with_name("opentelemetry-instrument"))
    console = ("--traces_exporter", "console")
    process = running(program, *console, *off, sys.executable, "-m", "api", PORT=port)
    assert _answer(f"http://127.0.0.1:{port}/v1/jobs/x", process).status_code == 404
    deadline = time.monotonic() + PATIENCE_S
    while '"http.route": "/v1/jobs/{job}"' not in (tmp_path / "log").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.2)
    process.send_signal(signal.SIGTERM)
    process.wait(PATIENCE_S)


@pytest.mark.e2e
def test_a_worker_tells_its_slots(running: Callable[..., subprocess.Popen[bytes]]) -> None:
    port = _free_port()
    process = running(sys.executable, "-m", "workers", METRICS_PORT=port, SLOTS=7)
    assert "autodistill_slots 7.0" in _answer(f"http://127.0.0.1:{port}/metrics", process).text
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE_S) in (0, -signal.SIGTERM)  # it may not have begun to listen
