"""The whole service on one machine: API and worker as two processes, kept alive."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

from rich.console import Console

PATIENCE_S = 60.0
"""For a process that was told to stop."""


def serve(host: str, port: int, data_root: Path) -> int:
    """Run API and worker until SIGINT or SIGTERM, starting anew what dies; return the exit code."""
    console = Console(markup=False, emoji=False, highlight=False, soft_wrap=True)
    if (reason := _taken(host, port)) is not None:
        console.print(f"Cannot listen on {host}:{port}: {reason}. Choose another with --port.")
        return 2
    commands = [[sys.executable, "-m", part] for part in ("api", "workers")]
    environment = os.environ | {
        "AUTODISTILL_DATA_ROOT": str(data_root),
        "AUTODISTILL_HOST": host,
        "AUTODISTILL_PORT": str(port),
    }
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    console.print(f"AutoDistiller is at http://{host}:{port}; its data is in {data_root}.")
    running = [_start(command, environment) for command in commands]
    exit_code = 0
    while not stopping.wait(0.5):
        for i, process in enumerate(running):
            if process.poll() == os.EX_CONFIG:  # it has said why; the same again would help nobody
                exit_code = os.EX_CONFIG
                stopping.set()
            elif process.poll() is not None:
                console.print(f"{commands[i][2]} ended ({process.returncode}); starting it anew.")
                stopping.wait(1.0)  # a process that cannot start must not spin
                running[i] = _start(commands[i], environment)
    console.print("Stopping: running trials go on from their last epoch at the next start.")
    for process in running:
        process.terminate()
    for process in running:
        try:
            process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
    return exit_code


def _taken(host: str, port: int) -> str | None:
    """Say why nothing can listen there, or None when it can."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.create_server((host, port), family=family):
            return None
    except OSError as error:
        return error.strerror or str(error)


def _start(command: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    # A session of its own: Ctrl-C reaches this process alone, which stops the others in order.
    return subprocess.Popen(command, env=environment, start_new_session=True)
