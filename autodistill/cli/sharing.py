"""The commands for jobs that are taken up again, and for projects."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from autodistill.cli.connection import HERE, Url, connected
from autodistill.cli.show import out

project_app = typer.Typer(no_args_is_help=True)


@project_app.command("list")
def project_list(url: Url = HERE) -> None:
    """List projects and how they share the slots."""
    table = Table("name", "weight", "quota")
    with connected(url) as client:
        for project in client.projects():
            table.add_row(project.name, f"{project.weight}", f"{project.quota or ''}")
    out.print(table)


@project_app.command("set")
def project_set(
    name: str,
    weight: Annotated[int, typer.Option(help="Twice as much is twice as many slots.")] = 1,
    quota: Annotated[int | None, typer.Option(help="Most slots of its jobs together.")] = None,
    url: Url = HERE,
) -> None:
    """Say how a project shares the slots."""
    with connected(url) as client:
        found = client.set_project(name, weight=weight, quota=quota)
    limit = "no quota" if found.quota is None else f"at most {found.quota} slots"
    out.print(f"{found.name}: weight {found.weight}, {limit}")


def clone(
    job: str,
    changes: Annotated[Path | None, typer.Option(help="JSON file with what is to differ.")] = None,
    name: Annotated[str | None, typer.Option(help="Of the clone.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of the clone.")] = None,
    url: Url = HERE,
) -> None:
    """Submit a job again, with changes."""
    patch: dict[str, Any] = {} if changes is None else json.loads(changes.read_text())
    patch |= {k: v for k, v in {"name": name, "seed": seed}.items() if v is not None}
    with connected(url) as client:
        out.print(client.clone(job, patch).id)


def extend(
    job: str,
    trials: Annotated[int, typer.Option(help="Trials of the whole search.")],
    timeout: Annotated[float | None, typer.Option(help="Seconds of the whole search.")] = None,
    url: Url = HERE,
) -> None:
    """Give a job that has ended or is paused a larger budget."""
    with connected(url) as client:
        out.print(f"{client.extend(job, trials, timeout_s=timeout).state}")


def retry(
    job: str,
    trial: Annotated[int | None, typer.Option(help="Number of the only one.")] = None,
    url: Url = HERE,
) -> None:
    """Run the failed and stopped trials of a job that has ended or is paused once more."""
    with connected(url) as client:
        out.print(f"{client.retry(job, trial).state}")


def stop(job: str, trial: int, url: Url = HERE) -> None:
    """End an open trial after its epoch."""
    with connected(url) as client:
        out.print(f"trial {client.stop(job, trial).number} ends after its epoch")
