"""`python -m autodistill.cli`, the same as `autodistill`."""

from __future__ import annotations

from autodistill.cli import app

app()
