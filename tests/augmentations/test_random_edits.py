from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from autodistill.augmentations.none import NoAugmentation
from autodistill.augmentations.random_edits import RandomEdits

TEXT = " ".join(f"w{i}" for i in range(40))


@pytest.mark.parametrize("edit_fraction", [0.1, 0.3, 0.5])
def test_words_are_moved_or_lost_but_never_made(edit_fraction: float) -> None:
    for seed in range(20):
        (copy,) = RandomEdits(edit_fraction=edit_fraction).rewrite(
            TEXT, np.random.default_rng(seed)
        )
        assert not Counter(copy.split()) - Counter(TEXT.split())
        assert 40 - len(copy.split()) <= 40 * edit_fraction
        assert copy != TEXT


def test_half_of_the_edits_are_deletions() -> None:
    rng = np.random.default_rng(0)
    augmentation = RandomEdits(edit_fraction=0.25)
    lost = [40 - len(augmentation.rewrite(TEXT, rng)[0].split()) for _ in range(400)]
    assert np.mean(lost) / 10 == pytest.approx(0.5, abs=0.03)


def test_at_least_one_word_is_edited() -> None:
    made = {RandomEdits().rewrite("left right", np.random.default_rng(s))[0] for s in range(20)}
    assert made == {"right left", "left", "right"}


def test_copies_differ() -> None:
    copies = RandomEdits(edit_fraction=0.5, copies=3).rewrite(TEXT, np.random.default_rng(0))
    assert len(set(copies)) == 3


def test_without_an_augmentation_there_are_no_copies() -> None:
    assert NoAugmentation().rewrite(TEXT, np.random.default_rng(0)) == ()
