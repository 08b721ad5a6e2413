"""Timing calls of a service that runs as a process of its own."""

from __future__ import annotations

import statistics
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

ROUNDS = 15
PATIENCE_S = 300.0


@dataclass(frozen=True)
class Timed:
    """A call and what it took."""

    call: str
    first_ms: float
    p50_ms: float
    p95_ms: float
    num_bytes: int
    """Compressed, as sent."""
    rounds: int
    cpu_ms: float
    """Mean of the server's CPU time, which a busy machine does not stretch."""


def wait(url: str, process: subprocess.Popen[bytes]) -> None:
    """Wait until a service answers.

    Raises:
        RuntimeError: When its process ends before, or the patience does.
    """
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until and process.poll() is None:
        try:
            httpx.get(url, timeout=5)
        except httpx.TransportError:
            time.sleep(0.2)
        else:
            return
    raise RuntimeError(f"Nothing answers at {url}.")


def timed(
    name: str,
    http: httpx.Client,
    request: httpx.Request,
    server: psutil.Process,
    rounds: int = ROUNDS,
) -> Timed:
    """Ask `rounds` times, and say what it took; the first answer is told apart."""
    seconds, size, spent = [], 0, 0.0
    for i in range(rounds):
        if i == min(1, rounds - 1):
            spent = cpu_s(server)
        began = time.perf_counter()
        response = http.send(request, stream=True)
        body = b"".join(response.iter_raw())
        seconds.append(1000 * (time.perf_counter() - began))
        size = len(body)
        if response.status_code != 200:
            raise RuntimeError(f"{name}: {response.status_code} {body[:200]!r}")
    rest = sorted(seconds[1:] or seconds)
    p95 = rest[min(len(rest) - 1, round(0.95 * (len(rest) - 1)))]
    cpu_ms = 1000 * (cpu_s(server) - spent) / len(rest)
    return Timed(name, seconds[0], statistics.median(rest), p95, size, rounds, cpu_ms)


def cpu_s(process: psutil.Process) -> float:
    """Return the CPU time that a process has had, in seconds."""
    times = process.cpu_times()
    return float(times.user + times.system)


def peak(process: psutil.Process) -> float:
    """Return the largest resident size that a process has had, in bytes."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    line = next(x for x in status.splitlines() if x.startswith("VmHWM"))
    return 1024.0 * int(line.split()[1])
