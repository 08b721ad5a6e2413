from __future__ import annotations

import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(
    p for folder in ("autodistill", "api", "workers") for p in (ROOT / folder).rglob("*.py")
)


@pytest.mark.parametrize("heavy", ["torch", "ray", "pandas", "sklearn", "transformers"])
def test_the_api_process_never_imports(heavy: str) -> None:
    code = f"import api.main, sys; sys.exit({heavy!r} in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_our_package_names_are_ours() -> None:
    owners = packages_distributions()
    for name in ("autodistill", "api", "workers"):
        assert set(owners[name]) == {"autodistill-service"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_module_is_small(path: Path) -> None:
    limit = 400 if path.name in ("spec.py", "record.py") else 320  # the nouns are whole languages
    assert len(path.read_text().splitlines()) <= limit


def test_no_folder_is_called_utils() -> None:
    forbidden = {"utils", "helpers", "common", "misc"}
    assert not [p for p in SOURCES if forbidden & {p.stem, *(q.name for q in p.parents)}]
