"""The API against its own description, by Schemathesis in all phases."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from api.routes import events
from autodistill.testing.shells import reviews

ROOT = "r" * 32
LOOPBACK = ("127.0.0.0/8",)
PHASES = "examples,coverage,fuzzing,stateful"
CONFIGURATION = Path(__file__).parents[2] / "schemathesis.toml"
LIMIT_S = 540
WORKERS = "1"
"""CPython 3.11 raises now and then where two threads parse source, as Hypothesis does."""


@pytest.fixture
def service(
    ready: Path,
    tmp_path: Path,
    open_world: Callable[..., Any],
    listening: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[str]:
    """A listening service that asks for a token, with what the examples name."""
    monkeypatch.setattr(events, "LIFETIME_S", 0.2)
    root = tmp_path / "root"
    shutil.copytree(ready, root)
    world = open_world(root, webhook_networks=LOOPBACK)
    world.model("minilm", num_layers=6)
    reviews(root / "reviews.csv")
    world.submit()
    world.trial(world.claim(), 0, [0.5, 0.6])
    monkeypatch.chdir(root)
    with listening(
        root, tokens=True, root_token=ROOT, rate_per_s=0, webhook_networks=LOOPBACK
    ) as url:
        yield url


@pytest.mark.e2e
def test_the_api_keeps_what_it_promises(service: str, tmp_path: Path) -> None:
    shutil.copy(CONFIGURATION, tmp_path)
    found = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "run", f"{service}/openapi.json"),
            *("--phases", PHASES, "--max-examples", "8", "--seed", "1", "--workers", WORKERS),
            *("--header", f"Authorization: Bearer {ROOT}", "--request-timeout", "60"),
            *("--no-color", "--suppress-health-check", "all"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_S,
    )
    print(found.stdout)
    assert found.returncode == 0, found.stdout + found.stderr
