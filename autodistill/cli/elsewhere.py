"""The commands of those who train elsewhere: `trial ask`, `trial report`, `trial tell`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from autodistill.borrowing import Borrowed
from autodistill.cli.connection import FAILED, HERE, WRONG_INPUT, Url, connected
from autodistill.cli.show import complain, err, out
from autodistill.client import Client
from autodistill.lending import LEASE_S, Lent

trial_app = typer.Typer(no_args_is_help=True)
Handle = Annotated[Path, typer.Argument(help="The file that `trial ask` wrote.")]
Scored = Annotated[list[str] | None, typer.Option(help="Such as accuracy=0.9.")]


@trial_app.command("ask")
def trial_ask(
    job: str,
    output: Annotated[
        Path, typer.Option(dir_okay=False, writable=True, help="File for the trial, as JSON.")
    ],
    lease: Annotated[float, typer.Option(help="Seconds until the next report.")] = LEASE_S,
    url: Url = HERE,
) -> None:
    """Wait for a trial to train; fails when the job is over."""
    if not output.absolute().parent.is_dir():  # before a trial is taken that could not be kept
        raise typer.BadParameter(f"There is no folder {output.parent}; make it first.")
    with connected(url) as client:
        trial = client.ask(job, lease_s=lease)
        if trial is None:
            err.print(f"Job {job} is {client.job(job).state}; there is nothing more to train.")
            raise typer.Exit(FAILED)
    output.write_text(trial.lent.model_dump_json(indent=2) + "\n")
    out.print(f"trial {trial.number}, attempt {trial.lent.attempt}: {trial.lent.reason}")


@trial_app.command("report")
def trial_report(
    trial: Handle,
    epoch: Annotated[int, typer.Argument(min=1, help="1 for the first.")],
    dev: Scored = None,
    seconds: Annotated[float, typer.Option(help="How long it took.")] = 0.0,
    url: Url = HERE,
) -> None:
    """Report an epoch; prints `stop` where training is to stop, else `continue`."""
    with connected(url) as client:
        said = _borrowed(client, trial).report(epoch, _scores(dev), seconds=seconds)
    out.print("stop" if said.stop else "continue")


@trial_app.command("tell")
def trial_tell(
    trial: Handle,
    dev: Scored = None,
    test: Scored = None,
    failed: Annotated[str | None, typer.Option(help="What went wrong.")] = None,
    url: Url = HERE,
) -> None:
    """Tell the scores of a trial, or that it has failed."""
    if (failed is None) == (not dev and not test):
        raise typer.BadParameter("Give --dev and --test, or --failed.")
    with connected(url) as client:
        borrowed = _borrowed(client, trial)
        if failed is not None:
            said = borrowed.fail(failed)
        else:
            spent = max(0.0, time.time() - trial.stat().st_mtime)
            said = borrowed.tell(_scores(dev), _scores(test), seconds=spent)
    out.print(f"trial {borrowed.number} is {said.state}, the job {said.job}")


def _borrowed(client: Client, path: Path) -> Borrowed:
    try:
        return Borrowed(client, Lent.model_validate_json(path.read_text(encoding="utf-8")))
    except (OSError, ValidationError) as error:
        complain(f"{path} is no trial that `trial ask` wrote: {error}")
        raise typer.Exit(WRONG_INPUT) from error


def _scores(texts: list[str] | None) -> dict[str, float]:
    scores = {}
    for text in texts or ():
        name, _, value = text.partition("=")
        try:
            scores[name] = float(value)
        except ValueError as error:
            message = f"A score is a metric and a number, such as accuracy=0.9; got {text}."
            raise typer.BadParameter(message) from error
    return scores
