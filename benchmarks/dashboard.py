"""The dashboard's calls on a job of 50,000 trials, beside optuna-dashboard on the same data.

    python -m benchmarks.dashboard [--trials 50000] [--points 20] [--folder FOLDER] [--alone]

Starts the API as a process of its own, asks for everything that the pages ask for, and prints for
each call the server's time (from the first byte sent to the last one received on loopback) and the
compressed size. optuna-dashboard is installed into an environment of its own in the folder, filled
with the same trials, and asked for what its own pages ask for. A filled folder is used again.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from urllib.parse import urlencode

import httpx

from benchmarks import optuna_peer
from benchmarks.large_store import DATASET, JOB, MODEL, fill
from benchmarks.serving import served
from benchmarks.timing import Timed, cpu_s, peak, timed

BAR_MS, BAR_BYTES, BAR_RSS = 200.0, 300_000, 400e6
CHARTED = ["number", "origin", "state", "distils", "dev/accuracy"]
NAMES = [*CHARTED, "dev/latency_ms", "dev/num_parameters"]
PART = ["number>=20000", "number<=21000"]
SLICED = ["number", "state", "origin", "training.learning_rate", "dev/accuracy"]
TABLED = ["number", "state", "dev/accuracy", "epochs_done", "seconds", "loss", "intermediate"]


def calls(job: str = JOB) -> dict[str, str]:
    """Return everything that the pages ask for, by name."""

    def of(path: str, **asked: str | Sequence[str]) -> str:
        return f"/v1/jobs/{job}/{path}?{urlencode(asked, doseq=True)}"

    sample = {"where": ["state=complete", "origin=baseline|user|recommended|sampler"]}
    return {
        "jobs": "/v1/jobs?sort=-created",
        "job": f"/v1/jobs/{job}",
        "story": of("story"),
        "history and front": of("columns", name=NAMES),
        "a part of the history": of("columns", name=NAMES, where=PART),
        "curves": of("curves"),
        "fields": of("fields"),
        "table by number": of("table", name=TABLED),
        "table by score": of("table", name=TABLED, sort="-dev/accuracy"),
        "table by a setting": of("table", name=TABLED, sort="loss.temperature"),
        "table, filtered": of("table", name=TABLED, where=["loss=softened_kl", "score>=0.85"]),
        "table, a later page": of("table", name=TABLED, sort="-score", after="25000"),
        "why": of("why"),
        "slice": of("columns", name=SLICED, most="1500", **sample),
        "parallel coordinates": of("columns", name=SLICED, most="300", **sample),
        "compared curves": of("curves", name="loss/total", trial=["10", "20", "30"]),
        "timeline": of("timeline"),
        "trial": f"/v1/jobs/{job}/trials/25000",
        "trials by number": of("trials", limit="100"),
        "report": of("report"),
        "datasets": "/v1/datasets",
        "dataset map": "/v1/datasets-map",
        "models": "/v1/models",
        "components": "/v1/components",
        "history": "/v1/history",
        "system": "/v1/system",
        "overview page": f"/jobs/{job}",
    }


def posts() -> dict[str, tuple[str, dict[str, object]]]:
    """Return what the form of a new job and the recommender ask."""
    student = {"kind": "cut", "num_layers": 3}
    teacher = {"model": MODEL.id, "preparation": {"kind": "fine_tuned"}}
    job: dict[str, object] = {"dataset": DATASET.id, "teacher": teacher, "students": [student]}
    asked: dict[str, object] = {"dataset": DATASET.id, "teacher": MODEL.id, "student": student}
    return {
        "recommendations": ("/v1/recommendations", asked),
        "validate": ("/v1/jobs/validate", job),
        "estimate": ("/v1/jobs/estimate", job),
    }


def measure(folder: Path) -> tuple[list[Timed], float, float]:
    """Return what each call takes, and the API's peak memory in bytes and CPU time in seconds."""
    with served(folder) as (url, process), httpx.Client(base_url=url, timeout=600) as http:
        found = [
            timed(name, http, http.build_request("GET", path), process)
            for name, path in calls().items()
        ]
        found += [
            timed(name, http, http.build_request("POST", path, json=body), process)
            for name, (path, body) in posts().items()
        ]
        return found, peak(process), cpu_s(process)


def show(found: Sequence[Timed]) -> None:
    """Print a table; what misses the bar is marked."""
    print(f"{'call':26}{'first ms':>10}{'p50 ms':>9}{'p95 ms':>9}{'CPU ms':>9}{'kB':>9}")
    for one in found:
        missed = one.p95_ms > BAR_MS or one.num_bytes > BAR_BYTES
        size = one.num_bytes / 1000
        row = f"{one.call:26}{one.first_ms:10.0f}{one.p50_ms:9.0f}{one.p95_ms:9.0f}"
        row += f"{one.cpu_ms:9.0f}{size:9.1f}"
        print(row + ("  misses the bar" if missed else ""))


def main() -> None:
    """Measure, print, and write `dashboard.json` into the folder."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--folder", type=Path)
    asked.add_argument("--trials", type=int, default=50_000)
    asked.add_argument("--points", type=int, default=20)
    asked.add_argument("--alone", action="store_true", help="without optuna-dashboard")
    given = asked.parse_args()
    folder = given.folder or Path(tempfile.mkdtemp(prefix="dashboard-"))
    began = time.perf_counter()
    fill(folder, trials=given.trials, points=given.points)
    print(f"{given.trials:,} trials x {given.points} in {time.perf_counter() - began:.0f} s")
    found, most, cpu = measure(folder)
    show(found)
    num_calls = sum(one.rounds for one in found)
    most_mb = f"{most / 1e6:.0f} MB at most (bar {BAR_RSS / 1e6:.0f})"
    print(f"API: {most_mb}, {cpu:.1f} CPU-s for {num_calls} calls")
    result: dict[str, object] = {
        "calls": [asdict(one) for one in found],
        "peak_bytes": most,
        "cpu_s": cpu,
    }
    if not given.alone:
        theirs = optuna_peer.measure(folder)
        print("optuna-dashboard on the same trials:")
        show(theirs.calls)
        num_calls = sum(one.rounds for one in theirs.calls)
        most_mb = f"{theirs.peak_bytes / 1e6:.0f} MB at most"
        print(f"optuna-dashboard: {most_mb}, {theirs.cpu_s:.1f} CPU-s for {num_calls} calls")
        result["optuna_dashboard"] = asdict(theirs)
    (folder / "dashboard.json").write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
