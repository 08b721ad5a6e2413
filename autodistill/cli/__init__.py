"""The command line: `autodistill up`, `dataset`, `model`, `submit`, `watch`, `export` and more."""

from __future__ import annotations

from autodistill.cli.administration import audit, token_app
from autodistill.cli.commands import app as app

app.add_typer(token_app, name="token", help="Make, list and revoke API tokens.")
app.command()(audit)
