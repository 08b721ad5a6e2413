from __future__ import annotations

import numpy as np
import pytest

from autodistill.metrics.entities import Tagging, entity_f1

NAMES = ("O", "B-per", "I-per", "B-loc", "I-loc")


def chunks(tags: list[str]) -> set[tuple[int, int, str]]:
    """Return the entities of one sentence, by the rules of conlleval, tag after tag."""
    found, start, kind = set(), None, None
    for i, tag in enumerate([*tags, "O"]):
        prefix, _, of = tag.partition("-")
        if start is not None and (prefix in ("O", "B") or of != kind):
            found.add((start, i, str(kind)))
            start = None
        if prefix == "B" or (prefix == "I" and start is None):
            start, kind = i, of
    return found


def f1(guesses: list[list[str]], labels: list[list[str]]) -> float:
    right = guessed = true = 0
    for mine, theirs in zip(guesses, labels, strict=True):
        one, other = chunks(mine), chunks(theirs)
        right, guessed, true = right + len(one & other), guessed + len(one), true + len(other)
    return 2 * right / (guessed + true) if guessed + true else 0.0


def measured(
    guesses: list[list[str]], labels: list[list[str]], names: tuple[str, ...] = NAMES
) -> float:
    packed = [np.array([names.index(t) for s in side for t in s]) for side in (guesses, labels)]
    offsets = np.cumsum([0, *map(len, labels)])
    return entity_f1(packed[0], packed[1].astype(float), Tagging(names, offsets))


def test_it_is_conlleval_tag_by_tag_on_random_sentences() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        lengths = rng.integers(1, 8, 4)
        labels = [[str(t) for t in rng.choice(NAMES, n)] for n in lengths]
        guesses = [[t if rng.random() < 0.7 else str(rng.choice(NAMES)) for t in s] for s in labels]
        assert measured(guesses, labels) == pytest.approx(f1(guesses, labels))


@pytest.mark.parametrize(
    ("guess", "label", "expected"),
    [
        (["B-per", "I-per", "O"], ["B-per", "I-per", "O"], 1.0),
        (["B-per", "O", "O"], ["B-per", "I-per", "O"], 0.0),  # half an entity is none
        (["I-per", "I-per", "O"], ["B-per", "I-per", "O"], 1.0),  # an I may begin
        (["B-per", "B-per", "O"], ["B-per", "I-per", "O"], 0.0),
        (["B-per", "I-loc", "O"], ["B-per", "O", "O"], 2 / 3),  # another type begins anew
        (["O", "O", "O"], ["O", "O", "O"], 0.0),
        (["B-loc", "O", "B-per"], ["B-per", "O", "B-per"], 0.5),
    ],
)
def test_right_is_only_the_whole_entity(
    guess: list[str], label: list[str], expected: float
) -> None:
    assert measured([guess], [label]) == pytest.approx(expected)


def test_an_entity_ends_with_its_sentence() -> None:
    assert measured([["B-per"], ["I-per"]], [["B-per"], ["B-per"]]) == 1.0


def test_without_prefixes_each_word_that_is_not_outside_is_an_entity() -> None:
    names = ("NOUN", "O", "VERB")
    guess, label = [["NOUN", "NOUN", "VERB", "O"]], [["NOUN", "VERB", "VERB", "NOUN"]]
    assert measured(guess, label, names) == pytest.approx(2 * 2 / (3 + 4))
    tags = ("ADJ", "NOUN", "VERB")
    guess, label = [["ADJ", "NOUN", "VERB"]], [["ADJ", "VERB", "VERB"]]
    assert measured(guess, label, tags) == pytest.approx(2 / 3)


def test_a_type_that_is_called_o_is_an_entity() -> None:
    names = ("O", "B-O", "I-O")
    assert measured([["O", "I-O"]], [["O", "B-O"]], names) == 1.0
