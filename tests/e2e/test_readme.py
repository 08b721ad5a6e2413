from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from autodistill.client import Client
from autodistill.lazy import pandas
from autodistill.testing.tiny import tiny_dataset

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).parents[2]
BLOCKS = re.findall(r"```(bash|python)\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)


def blocks(language: str) -> list[str]:
    return [text for found, text in BLOCKS if found == language]


def test_every_make_target_of_the_readme_exists() -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    named = [b.split()[1] for b in blocks("bash") if b.startswith("make ")]
    assert named
    assert set(named) <= set(targets)


def test_the_readmes_commands_and_python_run_as_they_stand(service: Client, tmp_path: Path) -> None:
    tiny_dataset(tmp_path, num_train=48, num_held_out=16)
    pandas.read_parquet(tmp_path / "examples.parquet").to_csv(tmp_path / "reviews.csv")
    url = str(service._http.base_url)
    environment = os.environ | {
        "AUTODISTILL_URL": url,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    script = next(b for b in blocks("bash") if b.startswith("autodistill dataset"))
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "student" / "model.safetensors").exists()
    assert "job succeeded" in done.stdout
    program = blocks("python")[0].replace("http://127.0.0.1:8000", url)
    subprocess.run([sys.executable, "-c", program], check=True, cwd=tmp_path)
    service.cancel(next(iter(service.jobs())).id)
