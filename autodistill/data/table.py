"""The canonical table of a dataset: columns split, text, text_pair (of pairs), label.

Rows are grouped train, dev, test; an example's position in its split is its stable id.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from autodistill.lazy import parquet, pyarrow

SPLITS: tuple[Literal["train", "dev", "test"], ...] = ("train", "dev", "test")


@dataclass(frozen=True)
class Split:
    """The examples of one split, in their order."""

    texts: list[str]
    pairs: list[str] | None
    """The second texts, where the task has them."""
    labels: NDArray[Any]
    """Class numbers (int64) or values (float64)."""

    def __len__(self) -> int:
        return len(self.texts)

    def some(self, positions: NDArray[np.int64]) -> Split:
        """Return the examples at these positions."""
        pairs = None if self.pairs is None else [self.pairs[i] for i in positions]
        return Split([self.texts[i] for i in positions], pairs, self.labels[positions])


def write_table(
    path: Path, splits: Sequence[str], examples: Split, *, labels: Sequence[str] = ()
) -> None:
    """Write a canonical Parquet file; equal examples in equal order give equal bytes.

    The names of the classes are kept in it, so that they are part of what identifies a dataset.
    """
    place: dict[str, int] = {split: i for i, split in enumerate(SPLITS)}
    order = np.argsort([place[split] for split in splits], kind="stable")
    ordered = examples.some(order)
    columns: dict[str, Any] = {
        "split": pyarrow.array([splits[i] for i in order], pyarrow.string()),
        "text": pyarrow.array(ordered.texts, pyarrow.string()),
    }
    if ordered.pairs is not None:
        columns["text_pair"] = pyarrow.array(ordered.pairs, pyarrow.string())
    columns["label"] = pyarrow.array(ordered.labels)
    table = pyarrow.table(columns).replace_schema_metadata({"labels": json.dumps(labels)})
    parquet.write_table(table, path, compression="zstd")


def read_split(path: Path, split: str) -> Split:
    """Return one split of a canonical Parquet file."""
    table = parquet.read_table(path, filters=[("split", "==", split)])
    pairs = table["text_pair"].to_pylist() if "text_pair" in table.column_names else None
    return Split(table["text"].to_pylist(), pairs, table["label"].to_numpy().copy())
