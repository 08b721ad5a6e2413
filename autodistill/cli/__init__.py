"""The command line: `autodistill up`, `dataset`, `model`, `submit`, `watch`, `export` and more."""

from __future__ import annotations

from autodistill.cli.commands import app as app
