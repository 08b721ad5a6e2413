"""The API as a process of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from benchmarks.timing import wait


@contextmanager
def served(folder: Path, database: str = "") -> Iterator[tuple[str, psutil.Process]]:
    """Serve a data root; yield the address and the process."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = os.environ | {
        "AUTODISTILL_DATA_ROOT": str(folder),
        "AUTODISTILL_DATABASE_URL": database,
        "AUTODISTILL_PORT": str(port),
        "AUTODISTILL_RATE_PER_S": "0",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "api"], env=environment, stderr=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    try:
        wait(url + "/healthz", process)
        yield url, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(30)
