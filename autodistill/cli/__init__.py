"""The command line: `autodistill up`, `dataset`, `model`, `submit`, `watch`, `export` and more."""

from __future__ import annotations

from autodistill.cli.administration import audit, token_app, webhook_app
from autodistill.cli.commands import app as app
from autodistill.cli.elsewhere import trial_app
from autodistill.cli.exporting import export, journal, report
from autodistill.cli.history import history_app
from autodistill.cli.sharing import clone, extend, project_app, retry, stop

app.add_typer(token_app, name="token", help="Make, list and revoke API tokens.")
app.add_typer(webhook_app, name="webhook", help="Have others told when jobs end.")
app.add_typer(history_app, name="history", help="Share what recommendations rest on.")
app.add_typer(trial_app, name="trial", help="Train trials of a job that runs elsewhere.")
app.command()(audit)
app.add_typer(project_app, name="project", help="Say how projects share the slots.")
for command in (clone, export, extend, journal, report, retry, stop):
    app.command()(command)
