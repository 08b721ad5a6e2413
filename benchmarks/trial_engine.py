"""A trial against the recipes of others on the same work: CPU milliseconds per training example.

python -m benchmarks.trial_engine: interleaved slices of steps, one thread each, over one epoch of
real texts. TextBrewer, torchdistill and what Hugging Face's Trainer needs are installed once into
an environment of their own, which borrows torch from this one. Prints a table and one JSON line.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import sysconfig
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.engine.work import BATCH, lengths, prepared

FOLDER = Path("trial_engine")
PEERS = ("accelerate==1.15.0", "textbrewer==0.2.1.post1", "torchdistill==1.1.5", "torchvision")
NAIVE = ("hf", "textbrewer", "torchdistill")
"""Whose batches are random: a few of their steps, of seconds each, after a first one that does not
count, are as good as an epoch."""
SLICES = 4
PATIENCE_S = 300


@dataclass
class Contender:
    """A process that trains when it is told to."""

    name: str
    process: subprocess.Popen[str]
    setup_cpu_s: float = 0.0
    slices: list[dict[str, float]] = field(default_factory=list)

    def hear(self) -> dict[str, Any]:
        """Return its next answer."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("@"):
                found: dict[str, Any] = json.loads(line[1:])
                return found
        raise RuntimeError(f"{self.name} ended with {self.process.wait()}; see {self.name}.log.")

    def go(self, steps: int) -> dict[str, Any]:
        """Let it take so many steps, and return what they cost."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{steps}\n")
        self.process.stdin.flush()
        return self.hear()

    @property
    def ms(self) -> float:
        """CPU milliseconds per example."""
        took, steps = (sum(x[key] for x in self.slices) for key in ("cpu_s", "steps"))
        return 1000 * took / steps / BATCH


def peers(folder: Path) -> Path:
    """Return the Python of an environment with the others' packages; made where it is missing."""
    python = folder / "peers" / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", folder / "peers"], check=True)
        asked = ["-m", "pip", "install", "--quiet", "--no-deps", *PEERS]
        subprocess.run([python, *asked], check=True)
        (found,) = (folder / "peers" / "lib").glob("python*/site-packages")
        (found / "borrowed.pth").write_text(sysconfig.get_paths()["purelib"])
    return python


def start(name: str, folder: Path) -> Contender:
    """Start a contender, and wait until it is ready."""
    python = sys.executable if name.startswith(("ours", "floor")) else peers(folder)
    alone = {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"} | (
        {"BF16": "1"} if name == "ours_bf16" else {}
    )
    process = subprocess.Popen(
        [python, "-m", "benchmarks.engine.contenders", name, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=(folder / f"{name}.log").open("w"),
        text=True,
        env=os.environ | alone,
    )
    contender = Contender(name, process)
    contender.setup_cpu_s = contender.hear()["setup_cpu_s"]
    return contender


def race(names: list[str], folder: Path, num_texts: int) -> list[Contender]:
    """Let everyone train over one epoch, a slice each in turn."""
    steps = num_texts // BATCH
    contenders = []
    for name in names:
        try:
            contenders.append(start(name, folder))
        except RuntimeError as error:
            print(error, flush=True)
    try:
        for contender in contenders:
            if contender.name in NAIVE:
                contender.go(1)
        for _ in range(SLICES):
            for contender in contenders:
                contender.slices.append(
                    contender.go(2 if contender.name in NAIVE else steps // SLICES)
                )
                print(f"{contender.name:20}{contender.ms:8.2f}", flush=True)
    finally:
        for contender in contenders:
            contender.process.kill()
    return contenders


def main(names: list[str], num_texts: int) -> None:
    """Prepare, race and print."""
    FOLDER.mkdir(exist_ok=True)
    task = prepared(FOLDER, num_texts)
    (FOLDER / "task.json").write_text(task.model_dump_json())
    texts = lengths(task)
    print(texts, flush=True)
    found = race(names, FOLDER, num_texts)
    print(f"\n{'':20}{'ms/example':>12}{'set-up s':>10}{'peak MiB':>10}")
    for contender in found:
        peak = max(x["peak_mib"] for x in contender.slices)
        print(f"{contender.name:20}{contender.ms:12.2f}{contender.setup_cpu_s:10.1f}{peak:10.0f}")
    said = {"benchmark": "trial_engine", "texts": texts}
    print(json.dumps(said | {"cpu_ms_per_example": {c.name: c.ms for c in found}}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=1024)
    parser.add_argument(
        "--only",
        default="floor,floor_bf16,ours,hf,hf_grouped,hf_grouped_bf16,textbrewer,torchdistill",
    )
    arguments = parser.parse_args()
    main(arguments.only.split(","), arguments.texts)
