"""The commands."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.table import Table

from autodistill.cli.connection import (
    FAILED,
    HERE,
    WRONG_INPUT,
    Url,
    connected,
    of_pydantic,
    refused,
)
from autodistill.cli.show import (
    complain,
    err,
    follow,
    out,
    result_table,
    show_advice,
    trial_row,
)
from autodistill.client import Client
from autodistill.record import JobState
from autodistill.service import serve
from autodistill.spec import JobRequest

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Find the best distillation pipeline."
)
dataset_app, model_app = typer.Typer(no_args_is_help=True), typer.Typer(no_args_is_help=True)
app.add_typer(dataset_app, name="dataset", help="Register and list datasets.")
app.add_typer(model_app, name="model", help="Register and list models.")


@app.command()
def up(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8000,
    data_root: Annotated[
        Path, typer.Option(envvar="AUTODISTILL_DATA_ROOT", help="Folder of everything it keeps.")
    ] = Path("var"),
) -> None:
    """Run API, dashboard and worker on this machine until Ctrl-C."""
    raise typer.Exit(serve(host, port, data_root.resolve()))


@dataset_app.command("add")
def dataset_add(
    path: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    name: Annotated[str, typer.Option(help="What it is called.")],
    text_column: str = "text",
    label_column: str = "label",
    pair_column: str | None = None,
    image_column: str | None = None,
    split_column: str | None = None,
    licence: str = "",
    url: Url = HERE,
) -> None:
    """Upload a CSV, TSV, JSONL or Parquet file."""
    columns = {
        "text_column": text_column,
        "label_column": label_column,
        "pair_column": pair_column,
        "image_column": image_column,
        "split_column": split_column,
    }
    with connected(url) as client:
        found = client.upload_dataset(path, name=name, licence=licence, **columns)
    sizes = ", ".join(f"{n} {split}" for split, n in found.num_examples.items())
    out.print(f"{found.name} ({found.id}): {found.task}, {sizes}, {len(found.labels)} classes")


@dataset_app.command("list")
def dataset_list(url: Url = HERE) -> None:
    """List datasets."""
    with connected(url) as client:
        for found in client.datasets():
            out.print(f"{found.name}  {found.id}  {found.task}  {sum(found.num_examples.values())}")


@model_app.command("add")
def model_add(
    name: Annotated[str, typer.Argument(help="What it is called.")],
    packaged: Annotated[str | None, typer.Option(help="Python package that carries it.")] = None,
    directory: Annotated[Path | None, typer.Option(help="Directory on the service.")] = None,
    hub: Annotated[str | None, typer.Option(help="owner/name on the hub.")] = None,
    fresh: Annotated[
        str | None, typer.Option(help="Random weights: sizes of a ViT as JSON, {} for the usual.")
    ] = None,
    url: Url = HERE,
) -> None:
    """Register a model: a package, a directory, a hub id, or a fresh vision transformer."""
    sources: list[dict[str, Any]] = [
        {"kind": kind, field: str(value)}
        for kind, field, value in (
            ("packaged", "package", packaged),
            ("directory", "path", directory),
            ("hub", "repo_id", hub),
        )
        if value is not None
    ]
    if fresh is not None:
        sources.append({**_sizes(fresh), "kind": "fresh"})
    if len(sources) != 1:
        raise typer.BadParameter("Give one of --packaged, --directory, --hub and --fresh.")
    with connected(url) as client:
        found = client.register_model(name, sources[0])
    size = f"{found.num_parameters / 1e6:.1f} M parameters"
    out.print(f"{found.name} ({found.id}): {found.architecture}, {found.num_layers} layers, {size}")


@model_app.command("list")
def model_list(url: Url = HERE) -> None:
    """List models."""
    with connected(url) as client:
        for found in client.models():
            out.print(f"{found.name}  {found.id}  {found.architecture}  {found.num_layers} layers")


@app.command()
def submit(
    dataset: Annotated[str | None, typer.Option(help="Id or name.")] = None,
    teacher: Annotated[str | None, typer.Option(help="Id or name of a model.")] = None,
    fine_tune: Annotated[bool, typer.Option(help="Fine-tune the teacher first.")] = False,
    preparation: Annotated[str | None, typer.Option(help="Kind, such as ensemble or mcmi.")] = None,
    cut: Annotated[list[int] | None, typer.Option(help="Student: layers of the teacher.")] = None,
    student: Annotated[list[str] | None, typer.Option(help="Student: a registered model.")] = None,
    objective: Annotated[list[str] | None, typer.Option(help="A metric or a cost.")] = None,
    limit: Annotated[list[str] | None, typer.Option(help="Such as latency_ms=5.")] = None,
    probe: Annotated[list[str] | None, typer.Option(help="Sharpness or klom.")] = None,
    trials: Annotated[int | None, typer.Option(help="Budget of trials.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Longest training of a trial.")] = None,
    timeout: Annotated[float | None, typer.Option(help="Seconds of search.")] = None,
    patience: Annotated[int | None, typer.Option(help="Trials without a better one.")] = None,
    min_gain: Annotated[
        float | None, typer.Option(help="Least that as many trials again must promise.")
    ] = None,
    parallelism: Annotated[int | None, typer.Option(help="Trials at once.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of the search and all trials.")] = None,
    name: Annotated[str | None, typer.Option(help="Free text.")] = None,
    project: Annotated[str | None, typer.Option(help="Whose job it is.")] = None,
    priority: Annotated[int | None, typer.Option(help="Weight among its project's jobs.")] = None,
    file: Annotated[Path | None, typer.Option(help="A job as JSON; - is standard input.")] = None,
    elsewhere: Annotated[bool, typer.Option(help="You train: trial ask, report, tell.")] = False,
    watching: Annotated[bool, typer.Option("--watch", help="Watch it.")] = False,
    url: Url = HERE,
) -> None:
    """Submit a job, from flags, or from a JSON file in which flags replace what they name."""
    body = {} if file is None else _read(file)
    asked = {"name": name, "project": project, "dataset": dataset}
    body |= _given(asked | {"seed": seed, "parallelism": parallelism, "priority": priority})
    budget = {"num_trials": trials, "max_epochs": epochs, "timeout_s": timeout}
    budget |= {"patience": patience, "min_gain": min_gain}
    body["budget"] = body.get("budget", {}) | _given(budget)
    if elsewhere:
        body["runs"] = "elsewhere"
    if teacher is not None:
        body["teacher"] = {"model": teacher}
    if fine_tune or preparation:
        kind = {"kind": preparation or "fine_tuned"}
        body["teacher"] = body.get("teacher", {}) | {"preparation": kind}
    if cut or student:
        body["students"] = [{"kind": "cut", "num_layers": n} for n in cut or ()]
        body["students"] += [{"kind": "registered", "model": m} for m in student or ()]
    if objective:
        body["objectives"] = [{"metric": metric} for metric in objective]
    if limit:
        body["limits"] = [_bound(text) for text in limit]
    if probe:
        body["probes"] = probe
    try:
        request = JobRequest.model_validate(body)
    except ValidationError as error:
        raise refused(of_pydantic(error)) from error
    with connected(url) as client:
        job = client.submit(request)
        out.print(job.id)
        if watching:
            _watch(client, job.id)


@app.command()
def jobs(url: Url = HERE) -> None:
    """List jobs, newest first."""
    with connected(url) as client:
        for job in client.jobs():
            out.print(f"{job.id}  {job.state}  {job.spec.name or job.spec.dataset}")


@app.command()
def watch(job: str, url: Url = HERE) -> None:
    """Follow a job until it has ended."""
    with connected(url) as client:
        _watch(client, job)


@app.command()
def trials(job: str, url: Url = HERE) -> None:
    """List the trials of a job."""
    with connected(url) as client:
        metric = client.job(job).spec.objectives[0].metric
        table = Table("#", "origin", "state", metric, "loss", "intermediate", "epochs", "seconds")
        for trial in client.trials(job):
            table.add_row(*trial_row(trial, metric))
    out.print(table)


@app.command()
def recommend(
    dataset: Annotated[str, typer.Option()],
    teacher: Annotated[str, typer.Option()],
    cut: Annotated[int | None, typer.Option(help="Student: layers of the teacher.")] = None,
    student: Annotated[str | None, typer.Option(help="Student: a registered model.")] = None,
    k: Annotated[int, typer.Option("-k", help="How many pipelines.")] = 5,
    try_out: Annotated[
        bool, typer.Option("--try-out", help="Order the list by short trials, which run first.")
    ] = False,
    url: Url = HERE,
) -> None:
    """Recommend pipelines for a dataset, a teacher and a student."""
    if (cut is None) == (student is None):
        raise typer.BadParameter("Give one of --cut and --student.")
    wanted: dict[str, Any] = (
        {"kind": "cut", "num_layers": cut}
        if cut is not None
        else {"kind": "registered", "model": student}
    )
    with connected(url) as client:
        found = client.recommend(dataset, teacher, wanted, k=k)
        if try_out and (found.trying or found.tryout):
            job = client.job(found.trying) if found.trying else client.submit(found.tryout or {})
            follow(client, job)
            if (ended := client.job(job.id)).state is not JobState.SUCCEEDED:
                complain(f"The short trials {ended.state}: {ended.message}")
                raise typer.Exit(FAILED)
            found = client.recommend(dataset, teacher, wanted, k=k)
        show_advice(found)


@app.command()
def pause(job: str, url: Url = HERE) -> None:
    """Stop a job after the running epochs."""
    with connected(url) as client:
        out.print(f"{client.pause(job).state}")


@app.command()
def resume(job: str, url: Url = HERE) -> None:
    """Go on with a paused job."""
    with connected(url) as client:
        out.print(f"{client.resume(job).state}")


@app.command()
def cancel(job: str, url: Url = HERE) -> None:
    """End a job for good."""
    with connected(url) as client:
        out.print(f"{client.cancel(job).state}")


def _watch(client: Client, job_id: str) -> None:
    """Print a job's events until it has ended, then what it found."""
    follow(client, client.job(job_id))
    job = client.job(job_id)
    if job.result is None:
        err.print(f"Job {job.id} is {job.state}. {job.message}")
        raise typer.Exit(FAILED)
    out.print(result_table(job.result))


def _read(file: Path) -> dict[str, Any]:
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
        found = json.loads(text)
    except (OSError, ValueError) as error:
        complain(f"{file} is no job: {error}")
        raise typer.Exit(WRONG_INPUT) from error
    if not isinstance(found, dict):
        complain(f"{file} is no job: it must hold a JSON object.")
        raise typer.Exit(WRONG_INPUT)
    return found


def _bound(text: str) -> dict[str, Any]:
    metric, _, bound = text.partition("=")
    try:
        return {"metric": metric, "bound": float(bound)}
    except ValueError as error:
        message = f"--limit is a metric and a number, such as latency_ms=5; got {text}."
        raise typer.BadParameter(message) from error


def _sizes(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        message = f"--fresh must be a JSON object: {error}."
        raise typer.BadParameter(message) from error
    if not isinstance(found, dict):
        raise typer.BadParameter('--fresh must be a JSON object, such as {"image_size": 32}.')
    return found


def _given(flags: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in flags.items() if value is not None}
