"""Generated reference: `python -m api.reference docs` writes the generated files."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from api.main import create_app
from api.settings import Settings
from autodistill.handbook import components_markdown, metrics_markdown


def pages() -> dict[str, str]:
    """Return the generated files by name."""
    with TemporaryDirectory() as folder:
        app = create_app(Settings(data_root=Path(folder), database_url=""))
        schema = app.openapi()
        app.state.store.close()
    return {
        "openapi.json": json.dumps(schema, indent=2, ensure_ascii=False) + "\n",
        "components.md": components_markdown(),
        "metrics.md": metrics_markdown(),
    }


if __name__ == "__main__":
    for name, text in pages().items():
        (Path(sys.argv[1]) / name).write_text(text, encoding="utf-8")
