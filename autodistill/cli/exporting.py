"""Commands that write what a job found as files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from autodistill.cli.connection import HERE, WRONG_INPUT, Url, connected
from autodistill.cli.show import complain, out
from autodistill.record import StudentFormat
from autodistill.search import write_journal


def export(
    job: str,
    folder: Path,
    form: Annotated[
        StudentFormat, typer.Option("--format", help="onnx is with 8-bit weights as well.")
    ] = "safetensors",
    url: Url = HERE,
) -> None:
    """Download the best student of a job: in Hugging Face layout, or as ONNX graphs."""
    with connected(url) as client:
        out.print(f"{client.download_student(job, folder, form=form)}")


def report(
    job: str,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="The file.")] = None,
    url: Url = HERE,
) -> None:
    """Write what a job found as one HTML page, to be printed or sent."""
    with connected(url) as client:
        out.print(f"{client.report(job, output or Path(f'{job}.html'))}")


def journal(job: str, file: Path, url: Url = HERE) -> None:
    """Write a job as a journal file of Optuna, to be opened with its dashboard or storage."""
    with connected(url) as client:
        study = client.study(job)
    try:
        write_journal(study, file)
    except FileExistsError as error:
        complain(str(error))
        raise typer.Exit(WRONG_INPUT) from error
    out.print(f"{file}: {len(study.trials)} trials of study {study.study_name}")
