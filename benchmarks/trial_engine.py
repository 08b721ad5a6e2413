"""A trial against the recipes of others on the same work: CPU milliseconds per training example.

python -m benchmarks.trial_engine: interleaved slices of steps, one thread each, over one epoch of
real texts; everyone's losses on the same batches without dropout; other pipelines against plain
loops that compute the same; what starting costs, the teacher's cache, two trials at once. With
--full also whether bfloat16 loses anything, and the best of 20 trials by the whole service against
Hugging Face's Trainer with Optuna.
TextBrewer, torchdistill and what Hugging Face's Trainer needs are installed once into an
environment of their own, which borrows torch from this one. Prints tables and one JSON line.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from autodistill.record import PreparedTask
from benchmarks.engine.node import together
from benchmarks.engine.pipelines import PIPELINES
from benchmarks.engine.racing import FOLDER, NAIVE, race, start
from benchmarks.engine.whole import DATASET as SEARCHED
from benchmarks.engine.whole import best_of_all
from benchmarks.engine.work import BATCH, DATASET, lengths, prepared, without_dropout

RIVALS = "floor,floor_bf16,ours,ours_bf16,hf,hf_grouped,hf_grouped_bf16,textbrewer,torchdistill"
BARS = {
    "ours / best of hf, textbrewer, torchdistill": ("ours", NAIVE, 1 / 5),
    "ours / hf_grouped": ("ours", ("hf_grouped",), 1 / 2),
    "ours_bf16 / hf_grouped_bf16": ("ours_bf16", ("hf_grouped_bf16",), 1 / 3),
    "ours / floor": ("ours", ("floor",), 1.4),
    "ours_bf16 / floor_bf16": ("ours_bf16", ("floor_bf16",), 1.8),
}
"""Which cost is divided by the least of which, and what the ratio may be."""
PARTS, LONG_PARTS = "speed,curves,others,starting,cache,node", "precision,whole"
CURVE_STEPS = 16
TOLERANCE = 2e-3
"""Of a loss. The cache keeps hidden states in half precision, and Adam's first steps follow the
sign of gradients that are nearly 0."""


def speed(task: PreparedTask, names: list[str]) -> dict[str, Any]:
    """Race, print the table and return CPU milliseconds per example with their ratios."""
    found = race(names, FOLDER, _steps(task))
    ms = {c.name: c.ms for c in found}
    print(f"\n{'':20}{'ms/example':>12}{'set-up s':>10}{'peak MiB':>10}{'predicted':>10}")
    for contender in found:
        peak = max(x["peak_mib"] for x in contender.slices)
        set_up = contender.facts["setup_cpu_s"]
        print(f"{contender.name:20}{contender.ms:12.2f}{set_up:10.1f}{peak:10.0f}", end="")
        print(f"{contender.facts.get('predicted_mib', math.nan):10.0f}")
    ratios = {}
    for name, (mine, others, bar) in BARS.items():
        known = [ms[other] for other in others if other in ms]
        if mine in ms and known:
            ratios[name] = ms[mine] / min(known)
            print(f"{name:50}{ratios[name]:6.3f}  (bar {bar:.2f})")
    return {"cpu_ms_per_example": ms, "ratios": ratios}


def curves(task: PreparedTask, names: list[str]) -> dict[str, Any]:
    """Let everyone take the same steps without dropout; return how far losses are from the first's.

    Args:
        task: The prepared task.
        names: Of contenders, the reference first.
    """
    folder = FOLDER / "same"
    folder.mkdir(exist_ok=True)
    (folder / "task.json").write_text(without_dropout(task, folder).model_dump_json())

    def losses(name: str) -> list[float]:
        contender = start(name, folder, "same")
        try:
            found: list[float] = contender.go(min(CURVE_STEPS, _steps(task)))["losses"]
        finally:
            contender.end()
        return found

    told = {name: losses(name) for name in names}
    first = told[names[0]]
    print(f"\nLoss on the same batches, and the largest difference from {names[0]}'s, of it")
    away = {}
    for name, curve in told.items():
        away[name] = max(abs(x - y) / y for x, y in zip(curve, first, strict=True))
        shown = " ".join(f"{x:.4f}" for x in curve[:: len(curve) // 4])
        print(f"{name:20}{shown}{away[name]:12.1e}  (bar {TOLERANCE:.0e})")
    return {"loss_away_from_loop": away}


def others(num_texts: int, names: list[str]) -> dict[str, Any]:
    """Race other pipelines, each against the plain loop, and return what part of it they cost."""
    cost = {}
    for name in names:
        work = PIPELINES[name]
        task = prepared(FOLDER, num_texts, work.dataset, **work.asked)
        (FOLDER / f"{work.dataset}.json").write_text(task.model_dump_json())
        mine, plain = race([f"trial:{name}", f"plain:{name}"], FOLDER, _steps(task))
        cost[name] = mine.ms / plain.ms
        print(f"{name:20}{cost[name]:8.3f} of a plain loop  (bar 1)", flush=True)
    return {"of_a_plain_loop": cost}


def module(name: str) -> dict[str, Any]:
    """Run a part that needs a process to itself, print what it found and return it."""
    command = [sys.executable, "-m", f"benchmarks.engine.{name}", str(FOLDER)]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return _shown(name, json.loads(said.rpartition("@")[2]))


def _shown(name: str, found: dict[str, Any]) -> dict[str, Any]:
    print(f"\n{name}")
    for key, value in found.items():
        print(f"  {key:30}{value:.4g}" if isinstance(value, float) else f"  {key:30}{value}")
    return {name: found}


def _steps(task: PreparedTask) -> int:
    return int(lengths(task)["texts"]) // BATCH


def main(
    parts: list[str], rivals: list[str], pipelines: list[str], num_texts: int, dataset: str
) -> None:
    """Prepare, measure and print."""
    FOLDER.mkdir(exist_ok=True)
    task = prepared(FOLDER, num_texts, dataset)
    (FOLDER / "task.json").write_text(task.model_dump_json())
    texts = lengths(task)
    print(texts, flush=True)
    exact = [name for name in rivals if name == "ours" or name in NAIVE]
    known: dict[str, Callable[[], dict[str, Any]]] = {
        "speed": partial(speed, task, rivals),
        "curves": partial(curves, task, ["loop", *exact]),
        "others": partial(others, num_texts, pipelines),
        "starting": partial(module, "starting"),
        "cache": partial(module, "cache"),
        "node": lambda: _shown("node", together(FOLDER, _steps(task))),
        "precision": partial(module, "precision"),
        "whole": lambda: _shown(
            "whole", best_of_all(prepared(FOLDER, num_texts, SEARCHED), FOLDER)
        ),
    }
    said = {"benchmark": "trial_engine", "dataset": dataset, "texts": texts}
    for part in parts:
        said |= known[part]()
    print(json.dumps(said))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=1024)
    parser.add_argument("--dataset", default=DATASET)
    parser.add_argument("--parts", default=PARTS)
    parser.add_argument("--full", action="store_const", dest="parts", const=f"{PARTS},{LONG_PARTS}")
    parser.add_argument("--rivals", default=RIVALS)
    parser.add_argument("--pipelines", default=",".join(PIPELINES))
    asked = parser.parse_args()
    main(
        asked.parts.split(","),
        asked.rivals.split(","),
        asked.pipelines.split(","),
        asked.texts,
        asked.dataset,
    )
