"""The teacher's cache: how fast it is filled, how near it is to what was said, what harms it.

python -m benchmarks.engine.cache FOLDER: FOLDER holds `task.json`. Prints one JSON line.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from autodistill.activations import Activation
from autodistill.models.ensemble import load_teacher
from autodistill.models.folders import BLOCK, DONE, folder
from autodistill.models.inputs import read_inputs
from autodistill.models.outputs import _run, read_outputs, write_outputs
from autodistill.models.scale import Scale
from autodistill.record import PreparedTask
from benchmarks.engine.work import LAYERS

STATES = tuple(Activation("hidden", layer) for layer, _ in LAYERS)
ROUNDS = 3


def cpu_s(work: Callable[[], object]) -> float:
    """Return what some work costs."""
    start = time.process_time()
    work()
    return time.process_time() - start


def main(task: PreparedTask) -> dict[str, Any]:
    """Fill caches in a scratch folder next to passes of the teacher that keep nothing."""
    torch.set_num_threads(1)
    teacher, tokens = load_teacher(task.teacher, Scale()), read_inputs(task.tokens, "train")
    positions = np.array(task.train_positions or range(len(tokens)))

    def fill(to: Path) -> None:
        write_outputs(teacher, tokens, positions, STATES, to, "train")

    def die(to: Path) -> None:
        fill(to)
        os.kill(os.getpid(), signal.SIGKILL)

    def infer() -> None:
        for _ in _run(teacher, tokens, positions, STATES):
            pass

    infer()
    with tempfile.TemporaryDirectory() as scratch:
        base = Path(scratch)
        alone = filled = 0.0
        for number in range(ROUNDS):
            alone += cpu_s(infer)
            to = base / f"states-{number}"
            filled += cpu_s(lambda to=to: folder(to, fill))  # type: ignore[misc]
        if (child := os.fork()) == 0:
            folder(base / "states-killed", die)
        os.waitpid(child, 0)
        survived = (base / "states-killed" / DONE).exists()
        again = read_outputs(folder(base / "states-killed", fill), "train", tokens, STATES)
        whole = read_outputs(base / "states-0", "train", tokens, STATES)
        everything = np.arange(len(whole.states[STATES[0]]))
        same = all(
            np.array_equal(again.states[s][everything], whole.states[s][everything], equal_nan=True)
            for s in STATES
        )
        error = 0.0
        for batch, said in _run(teacher, tokens, positions, STATES):
            for state, kept in whole.states.items():
                exact = said.states[state][batch.mask_BT]
                near = torch.from_numpy(kept[batch.where].astype(np.float32))
                away = (near - exact).norm(dim=1) / exact.norm(dim=1)
                error = max(error, float(away.max()))
        try:
            read_outputs(base / "states-0", "train", read_inputs(task.tokens, "dev"), STATES)
        except ValueError:
            refused = True
        else:
            refused = False
        size = sum(BLOCK * x.stat().st_blocks for x in (base / "states-0").iterdir())
    return {
        "fill_rate_of_inference": alone / filled,
        "mib": size / 2**20,
        "largest_error_of_a_state": error,
        "killed_half_way_looks_done": survived,
        "filled_again_is_the_same": same,
        "other_tokens_are_refused": refused,
    }


if __name__ == "__main__":
    found = PreparedTask.model_validate_json((Path(sys.argv[1]) / "task.json").read_text())
    print("@" + json.dumps(main(found)))
