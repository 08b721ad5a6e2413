from __future__ import annotations

from pathlib import Path

from autodistill.handbook import components_markdown

DOCS = Path(__file__).parents[2] / "docs"


def test_the_component_reference_is_fresh() -> None:
    written = (DOCS / "components.md").read_text(encoding="utf-8")
    assert written == components_markdown(), "Run `make docs`."
