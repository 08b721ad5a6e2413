from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "autodistill"
FAMILIES = (
    *("augmentations", "balancings", "finishings", "intermediate", "losses", "mappings"),
    *("regularizers", "selections", "targets", "teachers"),
)
COMPONENTS = sorted(path for family in FAMILIES for path in (ROOT / family).glob("[!_]*.py"))


@pytest.mark.parametrize("path", COMPONENTS, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_a_component_is_read_at_a_glance(path: Path) -> None:
    assert sum(map(bool, path.read_text().splitlines())) < 60
