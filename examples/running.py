"""The whole service beside a script: started before it, stopped after it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from autodistill.client import Client


@contextmanager
def service(folder: Path) -> Iterator[Client]:
    """Run API and worker on a free loopback port, in a data folder of their own.

    Models may be registered from `folder`.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (folder / "service.log").open("wb") as log:
        up = [sys.executable, "-m", "autodistill.cli", "up", "--port", str(port)]
        process = subprocess.Popen(
            [*up, "--data-root", str(folder / "service")],
            stdout=log,
            stderr=subprocess.STDOUT,
            env=os.environ | {"AUTODISTILL_ALLOWED_ROOTS": str(folder.resolve())},
        )
        try:
            _wait_until_ready(f"http://127.0.0.1:{port}", process, folder / "service.log")
            print(f"The dashboard is at http://127.0.0.1:{port} while this runs.")
            yield Client(f"http://127.0.0.1:{port}")
        finally:
            process.terminate()
            process.wait(60)


def _wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if process.poll() is not None:
            sys.exit(f"The service stopped at once; {log} says why.")
        try:
            if httpx.get(f"{url}/readyz").is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    sys.exit(f"The service was not ready within two minutes; see {log}.")
