"""`python -m benchmarks.chaos --seed 1 --engine sqlite`: R1, one JSON line and an exit code."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.chaos.checker import Rows, check
from benchmarks.chaos.client import People
from benchmarks.chaos.database import Database, File, Server
from benchmarks.chaos.faults import Faults
from benchmarks.chaos.stage import Stage

JOBS = 2
NO_PROGRESS_S = 240.0
"""Without a trial that ends, after which the run is given up."""


def run(
    *,
    seed: int,
    faults: int,
    trials: int,
    engine: str,
    root: Path,
    only: Sequence[str] = (),
) -> dict[str, Any]:
    """Run the jobs under faults, check what is there afterwards, and return what was found."""
    database: Database = Server() if engine == "postgresql" else File(root)
    started = time.monotonic()
    try:
        with Stage(root, database.url) as stage:
            people = People(stage.url, root)
            people.submit(JOBS, trials)
            storm = Faults(stage, database, seed, only)
            survived = _rage(storm, people, Rows(database.url), faults, trials)
            storm.end()
            again = people.repeat()
            wrong = check(database.url, trials // JOBS, people.told, root / "artifacts")
    finally:
        database.close()
    wrong += [f"the key {key} made another job" for key in again]
    if not survived:
        wrong.append(f"no trial ended for {NO_PROGRESS_S:.0f} s")
    if len(storm.struck) < faults:
        wrong.append(f"only {len(storm.struck)} of {faults} faults could be injected in time")
    return {
        "bar": "R1",
        "seed": seed,
        "engine": engine,
        "trials": trials,
        "faults": len(storm.struck),
        "kinds": dict(Counter(s.kind for s in storm.struck)),
        "seconds": round(time.monotonic() - started, 1),
        "wrong": wrong,
        "met": not wrong,
    }


def _rage(storm: Faults, people: People, rows: Rows, faults: int, trials: int) -> bool:
    """Inject the faults evenly over the trials, until the jobs have ended; False when stuck."""
    ended, moved = 0, time.monotonic()
    while not people.ended:
        now = _ended(rows, ended)
        if now > ended:
            ended, moved = now, time.monotonic()
        if time.monotonic() - moved > NO_PROGRESS_S:
            return False
        if len(storm.struck) < faults and ended >= len(storm.struck) * trials // (faults + 2):
            if (struck := storm.strike()) is not None:
                print(f"{struck.after_s:6.1f} s  {ended:4} ended  {struck.kind}", file=sys.stderr)
            moved = time.monotonic()
        time.sleep(0.2)
    return True


def _ended(rows: Rows, before: int) -> int:
    try:
        return rows.num_ended()
    except Exception:  # the database is away: that is one of the faults
        return before


def main() -> int:
    """Run, print a JSON line, and return 1 when a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--faults", type=int, default=40)
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--only", nargs="+", default=(), metavar="KIND", help='as "kill api"')
    asked = parser.parse_args()
    root = Path(tempfile.mkdtemp(prefix="chaos"))
    found = run(**vars(asked), root=root)
    print(json.dumps(found), flush=True)
    if found["met"]:
        shutil.rmtree(root, ignore_errors=True)
    else:
        print(f"What is left lies in {root}.", file=sys.stderr)
    return 0 if found["met"] else 1


if __name__ == "__main__":
    sys.exit(main())
