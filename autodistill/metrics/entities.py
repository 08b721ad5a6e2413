"""Metrics of tagged words, as CoNLL counts them. Letters: V words, end to end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

OUTSIDE = "O"


@dataclass(frozen=True)
class Tagging:
    """How V words were tagged."""

    names: Sequence[str]
    """Of the tags, by class number."""
    row_offsets: NDArray[np.int64]
    """Sentence i has the words `row_offsets[i]:row_offsets[i + 1]`."""


def entity_f1(guesses_V: NDArray[Any], labels_V: NDArray[Any], tagging: Tagging) -> float:
    """Return the F1 over whole entities: right are those with the true bounds and the true type.

    Where every tag but O begins with "B-" or "I-", entities are the chunks of conlleval (Tjong Kim
    Sang & Buchholz, 2000): one starts at B, and at an I that does not go on with its type.
    Otherwise each word whose tag is not O is an entity. Without any entity the score is 0.

    Args:
        guesses_V: Predicted class numbers.
        labels_V: True class numbers.
        tagging: Names of the classes, and where sentences begin.
    """
    guessed, true = (_entities(x.astype(int), tagging) for x in (guesses_V, labels_V))
    total = len(guessed) + len(true)
    return 2 * len(guessed & true) / total if total else 0.0


def _entities(tags_V: NDArray[np.int64], tagging: Tagging) -> set[tuple[int, int, str]]:
    """Return (first word, word after the last, type) of each entity."""
    names = tagging.names
    chunked = all(name[:2] in ("B-", "I-") for name in names if name != OUTSIDE)
    types = [name[2:] if chunked else name for name in names]
    outside_V = np.array([name == OUTSIDE for name in names])[tags_V]
    type_V = np.array([types.index(kind) for kind in types])[tags_V]
    goes_on_V = np.array([chunked and name.startswith("I-") for name in names])[tags_V]
    goes_on_V[1:] &= ~outside_V[:-1] & (type_V[1:] == type_V[:-1])
    goes_on_V[tagging.row_offsets[:-1]] = False
    start_V = ~goes_on_V
    starts = np.flatnonzero(start_V & ~outside_V)
    stops = np.append(np.flatnonzero(start_V), len(tags_V))
    after = stops[np.searchsorted(stops, starts, side="right")]
    return {(a, b, types[tags_V[a]]) for a, b in zip(starts.tolist(), after.tolist(), strict=True)}
