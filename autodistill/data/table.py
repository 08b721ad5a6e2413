"""The canonical table of a dataset.

Columns: split, then text, text_pair (of pairs) and label; or words and tags; or image and label.
Rows are grouped train, dev, test; an example's position in its split is its stable id.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
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
    """One of each example; where words are tagged, the words of all examples end to end; of images
    none."""
    pairs: list[str] | None
    """The second texts, where the task has them."""
    labels: NDArray[Any]
    """Class numbers (int64) or values (float64), one for each of the texts or images."""
    offsets: NDArray[np.int64] | None = None
    """The words of example n are `offsets[n]:offsets[n + 1]`; None where words are not tagged."""
    images: list[bytes] | None = None
    """One of each example, encoded as it came; None where texts are read."""

    def __len__(self) -> int:
        return len(self.labels) if self.offsets is None else len(self.offsets) - 1

    @property
    def words(self) -> list[list[str]]:
        """The words of each example, where they are tagged."""
        assert self.offsets is not None
        bounds = self.offsets.tolist()
        return [self.texts[a:b] for a, b in pairwise(bounds)]

    def some(self, positions: NDArray[np.int64]) -> Split:
        """Return the examples at these positions."""
        if self.images is not None:
            return Split(
                [], None, self.labels[positions], None, [self.images[i] for i in positions]
            )
        rows, offsets = positions, None
        if self.offsets is not None:
            offsets = ends(np.diff(self.offsets)[positions])
            rows = np.arange(offsets[-1]) + np.repeat(
                self.offsets[positions] - offsets[:-1], np.diff(offsets)
            )
        pairs = None if self.pairs is None else [self.pairs[i] for i in rows]
        return Split([self.texts[i] for i in rows], pairs, self.labels[rows], offsets)


def ends(lengths_N: NDArray[Any]) -> NDArray[np.int64]:
    """Return where each of N packed pieces starts, and where the last one ends, shape (N + 1,)."""
    return np.concatenate([[0], np.cumsum(lengths_N)]).astype(np.int64)


def write_table(
    path: Path, splits: Sequence[str], examples: Split, *, labels: Sequence[str] = ()
) -> None:
    """Write a canonical Parquet file; equal examples in equal order give equal bytes.

    The names of the classes are kept in it, so that they are part of what identifies a dataset.
    """
    place: dict[str, int] = {split: i for i, split in enumerate(SPLITS)}
    order = np.argsort([place[split] for split in splits], kind="stable")
    ordered = examples.some(order)
    texts, values = pyarrow.array(ordered.texts, pyarrow.string()), pyarrow.array(ordered.labels)
    columns: dict[str, Any] = {"split": pyarrow.array([splits[i] for i in order], pyarrow.string())}
    if ordered.images is not None:
        columns |= {"image": pyarrow.array(ordered.images, pyarrow.binary()), "label": values}
    elif ordered.offsets is not None:
        packed = pyarrow.ListArray.from_arrays
        offsets = pyarrow.array(ordered.offsets, pyarrow.int32())
        columns |= {"words": packed(offsets, texts), "tags": packed(offsets, values)}
    else:
        columns["text"] = texts
        if ordered.pairs is not None:
            columns["text_pair"] = pyarrow.array(ordered.pairs, pyarrow.string())
        columns["label"] = values
    table = pyarrow.table(columns).replace_schema_metadata({"labels": json.dumps(labels)})
    parquet.write_table(table, path, compression="zstd")


def read_split(path: Path, split: str) -> Split:
    """Return one split of a canonical Parquet file."""
    table = parquet.read_table(path, filters=[("split", "==", split)])
    if "words" in table.column_names:
        words, tags = table["words"].combine_chunks(), table["tags"].combine_chunks()
        offsets = ends(words.value_lengths().to_numpy(zero_copy_only=False))
        labels = tags.flatten().to_numpy(zero_copy_only=False).copy()
        return Split(words.flatten().to_pylist(), None, labels, offsets)
    if "image" in table.column_names:
        return Split([], None, table["label"].to_numpy().copy(), None, table["image"].to_pylist())
    pairs = table["text_pair"].to_pylist() if "text_pair" in table.column_names else None
    return Split(table["text"].to_pylist(), pairs, table["label"].to_numpy().copy())
