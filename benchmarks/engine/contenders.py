"""One training loop in a process of its own: ours, or the recipe of others on the same work.

python -m benchmarks.engine.contenders NAME FOLDER [same]: NAME is of `CONTENDERS`, or `trial:` or
`plain:` and one of `PIPELINES`; FOLDER holds `task.json`. See `Gate` for what is read and written.
With `same` everyone gets the batches of our trial, and tells its losses.
"""

from __future__ import annotations

import contextlib
import gc
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers

from autodistill.models.products import product
from autodistill.record import PreparedTask
from autodistill.trial._learner import Learner
from benchmarks.engine.gate import Gate
from benchmarks.engine.pipelines import PIPELINES, take_savings_away
from benchmarks.engine.recipes import (
    plain_loop,
    textbrewer,
    torchdistill,
    trainer,
    without_operators,
)
from benchmarks.engine.work import BATCH, LONG, STUDENT, lengths, steps, trial


def ours_counted(task: PreparedTask, gate: Gate) -> None:
    """Train as a trial does, and tell how much of the data it holds in arrays of its own."""
    tracemalloc.start()
    learner = Learner(task, trial())
    of_numpy = tracemalloc.DomainFilter(inclusive=True, domain=np.lib.tracemalloc_domain)
    gc.collect()
    found = tracemalloc.take_snapshot().filter_traces([of_numpy]).statistics("filename")
    tracemalloc.stop()
    gate.open(numpy_kib=sum(x.size for x in found) / 1024)
    for epoch in range(LONG):
        learner.epoch(epoch)


def other(name: str, gate: Gate, folder: Path, *, plain: bool) -> None:
    """Train another pipeline, by a trial or by the plain loop."""
    work = PIPELINES[name]
    if plain:
        take_savings_away()
    task = PreparedTask.model_validate_json((folder / f"{work.dataset}.json").read_text())
    learner = Learner(task, trial(work.slots))
    gate.open()
    for epoch in range(LONG):
        learner.epoch(epoch)


def ours(task: PreparedTask, gate: Gate, **more: Any) -> None:
    """Train as a trial does."""
    spec = trial().model_copy(update=more)
    learner = Learner(task, spec)
    gate.open(predicted_mib=learner.predicted_bytes / 2**20)
    for epoch in range(LONG):
        learner.epoch(epoch)


def floor(task: PreparedTask, gate: Gate, dtype: torch.dtype) -> None:
    """Do the matrix products of the student's forward and backward pass on real tokens, alone.

    At the rate of our own products, which is not below torch's.
    """
    config: Any = transformers.AutoConfig.from_pretrained(task.students[STUDENT.label])
    width, inner, heads = (
        config.hidden_size,
        config.intermediate_size,
        config.num_attention_heads,
    )
    length = round(lengths(task)["mean"])
    tokens = BATCH * length

    def dense(rows: int, inputs: int, outputs: int) -> Callable[[], Any]:
        x, w = torch.randn(rows, inputs).to(dtype), torch.randn(outputs, inputs).to(dtype)
        return lambda: product(x, w)

    def each(left: tuple[int, ...], right: tuple[int, ...]) -> Callable[[], Any]:
        a, b = torch.randn(left).to(dtype), torch.randn(right).to(dtype)
        out = torch.bmm(a, b)
        return lambda: torch.bmm(a, b, out=out)

    products = []
    for _ in range(config.num_hidden_layers):
        for inputs, outputs in ((width, 3 * width), (width, width), (width, inner), (inner, width)):
            products += [
                dense(tokens, inputs, outputs),
                dense(tokens, outputs, inputs),
                dense(outputs, tokens, inputs),
            ]
        many, head = BATCH * heads, width // heads
        products += [
            each((many, length, head), (many, head, length)),
            each((many, length, length), (many, length, head)),
        ] * 3
    gate.open()
    while True:
        for multiply in products:
            multiply()
        gate.step()


CONTENDERS: dict[str, Callable[[PreparedTask, Gate], None]] = {
    "ours": ours,
    "ours_counted": ours_counted,
    "ours_bf16": lambda task, gate: ours(task, gate, precision="bfloat16"),
    "floor": lambda task, gate: floor(task, gate, torch.float32),
    "floor_bf16": lambda task, gate: floor(task, gate, torch.bfloat16),
    "hf": trainer,
    "hf_grouped": lambda task, gate: trainer(task, gate, grouped=True),
    "hf_grouped_bf16": lambda task, gate: trainer(task, gate, grouped=True, bf16=True),
    "loop": plain_loop,
    "textbrewer": textbrewer,
    "torchdistill": torchdistill,
}


def main(name: str, folder: Path, *, same: bool) -> None:
    """Run one contender until nothing more is asked of it."""
    task = PreparedTask.model_validate_json((folder / "task.json").read_text())
    gate = Gate(steps(task) if same else None)
    without_operators()
    torch.manual_seed(0)
    torch.set_num_threads(1)
    of, _, pipeline = name.partition(":")
    with contextlib.redirect_stdout(sys.stderr):
        if pipeline:
            other(pipeline, gate, folder, plain=of == "plain")
        else:
            CONTENDERS[name](task, gate)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), same=sys.argv[3:] == ["same"])
