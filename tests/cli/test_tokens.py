from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from autodistill.access import Scope
from autodistill.client import Client
from autodistill.errors import Forbidden, Unauthenticated

ROOT = "r" * 32
PATIENCE_S = 60


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[str]:
    """The API as a process of its own that asks for tokens."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    settings = {"TOKENS": "true", "ROOT_TOKEN": ROOT, "DATA_ROOT": str(tmp_path), "PORT": str(port)}
    environment = os.environ | {f"AUTODISTILL_{name}": value for name, value in settings.items()}
    process = subprocess.Popen([sys.executable, "-m", "api"], env=environment)
    url, deadline = f"http://127.0.0.1:{port}", time.monotonic() + PATIENCE_S
    while True:
        try:
            assert httpx.get(f"{url}/readyz").is_success
            break
        except httpx.TransportError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
    yield url
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE_S) in (0, -signal.SIGTERM)


@pytest.mark.e2e
def test_client_and_command_line_open_the_door_with_a_token(guarded: str) -> None:
    with Client(guarded) as stranger, pytest.raises(Unauthenticated):
        list(stranger.jobs())
    with Client(guarded, token=ROOT) as root:
        _, secret = root.create_token("ci", Scope.VIEWER)
    with Client(guarded, token=secret) as viewer:
        assert list(viewer.jobs()) == []
        with pytest.raises(Forbidden, match="needs admin"):
            list(viewer.tokens())

    def run(*words: str, token: str = "") -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"AUTODISTILL_URL": guarded, "AUTODISTILL_TOKEN": token}
        command = [sys.executable, "-m", "autodistill.cli", *words]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    refused = run("jobs")
    assert refused.returncode == 1
    assert "AUTODISTILL_TOKEN" in refused.stderr
    assert run("jobs", token=secret).returncode == 0
    assert "token.create" in run("audit", token=ROOT).stdout


@pytest.mark.e2e
@pytest.mark.parametrize("command", [["api"], ["autodistill.cli", "up", "--host", "0.0.0.0"]])
def test_beyond_loopback_it_refuses_to_start_and_says_the_way_out(
    tmp_path: Path, command: list[str]
) -> None:
    settings = {"AUTODISTILL_DATA_ROOT": str(tmp_path), "AUTODISTILL_HOST": "0.0.0.0"}
    port = [] if command == ["api"] else ["--port", "0"]
    found = subprocess.run(
        [sys.executable, "-m", *command, *port],
        env=os.environ | settings,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S * 2,
    )
    assert found.returncode == os.EX_CONFIG
    assert "autodistill token create NAME --scope admin" in found.stderr
