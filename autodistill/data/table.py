"""The canonical table of a dataset: columns split, text, text_pair (of pairs), label.

Rows are grouped train, dev, test; an example's position in its split is its stable id.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autodistill.lazy import pandas

SPLITS = ("train", "dev", "test")


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


def read_split(path: Path, split: str) -> Split:
    """Return one split of a canonical Parquet file."""
    frame = pandas.read_parquet(path, filters=[("split", "==", split)])
    pairs = frame["text_pair"].tolist() if "text_pair" in frame else None
    return Split(frame["text"].tolist(), pairs, frame["label"].to_numpy().copy())
