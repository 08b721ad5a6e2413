from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from autodistill.service import serve

PATIENCE_S = 120


def test_a_port_that_is_taken_is_refused_with_the_way_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        assert serve("127.0.0.1", other.getsockname()[1], tmp_path) == 2
    assert "--port" in capsys.readouterr().out


@pytest.fixture
def up(tmp_path: Path) -> Iterator[tuple[str, psutil.Process]]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "autodistill.cli", "up", "--port", str(port)]
    with (tmp_path / "log").open("wb") as log:
        process = psutil.Popen(
            [*command, "--data-root", str(tmp_path / "data")], stdout=log, stderr=subprocess.STDOUT
        )
    yield f"http://127.0.0.1:{port}", process
    for left in [*process.children(recursive=True), process] if process.is_running() else []:
        left.kill()
    process.wait()


def _wait(until: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not until():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


def _ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz").is_success
    except httpx.TransportError:
        return False


def _parts(process: psutil.Process) -> dict[str, int]:
    found: dict[str, int] = {}
    for child in process.children():
        try:
            words = child.cmdline()
        except psutil.Error:  # it has just ended
            continue
        found |= {words[2]: child.pid} if len(words) > 2 else {}
    return found


@pytest.mark.e2e
def test_one_command_keeps_api_and_worker_alive_until_it_is_interrupted(
    up: tuple[str, psutil.Process],
) -> None:
    url, process = up
    _wait(lambda: _ready(url))
    first = _parts(process)
    assert set(first) == {"api", "workers"}
    psutil.Process(first["api"]).kill()
    _wait(lambda: _parts(process).get("api") not in (None, first["api"]) and _ready(url))
    children = process.children(recursive=True)
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE_S) == 0
    assert not [child for child in children if child.is_running()]
