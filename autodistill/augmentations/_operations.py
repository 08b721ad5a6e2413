"""Operations on texts, by name. Each has a random generator of its own for each text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from autodistill.augmentations._rewriting import Resources
from autodistill.augmentations._wordnet import synonyms
from autodistill.models.rewriting import filled, translated
from autodistill.task import TaskFacts

MAX_FILLED = 10
"""Words of a text that a masked language model replaces at most (nlpaug's default)."""

Operation = Callable[
    [Sequence[str], float, Sequence[np.random.Generator], Resources], Sequence[str]
]


def num_edits(fraction: float, num_words: int) -> int:
    """Return how many words of a text are edited: a share of them, at least one."""
    return max(1, round(fraction * num_words))


def randomly_edited(
    texts: Sequence[str],
    fraction: float,
    random: Sequence[np.random.Generator],
    resources: Resources,
) -> Sequence[str]:
    """Return texts with words swapped with their right neighbour or deleted, alike often."""

    def edited(text: str, rng: np.random.Generator) -> str:
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

    return [edited(text, rng) for text, rng in zip(texts, random, strict=True)]


def with_synonyms(
    texts: Sequence[str],
    fraction: float,
    random: Sequence[np.random.Generator],
    resources: Resources,
) -> Sequence[str]:
    """Return texts with words replaced by synonyms; capitals and punctuation around them stay."""

    def edited(text: str, rng: np.random.Generator) -> str:
        words = text.split()
        parts = [re.fullmatch(r"(\W*)(.*?)(\W*)", word) for word in words]
        others = [synonyms(found[2].lower()) if found else () for found in parts]
        known = [i for i, found in enumerate(others) if found]
        for i in rng.permutation(known)[: num_edits(fraction, len(words))]:
            found, new = parts[i], others[i][int(rng.integers(len(others[i])))]
            assert found is not None
            capital = found[2][:1].isupper()
            words[i] = f"{found[1]}{new[:1].upper() + new[1:] if capital else new}{found[3]}"
        return " ".join(words)

    return [edited(text, rng) for text, rng in zip(texts, random, strict=True)]


def contextually_edited(
    texts: Sequence[str],
    fraction: float,
    random: Sequence[np.random.Generator],
    resources: Resources,
) -> Sequence[str]:
    """Return texts with words that a masked language model says in place of others."""
    assert resources.masked_lm is not None
    split = [text.split() for text in texts]
    chosen = [
        np.sort(rng.permutation(len(words))[: min(MAX_FILLED, num_edits(fraction, len(words)))])
        for words, rng in zip(split, random, strict=True)
    ]
    return [" ".join(words) for words in filled(resources.masked_lm, split, chosen, random)]


def back_translated(
    texts: Sequence[str],
    fraction: float,
    random: Sequence[np.random.Generator],
    resources: Resources,
) -> Sequence[str]:
    """Return texts that went to another language and back; what came back empty stays."""
    assert resources.translators is not None
    there, back = resources.translators
    abroad = translated(there, [resources.prefix + text for text in texts])
    home = translated(back, abroad)
    return [
        new if new.split() and old.split() else old for old, new in zip(texts, home, strict=True)
    ]


OPERATIONS: dict[str, Operation] = {
    "back_translation": back_translated,
    "contextual": contextually_edited,
    "random": randomly_edited,
    "synonym": with_synonyms,
}
ORDERS = (
    "synonym",
    "synonym+random",
    "contextual",
    "contextual+random",
    "contextual+synonym",
    "back_translation",
    "back_translation+random",
    "back_translation+contextual",
    "back_translation+contextual+random",
)
"""Those that a search chooses from."""


def an_order(order: str) -> str:
    """Return an order of operations.

    Raises:
        ValueError: When it is none.
    """
    names = order.split("+")
    if not set(names) <= set(OPERATIONS) or len(set(names)) < len(names):
        law = f"An order names some of {', '.join(sorted(OPERATIONS))}, each once, joined by +"
        raise ValueError(f"{law}; got {order}.")
    return order


def lacking(order: str, facts: TaskFacts) -> Iterator[str]:
    """Say which operations of an order need a model that the job does not name."""
    for operation in order.split("+"):
        if operation == "contextual" and not facts.masked_lm:
            law = "contextual needs a masked language model; the job names none"
            yield f"{law}, set augmenters.masked_lm to a registered one."
        if operation == "back_translation" and not facts.translation:
            law = "back_translation needs a model there and one back; the job names none"
            yield f"{law}, set augmenters.translation to two registered ones."
