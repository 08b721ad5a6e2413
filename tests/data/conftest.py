from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from autodistill.data.ingest import DatasetRequest, Ingested, ingest
from autodistill.errors import InvalidDataset, Problem

SPLITS = ("train", "train", "train", "train", "dev", "dev", "test", "test")
Row = dict[str, Any]
Content = bytes | Sequence[Row]
"""A file as it is, or the examples of a JSONL file."""


@pytest.fixture
def rows() -> Callable[..., list[Row]]:
    """Return an example for each label: four of train, two of dev, two of test."""

    def rows(labels: Sequence[Any], splits: Sequence[Any] = SPLITS) -> list[Row]:
        return [
            {"text": f"some words {i}", "label": label, "split": split}
            for i, (label, split) in enumerate(zip(labels, splits, strict=True))
        ]

    return rows


@pytest.fixture
def take(tmp_path: Path) -> Callable[..., Ingested]:
    """Ingest a file."""

    def take(content: Content, suffix: str = ".jsonl", **changes: Any) -> Ingested:
        source = tmp_path / f"file{suffix}"
        if not isinstance(content, bytes):
            content = "".join(json.dumps(row) + "\n" for row in content).encode()
        source.write_bytes(content)
        asked = DatasetRequest(**{"name": "some", "split_column": "split", **changes})
        return ingest(source, asked, tmp_path / "out")

    return take


@pytest.fixture
def refusal(take: Callable[..., Ingested]) -> Callable[..., Sequence[Problem]]:
    """Return what is wrong with a file."""

    def refusal(content: Content, suffix: str = ".jsonl", **changes: Any) -> Sequence[Problem]:
        with pytest.raises(InvalidDataset) as refused:
            take(content, suffix, **changes)
        return refused.value.problems

    return refusal
