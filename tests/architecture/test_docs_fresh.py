from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic_settings import BaseSettings

import api.settings
import workers.settings
from autodistill.handbook import components_markdown

DOCS = Path(__file__).parents[2] / "docs"


def test_the_component_reference_is_fresh() -> None:
    written = (DOCS / "components.md").read_text(encoding="utf-8")
    assert written == components_markdown(), "Run `make docs`."


@pytest.mark.parametrize("settings", [api.settings.Settings, workers.settings.Settings])
def test_every_setting_is_on_the_page_of_operations(settings: type[BaseSettings]) -> None:
    told = set(re.findall(r"`(?:AUTODISTILL_)?([A-Z_]+)`", (DOCS / "operations.md").read_text()))
    assert {name.upper() for name in settings.model_fields} <= told
