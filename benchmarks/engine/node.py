"""Several trials on one machine: what they share, and whether they are in each other's way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from autodistill.models.folders import BLOCK
from benchmarks.engine.racing import start
from benchmarks.engine.work import BATCH

ROUNDS = 3


def cache_kib(process: int) -> tuple[float, int]:
    """Return how large on disk the prepared files are that a process maps, and what is its own.

    What it reads of a file is everybody's; its own is what it alone has touched, or has changed.
    """
    files, own, prepared = set[str](), 0, False
    for line in Path(f"/proc/{process}/smaps").read_text().splitlines():
        name, *rest = line.split()
        if not name.endswith(":"):
            prepared = "/prepared/" in line and line.endswith(".npy")
            files |= {rest[-1]} if prepared else set()
        elif prepared and name.startswith("Private_"):
            own += int(rest[0])
    return sum(BLOCK * Path(file).stat().st_blocks for file in files) / 1024, own


def together(folder: Path, steps: int) -> dict[str, Any]:
    """Let two trials run, by turns one alone and both at once."""
    pair = [start("ours_counted", folder) for _ in range(2)]
    try:
        for trial in pair:
            trial.go(steps)
        mapped, own = cache_kib(pair[1].process.pid)
        copied = max(trial.facts["numpy_kib"] for trial in pair)
        alone, both = [], []
        for _ in range(ROUNDS):
            alone += [trial.go(steps) for trial in pair]
            for trial in pair:
                trial.order(steps)
            both += [trial.hear() for trial in pair]
    finally:
        for trial in pair:
            trial.end()
    return {
        "second_trial_adds_of_cache": (own + copied) / mapped,
        "cache_mib": mapped / 1024,
        "private_mib": own / 1024,
        "copied_mib": copied / 1024,
        "two_slots_by_cpu_time": 2 * _took(alone, "cpu_s") / _took(both, "cpu_s"),
        "two_slots_by_wall_time": 2 * _took(alone, "wall_s") / _took(both, "wall_s"),
        "cpu_ms_per_example": 1000 * _took(alone, "cpu_s") / len(alone) / steps / BATCH,
    }


def _took(slices: list[dict[str, Any]], key: str) -> float:
    return sum(float(x[key]) for x in slices)
