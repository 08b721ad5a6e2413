"""The command line: `autodistill up`, `dataset`, `model`, `submit`, `watch`, `export` and more."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from autodistill.client import Client
from autodistill.errors import AutodistillError, Conflict, InvalidInput, NotFound
from autodistill.record import Event, Job, JobResult, Recommendation
from autodistill.service import serve
from autodistill.spec import JobRequest

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Find the best distillation pipeline."
)
dataset_app, model_app = typer.Typer(no_args_is_help=True), typer.Typer(no_args_is_help=True)
app.add_typer(dataset_app, name="dataset", help="Register and list datasets.")
app.add_typer(model_app, name="model", help="Register and list models.")
out, err = Console(), Console(stderr=True)
Url = Annotated[str, typer.Option(envvar="AUTODISTILL_URL", help="Where the service is.")]
HERE = "http://127.0.0.1:8000"
WRONG_INPUT, FAILED = 2, 1


@contextmanager
def connected(url: str) -> Iterator[Client]:
    """Open a client, and turn what goes wrong into a sentence and an exit code."""
    try:
        with Client(url) as client:
            yield client
    except InvalidInput as error:
        for problem in error.problems:
            known = f" Known: {', '.join(problem.known)}." if problem.known else ""
            err.print(f"[red]{problem.field}[/]: {problem.message}{known}", highlight=False)
        raise typer.Exit(WRONG_INPUT) from error
    except (NotFound, Conflict) as error:
        err.print(f"[red]{error}[/]", highlight=False)
        raise typer.Exit(WRONG_INPUT) from error
    except httpx.TransportError as error:
        err.print(f"[red]No service answers at {url}.[/] Start one with: autodistill up")
        raise typer.Exit(FAILED) from error
    except AutodistillError as error:
        err.print(f"[red]{error}[/]", highlight=False)
        raise typer.Exit(FAILED) from error


@app.command()
def up(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8000,
    data_root: Annotated[Path, typer.Option(help="Folder of everything it keeps.")] = Path("var"),
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
    split_column: str | None = None,
    licence: str = "",
    url: Url = HERE,
) -> None:
    """Upload a CSV, TSV, JSONL or Parquet file."""
    columns = {
        "text_column": text_column,
        "label_column": label_column,
        "pair_column": pair_column,
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
    url: Url = HERE,
) -> None:
    """Register a model: a package, a directory or a hub id."""
    sources: list[dict[str, Any]] = [
        {"kind": kind, field: str(value)}
        for kind, field, value in (
            ("packaged", "package", packaged),
            ("directory", "path", directory),
            ("hub", "repo_id", hub),
        )
        if value is not None
    ]
    if len(sources) != 1:
        raise typer.BadParameter("Give one of --packaged, --directory and --hub.")
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
    dataset: str | None = None,
    teacher: str | None = None,
    fine_tune: Annotated[bool, typer.Option(help="Fine-tune the teacher first.")] = False,
    cut: Annotated[list[int] | None, typer.Option(help="Student: layers of the teacher.")] = None,
    student: Annotated[list[str] | None, typer.Option(help="Student: a registered model.")] = None,
    trials: Annotated[int, typer.Option(help="Budget of trials.")] = 20,
    epochs: Annotated[int, typer.Option(help="Longest training of a trial.")] = 8,
    timeout: Annotated[float | None, typer.Option(help="Seconds of search.")] = None,
    seed: int = 0,
    name: str = "",
    file: Annotated[Path | None, typer.Option(help="A job as JSON; - is standard input.")] = None,
    watching: Annotated[bool, typer.Option("--watch", help="Watch it.")] = False,
    url: Url = HERE,
) -> None:
    """Submit a job, from flags or from a JSON file."""
    if file is not None:
        body = _read(file)
    else:
        if dataset is None or teacher is None or not (cut or student):
            raise typer.BadParameter("Give --dataset, --teacher and --cut or --student, or --file.")
        body = {
            "name": name,
            "dataset": dataset,
            "teacher": {
                "model": teacher,
                "preparation": {"kind": "fine_tuned" if fine_tune else "as_is"},
            },
            "students": [{"kind": "cut", "num_layers": n} for n in cut or ()]
            + [{"kind": "registered", "model": m} for m in student or ()],
            "budget": {"num_trials": trials, "max_epochs": epochs, "timeout_s": timeout},
            "seed": seed,
        }
    with connected(url) as client:
        job = client.submit(body)
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
        for t in client.trials(job):
            pipeline, score = t.spec.pipeline, t.dev.get(metric)
            table.add_row(
                str(t.number),
                t.origin,
                t.state,
                "" if score is None else f"{score:.4f}",
                pipeline.loss.kind,
                pipeline.intermediate.kind,
                f"{t.epochs_done}/{pipeline.training.num_epochs}",
                f"{t.seconds:.0f}",
            )
    out.print(table)


@app.command()
def recommend(
    dataset: Annotated[str, typer.Option()],
    teacher: Annotated[str, typer.Option()],
    cut: Annotated[int | None, typer.Option(help="Student: layers of the teacher.")] = None,
    student: Annotated[str | None, typer.Option(help="Student: a registered model.")] = None,
    k: Annotated[int, typer.Option("-k", help="How many pipelines.")] = 5,
    url: Url = HERE,
) -> None:
    """Recommend pipelines for a dataset, a teacher and a student."""
    if (cut is None) == (student is None):
        raise typer.BadParameter("Give one of --cut and --student.")
    wanted: dict[str, Any] = (
        {"kind": "cut", "num_layers": cut} if cut else {"kind": "registered", "model": student}
    )
    with connected(url) as client:
        _show_advice(client.recommend(dataset, teacher, wanted, k=k))


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


@app.command()
def export(job: str, folder: Path, url: Url = HERE) -> None:
    """Download the best student of a job as a directory in Hugging Face layout."""
    with connected(url) as client:
        out.print(f"{client.download_student(job, folder)}")


def _read(file: Path) -> dict[str, Any]:
    text = sys.stdin.read() if str(file) == "-" else file.read_text()
    try:
        found: dict[str, Any] = JobRequest.model_validate_json(text).model_dump(mode="json")
    except ValidationError as error:
        for problem in error.errors():
            place = ".".join(map(str, problem["loc"])) or "file"
            err.print(f"[red]{place}[/]: {problem['msg']}", highlight=False)
        raise typer.Exit(WRONG_INPUT) from error
    return found


def _watch(client: Client, job_id: str) -> None:
    """Print a job's events until it has ended, then what it found."""
    metric = client.job(job_id).spec.objectives[0].metric
    for event in client.watch(job_id):
        if line := describe(event, metric):
            out.print(f"[dim]{event.created_at.astimezone():%H:%M:%S}[/] {line}", highlight=False)
    job = client.job(job_id)
    if job.result is None:
        _ended_without(job)
    else:
        out.print(table(job.result))


def _ended_without(job: Job) -> None:
    err.print(f"Job {job.id} is {job.state}. {job.message}", highlight=False)
    raise typer.Exit(FAILED)


def describe(event: Event, metric: str) -> str:
    """Return an event as a line for people; nothing for one that says little."""
    data, (noun, _, verb) = event.data, event.kind.partition(".")
    if noun == "job":
        return f"[bold]job {verb}[/] {data.get('message', '')}".rstrip()
    if noun == "prepare":
        rest = {k: v for k, v in data.items() if k != "step"}
        return f"{data['step']}: " + ", ".join(f"{k} {_short(v)}" for k, v in rest.items())
    if event.kind == "measurement":
        score = data["values"].get(f"dev/{metric}")
        return f"trial {data['number']} epoch {data['epoch']}: dev {metric} {_short(score)}"
    if verb == "queued":
        return ""
    score = data.get("dev", {}).get(metric)
    ending = "" if score is None else f": dev {metric} {_short(score)}"
    return f"[bold]trial {data['number']} {verb}[/]{ending} {data.get('reason', '')}".rstrip()


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def table(result: JobResult) -> Table:
    """Return a job's result as a table: teacher, plain student, distilled student."""
    test = f"test/{result.metric}"
    rows = Table("", f"test {result.metric}", "M parameters", "ms / example")
    costs = [
        (f"{m['num_parameters'] / 1e6:.1f}", f"{m['latency_ms']:.1f}")
        for m in (result.teacher, result.student)
    ]
    rows.add_row("teacher", f"{result.teacher[test]:.4f}", *costs[0])
    for name, score in (
        ("student, plain fine-tuning", result.plain.test),
        ("student, best distilled", result.best.test),
    ):
        spread = "" if score.sd is None else f" ± {score.sd:.4f}"
        rows.add_row(name, f"{score.mean:.4f}{spread} ({score.seeds} seeds)", *costs[1])
    noise = {True: "within noise", False: "beyond noise", None: "one seed cannot tell"}
    rows.caption = f"gain {result.gain:+.4f}, {noise[result.within_noise]}"
    return rows


def _show_advice(found: Recommendation) -> None:
    out.print(found.message)
    for rank, advice in enumerate(found.advice, start=1):
        kinds = {s: c.kind for s, c in dict(advice.pipeline).items() if s != "training"}
        out.print(f"{rank}. " + ", ".join(f"{s} {k}" for s, k in kinds.items() if k != "none"))
        out.print(f"   {advice.reason}", highlight=False)


if __name__ == "__main__":
    app()
