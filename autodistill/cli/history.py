"""The commands for what recommendations rest on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from autodistill.cli.connection import HERE, Url, connected
from autodistill.cli.show import out

history_app = typer.Typer(no_args_is_help=True)


@history_app.command("export")
def history_export(
    path: Path,
    job: Annotated[list[str] | None, typer.Option(help="Only this job; may be repeated.")] = None,
    url: Url = HERE,
) -> None:
    """Write every trial that ended, with its curve, as Parquet to be imported elsewhere."""
    with connected(url) as client:
        out.print(f"{client.export_history(path, jobs=job or ())}")


@history_app.command("import")
def history_import(
    path: Path,
    name: Annotated[
        str | None, typer.Option(help="Of the import; the file's when left out.")
    ] = None,
    url: Url = HERE,
) -> None:
    """Let recommendations rest on a file that another service exported."""
    with connected(url) as client:
        found = client.import_history(path, name=name or path.stem)
    out.print(f"{found.name}: {found.num_trials} trials of {found.num_tasks} tasks ({found.id})")


@history_app.command("list")
def history_list(url: Url = HERE) -> None:
    """List imported files."""
    table = Table("name", "tasks", "trials", "imported")
    with connected(url) as client:
        for one in client.imports():
            day = f"{one.created_at:%Y-%m-%d}"
            table.add_row(one.name, f"{one.num_tasks}", f"{one.num_trials}", day)
    out.print(table)


@history_app.command("forget")
def history_forget(chronicle: str, url: Url = HERE) -> None:
    """Forget an imported file; what it told counts no longer."""
    with connected(url) as client:
        out.print(f"{client.forget_import(chronicle).name} is forgotten")
