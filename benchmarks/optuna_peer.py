"""optuna-dashboard in a throw-away environment, on the trials of `large_store`."""

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
from benchmarks.timing import Timed, peak, timed, wait

FILLER = Path(__file__).with_name("optuna_filler.py")
CURVES_AT_ONCE = 2000


@dataclass(frozen=True)
class Peer:
    """What optuna-dashboard took."""

    calls: Sequence[Timed]
    peak_bytes: float


def measure(folder: Path) -> Peer:
    """Install, fill, serve and time optuna-dashboard; nothing of it stays."""
    with tempfile.TemporaryDirectory(prefix="optuna-dashboard-") as scratch:
        root = Path(scratch)
        venv.create(root / "env", with_pip=True)
        python = root / "env" / "bin" / "python"
        install = [str(python), "-m", "pip", "install", "-q", "optuna-dashboard"]
        subprocess.run(install, check=True)
        told = root / "trials.jsonl"
        _write(folder, told)
        url = f"sqlite:///{root / 'optuna.db'}"
        subprocess.run([str(python), str(FILLER), str(told), url], check=True)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        command = [str(root / "env/bin/optuna-dashboard"), url, "--port", str(port)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        address = f"http://127.0.0.1:{port}"
        try:
            wait(address, process)
            with httpx.Client(base_url=address, timeout=600) as http:
                found = [
                    timed(name, http, http.build_request("GET", path), rounds=3)
                    for name, path in (
                        ("studies", "/api/studies"),
                        ("the study (every trial)", "/api/studies/1?after=0"),
                    )
                ]
            return Peer(found, peak(psutil.Process(process.pid)))
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
