"""History as a file: one row a trial, one row group a task, so that teams can share it.

Version 1 of the schema, Parquet. What belongs to the task (dataset, facts, teacher, conditions) is
JSON and repeated in each of its rows, where it takes next to no room; a trial's pipeline is JSON,
its scores are maps by metric and its curve a list by epoch. Texts, labels of examples, paths and
people are not in it.
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import FiniteFloat, TypeAdapter, ValidationError

from autodistill.errors import InvalidInput, Problem
from autodistill.history import PastTask, Standing
from autodistill.lazy import parquet, pyarrow
from autodistill.metrics import CATALOGUE, LARGEST
from autodistill.record import Dataset, Measurement, Origin, Trial, TrialState
from autodistill.spec import PipelineSpec, TrialSpec
from autodistill.task import TaskFacts

VERSION = 1
SHIPPED = Path(__file__).with_name("prior.parquet")
"""What comes with the package."""
MARK = b"autodistill.history"
"""Key of the version in the file's metadata."""
MOST_ROWS = 200_000
"""Trials that are read of a file."""
NUMBERS = TypeAdapter(dict[str, FiniteFloat])
OF_A_TASK = ("job", "student", "kin", "metric", "dataset", "facts", "teacher", "conditions")


@cache
def schema() -> Any:
    """Return the columns of version 1."""
    numbers = pyarrow.map_(pyarrow.string(), pyarrow.float64())
    moment = pyarrow.timestamp("us", tz="UTC")
    epoch = pyarrow.struct([("epoch", pyarrow.int32()), ("values", numbers)])
    columns = {
        **dict.fromkeys(OF_A_TASK, pyarrow.string()),
        "number": pyarrow.int32(),
        "origin": pyarrow.string(),
        "state": pyarrow.string(),
        "failure": pyarrow.string(),
        "pipeline": pyarrow.string(),
        "seed": pyarrow.int64(),
        "precision": pyarrow.string(),
        "dev": numbers,
        "test": numbers,
        "curve": pyarrow.list_(epoch),
        "seconds": pyarrow.float64(),
        "finish_order": pyarrow.int32(),
        "finished_at": moment,
    }
    fields = [pyarrow.field(name, kind) for name, kind in columns.items()]
    return pyarrow.schema(fields, metadata={MARK: str(VERSION)})


def write(tasks: Iterable[PastTask]) -> Iterator[bytes]:
    """Yield a file of these tasks piece by piece; equal tasks give equal bytes."""
    sink = io.BytesIO()
    with parquet.ParquetWriter(sink, schema(), compression="zstd", compression_level=9) as writer:
        for task in tasks:
            writer.write_table(pyarrow.Table.from_pylist(list(_rows(task)), schema=schema()))
            yield sink.getvalue()
            sink.seek(0)
            sink.truncate()
    yield sink.getvalue()


def _rows(task: PastTask) -> Iterator[dict[str, Any]]:
    shared = {
        "job": task.job,
        "student": task.student,
        "kin": task.kin,
        "metric": task.metric,
        "dataset": task.dataset.model_dump_json(),
        "facts": task.facts.model_dump_json(),
        "teacher": json.dumps(task.teacher, sort_keys=True),
        "conditions": json.dumps(task.conditions, sort_keys=True),
    }
    for trial in task.trials:
        failed = trial.state is TrialState.FAILED
        yield shared | {
            "number": trial.number,
            "origin": trial.origin,
            "state": trial.state,
            # What follows the class may hold paths.
            "failure": trial.reason.partition(":")[0] if failed else "",
            "pipeline": trial.spec.pipeline.model_dump_json(),
            "seed": trial.spec.seed,
            "precision": trial.spec.precision,
            "dev": trial.dev,
            "test": trial.test,
            "curve": [{"epoch": m.epoch, "values": m.values} for m in trial.curve],
            "seconds": trial.seconds,
            "finish_order": trial.finish_order,
            "finished_at": trial.finished_at,
        }


def read(
    source: Path | bytes, standing: Standing = Standing.IMPORTED, *, curves: bool = True
) -> list[PastTask]:
    """Return the tasks of a file or its content, with their trials in the order of their numbers.

    Trials of components that this version does not know are left out.

    Raises:
        InvalidInput: When it is no such file, is of a newer version or breaks a law.
    """
    try:
        with parquet.ParquetFile(
            io.BytesIO(source) if isinstance(source, bytes) else source
        ) as file:
            _check(file)
            wanted = [name for name in schema().names if curves or name != "curve"]
            rows = file.read(wanted).to_pylist(maps_as_pydicts="strict")
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError, KeyError) as error:
        raise _refused(f"This is no history that can be read: {error}") from error
    found: dict[tuple[str, ...], list[Trial]] = {}
    known: dict[str, PipelineSpec | None] = {}
    try:
        for row in rows:
            trials = found.setdefault(tuple(row[name] for name in OF_A_TASK), [])
            if (trial := _trial(row, known)) is not None:
                trials.append(trial)
        tasks = [
            _task(dict(zip(OF_A_TASK, key, strict=True)), trials, standing)
            for key, trials in found.items()
        ]
    except (ValidationError, ValueError, TypeError, OverflowError) as error:
        raise _refused(f"A row breaks a law: {str(error)[:500]}") from error
    return [task for task in tasks if task.trials]


def _check(file: Any) -> None:
    metadata = file.schema_arrow.metadata or {}
    if MARK not in metadata:
        raise _refused("It does not say that it is one; `autodistill history export` writes them.")
    said = metadata[MARK].decode()
    if said != str(VERSION):
        raise _refused(f"It has version {said[:20]} of the schema; this service reads {VERSION}.")
    if missing := [name for name in schema().names if name not in file.schema_arrow.names]:
        raise _refused(f"It lacks the columns {', '.join(missing)}.")
    if not file.schema_arrow.equals(schema()):
        raise _refused("Its columns have other types than those of the schema.")
    if file.metadata.num_rows > MOST_ROWS:
        raise _refused(f"It has {file.metadata.num_rows} trials; at most {MOST_ROWS} are read.")


def _refused(message: str) -> InvalidInput:
    return InvalidInput(Problem(field="file", message=message))


def _trial(row: Mapping[str, Any], known: dict[str, PipelineSpec | None]) -> Trial | None:
    said = row["pipeline"]
    if said not in known:
        try:
            known[said] = PipelineSpec.model_validate_json(said)
        except ValidationError:
            known[said] = None
    if (pipeline := known[said]) is None:
        return None
    for scores in (row["dev"], row["test"]):
        _check_scores(scores)
    ended = row["finished_at"] or datetime.fromtimestamp(0, UTC)
    curve = tuple(Measurement(epoch=e["epoch"], values=e["values"]) for e in row.get("curve", ()))
    return Trial(
        job_id=row["job"],
        number=row["number"],
        spec=TrialSpec(
            pipeline=pipeline,
            student=row["student"],
            seed=row["seed"],
            precision=row["precision"],
        ),
        origin=Origin(row["origin"]),
        state=TrialState(row["state"]),
        reason=row["failure"],
        finish_order=row["finish_order"],
        num_attempts=1,
        epochs_done=max((m.epoch for m in curve), default=0),
        dev=row["dev"],
        test=row["test"],
        curve=curve,
        seconds=row["seconds"],
        created_at=ended,
        finished_at=ended,
    )


def _check_scores(scores: Mapping[str, float]) -> None:
    """Refuse what cannot be; what is not finite is of a trial that diverged."""
    for name, value in scores.items():
        metric = CATALOGUE.get(name)
        if metric is not None and math.isfinite(value) and not metric.holds(value):
            message = f"{name} {metric.law} and at most {LARGEST:g}, got {value:g}."
            raise ValueError(message)


def _task(said: Mapping[str, str], trials: list[Trial], standing: Standing) -> PastTask:
    return PastTask(
        dataset=Dataset.model_validate_json(said["dataset"]),
        facts=TaskFacts.model_validate_json(said["facts"]),
        metric=said["metric"],
        trials=tuple(sorted(trials, key=lambda t: t.number)),
        job=said["job"],
        student=said["student"],
        standing=standing,
        kin=said["kin"],
        teacher=NUMBERS.validate_json(said["teacher"]),
        conditions=NUMBERS.validate_json(said["conditions"]),
    )
