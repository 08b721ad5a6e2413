from __future__ import annotations

import subprocess
import sys

BASE = "fastapi, sqlalchemy.orm, numpy"
LIMIT = 5.0
"""Of what the libraries alone take: 2 s on a machine where those take 0.4 s."""


def processor_time(imported: str) -> float:
    """Return seconds of processor time: a busy machine is not the API's fault."""
    code = f"import {imported}, time; print(time.process_time())"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    return float(done.stdout)


def test_importing_the_api_is_quick() -> None:
    # Side by side, since machines differ; the first run may compile.
    api, base = zip(
        *[(processor_time("api.main"), processor_time(BASE)) for _ in range(3)], strict=True
    )
    assert min(api) < LIMIT * min(base)
