"""Training loops in processes of their own that go a slice each in turn."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.engine.work import BATCH

FOLDER = Path("trial_engine")
PEERS = ("accelerate==1.15.0", "textbrewer==0.2.1.post1", "torchdistill==1.1.5", "torchvision")
NAIVE = ("hf", "textbrewer", "torchdistill")
"""Whose batches are random: a few of their steps, of seconds each, after a first one that does not
count, are as good as an epoch."""
SLICES = 4


@dataclass
class Contender:
    """A process that trains when it is told to."""

    name: str
    process: subprocess.Popen[str]
    facts: dict[str, float] = field(default_factory=dict)
    """What it says when it is ready: `setup_cpu_s` at least."""
    slices: list[dict[str, float]] = field(default_factory=list)

    def hear(self) -> dict[str, Any]:
        """Return its next answer."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("@"):
                found: dict[str, Any] = json.loads(line[1:])
                return found
        raise RuntimeError(f"{self.name} ended with {self.process.wait()}; see {self.name}.log.")

    def order(self, steps: int) -> None:
        """Let it take so many steps."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{steps}\n")
        self.process.stdin.flush()

    def go(self, steps: int) -> dict[str, Any]:
        """Let it take so many steps, and return what they cost."""
        self.order(steps)
        return self.hear()

    def end(self) -> None:
        """End it."""
        self.process.kill()
        self.process.communicate()

    @property
    def ms(self) -> float:
        """CPU milliseconds per example."""
        took, steps = (sum(x[key] for x in self.slices) for key in ("cpu_s", "steps"))
        return 1000 * took / steps / BATCH


def peers() -> Path:
    """Return the Python of an environment with the others' packages; made where it is missing."""
    folder = FOLDER / "peers"
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        asked = ["-m", "pip", "install", "--quiet", "--no-deps", *PEERS]
        subprocess.run([python, *asked], check=True)
        (found,) = (folder / "lib").glob("python*/site-packages")
        (found / "borrowed.pth").write_text(sysconfig.get_paths()["purelib"])
    return python


def environment() -> dict[str, str]:
    """Return what a process of one thread is started with."""
    return os.environ | {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}


def start(name: str, folder: Path, *arguments: str) -> Contender:
    """Start a contender whose `task.json` is in a folder, and wait until it is ready."""
    theirs = name.startswith(("hf", "textbrewer", "torchdistill"))
    process = subprocess.Popen(
        [
            peers() if theirs else sys.executable,
            *("-m", "benchmarks.engine.contenders", name, str(folder), *arguments),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=(folder / f"{name}.log").open("w"),
        text=True,
        env=environment(),
    )
    contender = Contender(name, process)
    contender.facts = contender.hear()
    return contender


def race(names: list[str], folder: Path, steps: int) -> list[Contender]:
    """Let everyone train so many steps, a slice each in turn."""
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
            contender.end()
    return contenders
