"""From a file of the user's to a dataset: checked, split, canonical, described."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from annotated_types import Ge, Len, Lt
from pydantic import BaseModel, ConfigDict

from autodistill.data.images import read_images
from autodistill.data.labels import encode, guess_task, read_labels
from autodistill.data.meta_features import meta_features
from autodistill.data.problems import of_rows, shown
from autodistill.data.read import Columns, read_table
from autodistill.data.splits import check_splits, given_splits, made_splits
from autodistill.data.table import SPLITS, Split, read_split, write_table
from autodistill.data.tags import MAX_CHARACTERS, read_tagged
from autodistill.errors import InvalidDataset, Problem
from autodistill.task import Name, Task


class DatasetRequest(BaseModel):
    """How a file is to be read."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    name: Name
    """What the dataset is called."""
    task: Task | None = None
    """What is predicted; guessed from the columns when not given."""
    text_column: str = "text"
    """Column of the text, or of the list of words where each word has a tag."""
    pair_column: str | None = None
    """Column of the second text, for pairs."""
    image_column: str | None = None
    """Column of images, in Parquet: bytes of PNG or JPEG, or structs with such `bytes`. No text is
    read then."""
    label_column: str = "label"
    """Column of the class or the real value, or of the list of tags, one for each word."""
    split_column: str | None = None
    """Column that says train, dev (or valid, validation) or test; without it splits are made."""
    dev_fraction: Annotated[float, Ge(0.01), Lt(0.5)] = 0.1
    """Share of made dev examples."""
    test_fraction: Annotated[float, Ge(0.01), Lt(0.5)] = 0.1
    """Share of made test examples."""
    licence: Annotated[str, Len(0, 500)] = ""
    """Under which terms the data may be used."""


@dataclass(frozen=True)
class Ingested:
    """A canonical table and what it holds."""

    path: Path
    sha256: str
    task: Task
    labels: tuple[str, ...]
    """Class names, ascending; empty for regression."""
    has_pair: bool
    num_examples: dict[Literal["train", "dev", "test"], int]
    meta_features: dict[str, float]


def ingest(source: Path, request: DatasetRequest, into: Path) -> Ingested:
    """Check a file and write its canonical Parquet table into a folder.

    Equal content gives equal bytes, so that the hash identifies the dataset. A row of a message is
    an example, from 1; the header of a CSV file is none.

    Raises:
        InvalidDataset: With a problem for each column or row that breaks a law.
    """
    columns = read_table(source, _wanted(request))
    splits, problems = _splits(columns, request)
    try:
        task, examples, names = _examples(columns, request)
    except InvalidDataset as error:
        raise InvalidDataset([*error.problems, *problems]) from None
    if problems:
        raise InvalidDataset(problems)
    split_V = np.repeat(splits, 1 if examples.offsets is None else np.diff(examples.offsets))
    check_splits(split_V, examples.labels, names, made=request.split_column is None)
    into.mkdir(parents=True, exist_ok=True)
    path = into / "dataset.parquet"
    write_table(path, splits, examples, labels=names)
    train, dev = read_split(path, "train"), read_split(path, "dev")
    return Ingested(
        path=path,
        sha256=_sha256(path),
        task=task,
        labels=names,
        has_pair="pair" in columns,
        num_examples={split: splits.count(split) for split in SPLITS},
        meta_features=meta_features(train, dev, task),
    )


def _wanted(request: DatasetRequest) -> dict[str, str]:
    """Return the file's columns by role, no two of them the same."""
    asked = {
        "image": request.image_column,
        "text": request.text_column if request.image_column is None else None,
        "pair": request.pair_column,
        "label": request.label_column,
        "split": request.split_column,
    }
    given = {role: column for role, column in asked.items() if column is not None}
    first: dict[str, str] = {}
    problems = []
    for role, column in given.items():
        if first.setdefault(column, role) != role:
            message = f'Column "{column}" is the {first[column]}_column already; name another one.'
            problems.append(Problem(field=f"{role}_column", message=message))
    if problems:
        raise InvalidDataset(problems)
    return given


def _examples(columns: Columns, request: DatasetRequest) -> tuple[Task, Split, tuple[str, ...]]:
    """Return what is predicted, the examples with encoded labels, and the names of the classes."""
    task, pair = request.task, "pair" in columns
    _check_images(task, images="image" in columns, pair=pair)
    if "image" in columns:
        task = Task.IMAGE_CLASSIFICATION
        values, names = encode(read_labels(columns["label"]), task)
        return task, Split([], None, values, None, read_images(columns["image"])), names
    lists = sum(isinstance(cell, list) for cell in columns["text"])
    if task is None and lists > len(columns["text"]) / 2:
        task = Task.TOKEN_CLASSIFICATION
    if task is Task.TOKEN_CLASSIFICATION:
        _check_pair(task, pair=pair)
        return task, *read_tagged(columns)
    problems = _text_problems(columns)
    try:
        labels = read_labels(columns["label"])
        task = task or guess_task(labels, pair=pair)
        _check_pair(task, pair=pair)
        values, names = encode(labels, task)
    except InvalidDataset as error:
        raise InvalidDataset([*problems, *error.problems]) from None
    if problems:
        raise InvalidDataset(problems)
    return task, Split(columns["text"], columns.get("pair"), values), names


def _text_problems(columns: Columns) -> list[Problem]:
    """Say where a text is none, empty or too long."""
    problems = []
    for role in ("text", "pair"):
        faults = ((row, _fault(cell)) for row, cell in enumerate(columns.get(role, ()), start=1))
        problems += of_rows(f"{role}_column", (fault for fault in faults if fault[1]))
    return problems


def _fault(cell: Any) -> str:
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        return "the text is empty; fill it or drop the row."
    if not isinstance(cell, str):
        return f"a text is needed, got {shown(cell)}; write it as text or drop the row."
    if len(cell) > MAX_CHARACTERS:
        return f"the text has {len(cell)} characters; cut it to {MAX_CHARACTERS}."
    return ""


def _splits(columns: Columns, request: DatasetRequest) -> tuple[Sequence[str], list[Problem]]:
    if "split" in columns:
        return given_splits(columns["split"])
    keys = [_key(cell) for cell in columns["image" if "image" in columns else "text"]]
    return list(made_splits(keys, request.dev_fraction, request.test_fraction)), []


def _key(cell: Any) -> str:
    """Return what keeps equal examples on one side."""
    if isinstance(cell, dict):
        cell = cell.get("bytes")
    if isinstance(cell, bytes):
        return hashlib.sha256(cell).hexdigest()
    return " ".join(map(str, cell)) if isinstance(cell, list) else str(cell)


def _check_images(task: Task | None, *, images: bool, pair: bool) -> None:
    if images and pair:
        message = "Images have no second text; leave pair_column out."
        raise InvalidDataset(Problem(field="pair_column", message=message))
    if images and task not in (None, Task.IMAGE_CLASSIFICATION):
        message = f"With an image_column it is {Task.IMAGE_CLASSIFICATION}, not {task}."
        raise InvalidDataset(Problem(field="task", message=message))
    if not images and task is Task.IMAGE_CLASSIFICATION:
        message = f"{task} needs images; name their column."
        raise InvalidDataset(Problem(field="image_column", message=message))


def _check_pair(task: Task, *, pair: bool) -> None:
    if task is Task.TEXT_PAIR_CLASSIFICATION and not pair:
        message = f"{task} needs a second text; name its column."
        raise InvalidDataset(Problem(field="pair_column", message=message))
    if task is Task.TOKEN_CLASSIFICATION and pair:
        message = f"{task} reads one list of words; leave pair_column out."
        raise InvalidDataset(Problem(field="pair_column", message=message))
    if task is Task.TEXT_CLASSIFICATION and pair:
        message = f"With a pair_column it is {Task.TEXT_PAIR_CLASSIFICATION}, not {task}."
        raise InvalidDataset(Problem(field="task", message=message))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
