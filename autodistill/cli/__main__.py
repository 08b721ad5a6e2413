"""`python -m autodistill.cli`, the same as `autodistill`."""

from __future__ import annotations

from autodistill.cli.commands import app

app()
