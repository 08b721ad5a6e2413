from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from autodistill.client import Client
from tests.e2e.machine import Machine


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """The whole service as a user starts it: API, worker and Ray as real processes."""
    root = tmp_path_factory.mktemp("service")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "autodistill.cli", "up", "--port", str(port)]
    environment = os.environ | {
        "AUTODISTILL_ALLOWED_ROOTS": str(root.parent),
        "AUTODISTILL_LEASE_TTL_S": "3",
    }
    log = root / "service.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*command, "--data-root", str(root / "data")],
            stdout=out,
            stderr=subprocess.STDOUT,
            env=environment,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait(url, process, log)
        with Client(url) as client:
            yield client
    finally:
        process.terminate()
        process.wait(90)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{url}/readyz").is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    pytest.fail(f"The service did not start:\n{log.read_text()}")


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    machine = Machine(tmp_path)
    yield machine
    for process in machine.processes():
        process.kill()
    machine.store.close()
