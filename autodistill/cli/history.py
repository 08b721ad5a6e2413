"""The commands for what recommendations rest on."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.table import Table

from autodistill.cli.connection import HERE, Url, connected
from autodistill.cli.show import out
from autodistill.history import Estimated, chronicle, distiller

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
    path: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    name: Annotated[
        str | None, typer.Option(help="Of the import; the file's when left out.")
    ] = None,
    url: Url = HERE,
) -> None:
    """Let recommendations rest on a file that another service exported.

    A .csv is taken for the table of runs that the authors of Distiller (He et al., 2021) released.
    """
    with connected(url) as client, TemporaryDirectory() as scratch:
        source = path
        if path.suffix == ".csv":
            source = Path(scratch) / "distiller.parquet"
            source.write_bytes(b"".join(chronicle.write(distiller.read(path))))
        found = client.import_history(source, name=name or path.stem)
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


@history_app.command("evaluate")
def history_evaluate(url: Url = HERE) -> None:
    """Try the recommender on its own past, beside simpler ways: each group left out once."""
    with connected(url) as client:
        found = client.evaluate_history()
    table = Table("method", "regret@1", "regret@5", "beaten@1", "beaten@5")
    for one in found.verdicts:
        cells = (one.regret_1, one.regret_5, one.wins_1, one.wins_5)
        table.add_row(one.method, *map(_shown, cells))
    if found.verdicts:
        out.print(table)
    out.print(f"{found.num_tasks} tasks. {found.message}")
    if found.coverage is not None:
        share = f"{found.coverage:.0%} of {found.num_covered}"
        out.print(f"Of the intervals of first choices {share} held what came.")
    if found.closed is not None:
        first, five = map(_shown, found.closed)
        out.print(f"From plain distillation to the best: first {first}, best of five {five}.")
    if found.beats_random is not None:
        chance = "ten random ones of those named beforehand"
        out.print(f"First choice above the best of {chance}: {_shown(found.beats_random)}.")


def _shown(value: Estimated | None) -> str:
    return "" if value is None else f"{value[0]:.3f} [{value[1]:.3f}, {value[2]:.3f}]"
