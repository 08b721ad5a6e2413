"""optuna-dashboard in an environment of its own, on the trials of `large_store`."""

from __future__ import annotations

import json
import socket
import subprocess
import tempfile
import venv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from autodistill.component import flatten_json
from autodistill.spec import PipelineSpec
from autodistill.store import Store
from benchmarks.large_store import JOB
from benchmarks.timing import Timed, cpu_s, peak, timed, wait

FILLER = Path(__file__).with_name("optuna_filler.py")
CURVES_AT_ONCE = 2000
ROUNDS, PATIENCE_S = 1, 3600.0
CALLS = {"studies": "/api/studies", "the study (every trial)": "/api/studies/1?after=0"}
"""What its pages ask for before they show a study."""


@dataclass(frozen=True)
class Peer:
    """What optuna-dashboard took."""

    calls: Sequence[Timed]
    peak_bytes: float
    cpu_s: float
    """Of its process, for all of the calls."""


def measure(folder: Path) -> Peer:
    """Install, fill, serve and time optuna-dashboard, in `folder`; what is there is used again."""
    python, database = folder / "peer" / "bin" / "python", folder / "optuna.db"
    if not python.exists():
        venv.create(folder / "peer", with_pip=True)
        install = [str(python), "-m", "pip", "install", "-q", "optuna-dashboard"]
        subprocess.run(install, check=True)
    if not database.exists():
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            told, filled = Path(scratch, "trials.jsonl"), Path(scratch, "optuna.db")
            _write(folder, told)
            fill = [str(python), str(FILLER), str(told), f"sqlite:///{filled}"]
            subprocess.run(fill, check=True)
            filled.rename(database)  # whole, or not at all
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [str(python.with_name("optuna-dashboard")), f"sqlite:///{database}"]
    command += ["--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        wait(address, process)
        watched = psutil.Process(process.pid)
        with httpx.Client(base_url=address, timeout=PATIENCE_S) as http:
            found = [
                timed(name, http, http.build_request("GET", path), watched, rounds=ROUNDS)
                for name, path in CALLS.items()
            ]
        return Peer(found, peak(watched), cpu_s(watched))
    finally:
        process.terminate()
        process.wait(30)


def _write(folder: Path, path: Path) -> None:
    """Write each trial as a line: its parameters, value, state and curve."""
    store = Store(f"sqlite:///{folder / 'autodistill.db'}")
    with store.read() as tx, path.open("w") as out:
        for rows in tx.plain.ended(JOB, 0):
            numbers = [row["number"] for row in rows]
            curves: dict[int, dict[int, float]] = {}
            for start in range(0, len(numbers), CURVES_AT_ONCE):
                some = numbers[start : start + CURVES_AT_ONCE]
                curves |= tx.trials.courses(JOB, "dev/accuracy", some)
            for row in rows:
                line = {
                    "number": row["number"],
                    "state": row["state"],
                    "value": row["score"],
                    "params": flatten_json(PipelineSpec, row["pipeline"]),
                    "curve": curves[row["number"]],
                }
                out.write(json.dumps(line) + "\n")
    store.close()
