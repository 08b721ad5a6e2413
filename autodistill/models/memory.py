"""Memory of this process in bytes: on the accelerator where there is one, else what is resident."""

from __future__ import annotations

import contextlib
import resource
from pathlib import Path

from autodistill.lazy import torch

STATUS, FORGET = Path("/proc/self/status"), Path("/proc/self/clear_refs")
MACHINE = Path("/proc/meminfo")
LIMIT, USED = (Path("/sys/fs/cgroup") / name for name in ("memory.max", "memory.current"))
"""Of a container that has bounds of its own."""
KIB = 1024


def forget_peak() -> None:
    """Let the peak be what there is now; where the kernel does not allow that, it stays."""
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    else:
        with contextlib.suppress(OSError):
            FORGET.write_text("5")


def peak_bytes() -> int:
    """Return the most that was taken since the peak was forgotten."""
    if torch.cuda.is_available():
        return int(torch.cuda.max_memory_allocated())
    return _field(STATUS, "VmHWM") or KIB * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def taken_bytes() -> int:
    """Return what is taken now."""
    if torch.cuda.is_available():
        return int(torch.cuda.memory_allocated())
    return _field(STATUS, "VmRSS") or peak_bytes()


def free_bytes() -> float:
    """Return what may still be taken; infinite where nobody tells."""
    if torch.cuda.is_available():
        return float(torch.cuda.mem_get_info()[0])
    free: float = _field(MACHINE, "MemAvailable") or float("inf")
    with contextlib.suppress(OSError, ValueError):  # no container, or one without bounds
        free = min(free, int(LIMIT.read_text()) - int(USED.read_text()))
    return free


def _field(path: Path, name: str) -> int:
    """Return a field of one of Linux's tables; 0 elsewhere."""
    with contextlib.suppress(OSError):
        for line in path.read_text().splitlines():
            if line.startswith(f"{name}:"):
                return KIB * int(line.split()[1])
    return 0
