"""Words and their tags, from the lists that a file holds."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from itertools import chain
from typing import Any

import numpy as np

from autodistill.data.labels import encode, read_labels
from autodistill.data.problems import of_rows, shown
from autodistill.data.read import Columns
from autodistill.data.table import Split, ends
from autodistill.errors import InvalidDataset, Problem
from autodistill.task import Task

MAX_CHARACTERS = 100_000
"""Of one text, or of one example's words; no encoder here reads nearly as much."""
UNSEEN = ("C", "M", "Z")
"""Categories of characters that tokenizers may drop: controls, marks that combine, spaces."""


def read_tagged(columns: Columns) -> tuple[Split, tuple[str, ...]]:
    """Return tagged words with the names of the tags, ascending.

    Raises:
        InvalidDataset: When an example is no list of words with as many tags, or a word has no
            sign that a tokenizer keeps; when tags are of two types, or all the same.
    """
    words_N, tags_N = columns["text"], columns["label"]
    problems = of_rows("text_column", _faults(words_N, _of_words))
    problems += of_rows("label_column", _faults(tags_N, _of_tags))
    pairs = enumerate(zip(words_N, tags_N, strict=True), start=1)
    problems += problems or of_rows("label_column", _mismatches(pairs))
    if problems:
        raise InvalidDataset(problems)
    tags = list(chain.from_iterable(tags_N))
    if len({type(tag) for tag in tags}) > 1:
        message = "All tags must be text, or all whole numbers, but there are both; make them one."
        raise InvalidDataset(Problem(field="label_column", message=message))
    values, names = encode(read_labels(tags), Task.TOKEN_CLASSIFICATION)
    offsets = ends(np.array([len(words) for words in words_N]))
    return Split(list(chain.from_iterable(words_N)), None, values, offsets), names


def _faults(cells: list[Any], fault: Any) -> Iterator[tuple[int, str]]:
    for row, cell in enumerate(cells, start=1):
        if message := fault(cell):
            yield row, message


def _of_words(cell: Any) -> str:
    if not isinstance(cell, list):
        return f"a list of words is needed, got {shown(cell)}; JSONL and Parquet can hold one."
    if not cell:
        return "the list of words is empty; fill it or drop the row."
    for number, word in enumerate(cell, start=1):
        if not isinstance(word, str):
            return f"word {number} must be text, got {shown(word)}."
        if all(unicodedata.category(sign)[0] in UNSEEN for sign in word):
            return f"word {number} has no visible sign ({shown(word)}); drop it and its tag."
    if (length := sum(map(len, cell))) > MAX_CHARACTERS:
        return f"the words have {length} characters; cut them to {MAX_CHARACTERS}."
    return ""


def _of_tags(cell: Any) -> str:
    if not isinstance(cell, list):
        return f"a list of tags is needed, got {shown(cell)}; give each word a tag."
    for number, tag in enumerate(cell, start=1):
        if type(tag) not in (str, int) or not str(tag).strip():
            return f"tag {number} must be text or a whole number, got {shown(tag)}."
    return ""


def _mismatches(pairs: Any) -> Iterator[tuple[int, str]]:
    for row, (words, tags) in pairs:
        if len(words) != len(tags):
            yield row, f"there are {len(words)} words, but {len(tags)} tags; give each word one."
