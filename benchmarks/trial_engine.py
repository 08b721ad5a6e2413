"""A trial against the recipes of others on the same work: CPU milliseconds per training example.

python -m benchmarks.trial_engine: interleaved slices of steps, one thread each, over one epoch of
real texts; then everyone's losses on the same batches without dropout. TextBrewer, torchdistill and
what Hugging Face's Trainer needs are installed once into an environment of their own, which borrows
torch from this one. Prints tables and one JSON line.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

from benchmarks.engine.racing import FOLDER, NAIVE, Contender, race, start
from benchmarks.engine.work import DATASET, lengths, prepared, without_dropout

RIVALS = "floor,floor_bf16,ours,ours_bf16,hf,hf_grouped,hf_grouped_bf16,textbrewer,torchdistill"
BARS = {
    "ours / best of hf, textbrewer, torchdistill": ("ours", NAIVE, 1 / 5),
    "ours / hf_grouped": ("ours", ("hf_grouped",), 1 / 2),
    "ours_bf16 / hf_grouped_bf16": ("ours_bf16", ("hf_grouped_bf16",), 1 / 3),
    "ours / floor": ("ours", ("floor",), 1.4),
    "ours_bf16 / floor_bf16": ("ours_bf16", ("floor_bf16",), 1.8),
}
"""Which cost is divided by the least of which, and what the ratio may be."""
CURVE_STEPS = 16
TOLERANCE = 2e-3
"""Of a loss. The cache keeps hidden states in half precision, and Adam's first steps follow the
sign of gradients that are nearly 0."""


def speed(names: list[str], num_texts: int) -> dict[str, Any]:
    """Race, print the table and return CPU milliseconds per example with their ratios."""
    found = race(names, FOLDER, num_texts)
    ms = {c.name: c.ms for c in found}
    print(f"\n{'':20}{'ms/example':>12}{'set-up s':>10}{'peak MiB':>10}")
    for contender in found:
        peak = max(x["peak_mib"] for x in contender.slices)
        print(f"{contender.name:20}{contender.ms:12.2f}{contender.setup_cpu_s:10.1f}{peak:10.0f}")
    ratios = {}
    for name, (mine, others, bar) in BARS.items():
        known = [ms[other] for other in others if other in ms]
        if mine in ms and known:
            ratios[name] = ms[mine] / min(known)
            print(f"{name:50}{ratios[name]:6.3f}  (bar {bar:.2f})")
    return {"cpu_ms_per_example": ms, "ratios": ratios}


def curves(names: list[str], task: Any) -> dict[str, Any]:
    """Let everyone take the same steps without dropout; return how far losses are from the first's.

    Args:
        names: Of contenders, the reference first.
        task: The prepared task.
    """
    folder = FOLDER / "same"
    folder.mkdir(exist_ok=True)
    (folder / "task.json").write_text(without_dropout(task, folder).model_dump_json())

    def losses(name: str) -> list[float]:
        contender: Contender = start(name, folder, "same")
        try:
            found: list[float] = contender.go(CURVE_STEPS)["losses"]
        finally:
            contender.end()
        return found

    told = {name: losses(name) for name in names}
    first = told[names[0]]
    print(f"\nLoss on the same batches, and the largest difference from {names[0]}'s, of it")
    away = {}
    for name, curve in told.items():
        away[name] = max(abs(x - y) / y for x, y in zip(curve, first, strict=True))
        shown = " ".join(f"{x:.4f}" for x in curve[:: CURVE_STEPS // 4])
        print(f"{name:20}{shown}{away[name]:12.1e}  (bar {TOLERANCE:.0e})")
    return {"loss_away_from_loop": away}


def main(rivals: list[str], num_texts: int, dataset: str) -> None:
    """Prepare, race and print."""
    FOLDER.mkdir(exist_ok=True)
    task = prepared(FOLDER, num_texts, dataset)
    (FOLDER / "task.json").write_text(task.model_dump_json())
    texts = lengths(task)
    print(texts, flush=True)
    said = {"benchmark": "trial_engine", "dataset": dataset, "texts": texts}
    said |= speed(rivals, num_texts)
    exact = [name for name in rivals if name == "ours" or name in NAIVE]
    said |= curves(["loop", *exact], task)
    print(json.dumps(said))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=1024)
    parser.add_argument("--dataset", default=DATASET)
    parser.add_argument("--rivals", default=RIVALS)
    arguments = parser.parse_args()
    main(arguments.rivals.split(","), arguments.texts, arguments.dataset)
