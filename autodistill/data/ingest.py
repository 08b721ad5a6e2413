"""From a file of the user's to a dataset: checked, split, canonical, described."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from annotated_types import Ge, Len, Lt
from pydantic import BaseModel, ConfigDict

from autodistill.data.labels import encode, guess_task
from autodistill.data.meta_features import meta_features
from autodistill.data.read import read_table
from autodistill.data.table import SPLITS, read_split
from autodistill.errors import InvalidDataset, Problem
from autodistill.lazy import pandas
from autodistill.task import Task

MAX_PROBLEMS = 20
NAMES_OF_SPLITS = {
    "train": "train",
    "dev": "dev",
    "valid": "dev",
    "validation": "dev",
    "val": "dev",
    "test": "test",
}


class DatasetRequest(BaseModel):
    """How a file is to be read."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    name: Annotated[str, Len(1, 100)]
    """What the dataset is called."""
    task: Task | None = None
    """What is predicted; guessed from the columns when not given."""
    text_column: str = "text"
    """Column of the text."""
    pair_column: str | None = None
    """Column of the second text, for pairs."""
    label_column: str = "label"
    """Column of the class or the real value."""
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
    has_pair: bool
    num_examples: dict[str, int]
    meta_features: dict[str, float]


def ingest(source: Path, request: DatasetRequest, into: Path) -> Ingested:
    """Check a file and write its canonical Parquet table into a folder.

    Equal content gives equal bytes, so that the hash identifies the dataset.

    Raises:
        InvalidDataset: With a problem for each column or row that breaks a law.
    """
    frame = read_table(source)
    columns = _columns(frame, request)
    texts = {name: _texts(frame, column) for name, column in columns.items() if "text" in name}
    task = request.task or guess_task(frame[request.label_column], pair="text_pair" in texts)
    _fits(task, "text_pair" in texts)
    values, labels = encode(frame[request.label_column], task)
    split = _split(frame, request, next(iter(texts.values())))
    table = pandas.DataFrame({"split": split, **texts, "label": values})
    _complete(table, labels)
    order = pandas.Categorical(table["split"], categories=SPLITS).codes
    table = table.iloc[order.argsort(kind="stable")].reset_index(drop=True)
    path = into / "dataset.parquet"
    table.to_parquet(path, index=False, compression="zstd")
    return Ingested(
        path=path,
        sha256=_sha256(path),
        task=task,
        labels=labels,
        has_pair="text_pair" in texts,
        num_examples={s: int((table["split"] == s).sum()) for s in SPLITS},
        meta_features=meta_features(read_split(path, "train"), read_split(path, "dev"), task),
    )


def _columns(frame: Any, request: DatasetRequest) -> dict[str, str]:
    """Return the file's columns by role, all of them present."""
    asked = {
        "text": request.text_column,
        "text_pair": request.pair_column,
        "label": request.label_column,
        "split": request.split_column,
    }
    given = {role: column for role, column in asked.items() if column is not None}
    known = tuple(str(c) for c in frame.columns)
    problems = [
        Problem(
            field=f"{role.removeprefix('text_')}_column",
            message=f'The file has no column "{column}".',
            known=known,
        )
        for role, column in given.items()
        if column not in frame.columns
    ]
    if len(set(given.values())) < len(given):
        problems.append(Problem(field="file", message="One column cannot play two roles."))
    if problems:
        raise InvalidDataset(problems)
    return given


def _texts(frame: Any, column: str) -> list[str]:
    """Return a column's texts, none of them empty."""
    found, problems = [], []
    for row, cell in enumerate(frame[column], start=1):
        if not isinstance(cell, str) or not cell.strip():
            shown = repr(cell)[:40]
            message = f"Row {row}: a text must not be empty, got {shown}; fill or drop the row."
            problems.append(Problem(field=column, message=message))
        else:
            # Lone surrogates are not valid text and cannot be stored.
            found.append(cell.encode("utf-8", "replace").decode("utf-8").replace("\0", " "))
    if problems:
        raise InvalidDataset(problems[:MAX_PROBLEMS])
    return found


def _fits(task: Task, pair: bool) -> None:  # noqa: FBT001  # one fact about the columns
    if task is Task.TEXT_PAIR_CLASSIFICATION and not pair:
        message = "A pair task needs a second text; name its `pair_column`."
        raise InvalidDataset(Problem(field="pair_column", message=message))
    if task is Task.TEXT_CLASSIFICATION and pair:
        message = f"With a pair_column the task is {Task.TEXT_PAIR_CLASSIFICATION}."
        raise InvalidDataset(Problem(field="task", message=message))


def _split(frame: Any, request: DatasetRequest, texts: list[str]) -> list[str]:
    if request.split_column is None:
        return list(_made_splits(texts, request))
    found, problems = [], []
    for row, cell in enumerate(frame[request.split_column], start=1):
        name = NAMES_OF_SPLITS.get(str(cell).strip().lower())
        if name is None:
            message = f'Row {row}: "{cell}" is no split.'
            problems.append(
                Problem(field=request.split_column, message=message, known=tuple(NAMES_OF_SPLITS))
            )
        else:
            found.append(name)
    if problems:
        raise InvalidDataset(problems[:MAX_PROBLEMS])
    return found


def _made_splits(texts: list[str], request: DatasetRequest) -> Iterator[str]:
    """Split by the hash of the normalised text, so that a duplicate cannot fall on both sides."""
    for text in texts:
        normal = " ".join(text.lower().split())
        share = int(hashlib.sha256(normal.encode()).hexdigest()[:8], 16) / 2**32
        if share < request.test_fraction:
            yield "test"
        elif share < request.test_fraction + request.dev_fraction:
            yield "dev"
        else:
            yield "train"


def _complete(table: Any, labels: tuple[str, ...]) -> None:
    """Check that every split has examples, and train has every class."""
    problems = [
        Problem(field="split", message=f"The {s} split is empty; give it at least one example.")
        for s in SPLITS
        if not (table["split"] == s).any()
    ]
    train = table[table["split"] == "train"]
    unseen = [label for i, label in enumerate(labels) if not (train["label"] == i).any()]
    if unseen and not problems:
        message = f"Class {', '.join(unseen[:5])} has no example in train; add one or drop it."
        problems.append(Problem(field="label", message=message))
    if not labels and not problems and math.isclose(train["label"].std(ddof=0), 0):
        message = "All training values are equal; there is nothing to learn."
        problems.append(Problem(field="label", message=message))
    if problems:
        raise InvalidDataset(problems)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
