"""How long a worker that has run a trial takes to the first step of another.

python -m benchmarks.engine.starting FOLDER: FOLDER holds `task.json`. Prints one JSON line.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from torch.optim.optimizer import register_optimizer_step_pre_hook

from benchmarks.engine.work import trial
from workers.attempt import attempt

REPEATS = 5


class _FirstStep(BaseException):
    """Ends an attempt, as nothing that it catches does."""


def main(task: Path) -> dict[str, float]:
    """Start trials of other seeds one after the other, each up to its first gradient."""
    torch.set_num_threads(1)

    def stop(*_: Any) -> None:
        raise _FirstStep

    register_optimizer_step_pre_hook(stop)
    wall, cpu = [], []
    with tempfile.TemporaryDirectory() as scratch:
        for number in range(1 + REPEATS):
            spec = trial().model_copy(update={"seed": number})
            config = {"number": number, "task": str(task), "trial": spec.model_dump_json()}
            start = time.perf_counter(), time.process_time()
            try:
                place = {"folder": f"{scratch}/{number}", "log": f"{scratch}/{number}.log"}
                attempt(config | place | {"slices": 1}, lambda _: None)
            except _FirstStep:
                wall.append(time.perf_counter() - start[0])
                cpu.append(time.process_time() - start[1])
    return {"wall_s": min(wall[1:]), "cpu_s": min(cpu[1:]), "first_cpu_s": cpu[0]}


if __name__ == "__main__":
    print("@" + json.dumps(main(Path(sys.argv[1]).absolute() / "task.json")))
