"""Splits: as a column gives them, or made here; and whether they can be learnt from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autodistill.data.problems import of_rows, shown
from autodistill.data.table import SPLITS
from autodistill.errors import InvalidDataset, Problem

NAMES = {
    "train": "train",
    "dev": "dev",
    "valid": "dev",
    "validation": "dev",
    "val": "dev",
    "test": "test",
}
"""What a split column may say."""
MAX_NAMED = 5
"""Classes that a message names."""


def given_splits(cells: Sequence[Any]) -> tuple[list[str], list[Problem]]:
    """Return the splits that a column gives, and what is wrong with it."""
    found, faults = [], []
    for row, cell in enumerate(cells, start=1):
        split = NAMES.get(cell.strip().lower()) if isinstance(cell, str) else None
        if split is None:
            faults.append((row, f"{shown(cell)} is no split."))
        else:
            found.append(split)
    known = tuple(NAMES)
    problems = of_rows("split_column", faults)
    return found, [problem.model_copy(update={"known": known}) for problem in problems]


def made_splits(texts: Sequence[str], dev: float, test: float) -> Iterator[str]:
    """Yield splits by the hash of the normalised text, so that no duplicate is on two sides.

    Args:
        texts: One for each example.
        dev: Share of dev.
        test: Share of test.
    """
    for text in texts:
        normal = " ".join(text.lower().split())
        share = int(hashlib.sha256(normal.encode()).hexdigest()[:8], 16) / 2**32
        yield "test" if share < test else "dev" if share < test + dev else "train"


def check_splits(
    splits: NDArray[np.str_], labels: NDArray[Any], names: tuple[str, ...], *, made: bool
) -> None:
    """Check that train knows every class, and that each split can tell a good model from a bad one.

    Args:
        splits: Split of each example.
        labels: Class number or value of each example.
        names: Class names, () for values.
        made: Whether the splits were made here.

    Raises:
        InvalidDataset: With a problem for each split that is empty or of one label only, and for
            classes that train lacks.
    """
    way_out = "give more examples, or say the splits in a split_column" if made else "add some"
    field = "file" if made else "split_column"
    inside = {split: labels[splits == split] for split in SPLITS}
    empty = [split for split in SPLITS if not len(inside[split])]
    if empty:
        message = f"No example is in {' or '.join(empty)}; {way_out}."
        raise InvalidDataset(Problem(field=field, message=message))
    problems = []
    for split in SPLITS:
        if len(found := np.unique(inside[split])) < 2:
            only = names[int(found[0])] if names else found[0]
            message = f'All labels in {split} are "{only}", where two are needed; {way_out}.'
            problems.append(Problem(field=field, message=message))
    known = set(inside["train"].tolist())
    if unseen := [name for i, name in enumerate(names) if i not in known]:
        listed = ", ".join(f'"{name}"' for name in unseen[:MAX_NAMED])
        more = f" and {len(unseen) - MAX_NAMED} more" if len(unseen) > MAX_NAMED else ""
        message = f"Train has no example of {listed}{more}; add some, or drop or merge the class."
        problems.append(Problem(field="label_column", message=message))
    if problems:
        raise InvalidDataset(problems)
