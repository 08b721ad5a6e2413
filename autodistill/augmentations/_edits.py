"""Random edits of one text's words."""

from __future__ import annotations

import numpy as np


def num_edits(fraction: float, num_words: int) -> int:
    """Return how many words of a text are edited: a share of them, at least one."""
    return max(1, round(fraction * num_words))


def randomly_edited(text: str, fraction: float, rng: np.random.Generator) -> str:
    """Return a text with words swapped with their right neighbour or deleted, alike often."""
    words = text.split()
    for _ in range(num_edits(fraction, len(words))):
        if len(words) < 2:
            break
        if rng.random() < 0.5:
            at = int(rng.integers(len(words) - 1))
            words[at], words[at + 1] = words[at + 1], words[at]
        else:
            del words[int(rng.integers(len(words)))]
    return " ".join(words)
