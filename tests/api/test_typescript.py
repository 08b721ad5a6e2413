"""A TypeScript client, generated from the description, compiles and works."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "tests" / "typescript"
DEFAULTS = "--default-non-nullable=false"  # what has a default may be left out of a request
LIMIT_S = 300


@pytest.mark.e2e
@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
def test_a_generated_client_compiles_and_works(ready: Path, tmp_path: Path, listening: Any) -> None:
    project = tmp_path / "client"
    shutil.copytree(SOURCES, project)

    def run(*command: str) -> str:
        done = subprocess.run(
            command, cwd=project, capture_output=True, text=True, check=False, timeout=LIMIT_S
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run("npm", "install", "--no-audit", "--no-fund", "--no-package-lock")
    run(
        "npx",
        "openapi-typescript",
        str(ROOT / "docs" / "openapi.json"),
        "-o",
        "schema.d.ts",
        DEFAULTS,
    )
    options = ("--strict", "--target", "es2022", "--module", "nodenext", "--skipLibCheck")
    run("npx", "tsc", "client.ts", *options)
    root = tmp_path / "root"
    shutil.copytree(ready, root)
    with listening(root) as url:
        assert run("node", "client.js", url).strip() == "cancelled"
