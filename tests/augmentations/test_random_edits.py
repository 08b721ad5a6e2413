from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from autodistill.augmentations import Resources
from autodistill.augmentations.random_edits import RandomEdits

TEXT = " ".join(f"w{i}" for i in range(40))


def rewritten(augmentation: RandomEdits, seed: int, text: str = TEXT) -> str:
    (copy,) = augmentation.rewrite([text], [np.random.default_rng(seed)], Resources())
    return copy


@pytest.mark.parametrize("edit_fraction", [0.1, 0.3, 0.5])
def test_words_are_moved_or_lost_but_never_made(edit_fraction: float) -> None:
    for seed in range(20):
        copy = rewritten(RandomEdits(edit_fraction=edit_fraction), seed)
        assert not Counter(copy.split()) - Counter(TEXT.split())
        assert 40 - len(copy.split()) <= 40 * edit_fraction
        assert copy != TEXT


def test_half_of_the_edits_are_deletions() -> None:
    augmentation = RandomEdits(edit_fraction=0.25)
    lost = [40 - len(rewritten(augmentation, seed).split()) for seed in range(400)]
    assert np.mean(lost) / 10 == pytest.approx(0.5, abs=0.03)


def test_at_least_one_word_is_edited() -> None:
    made = {rewritten(RandomEdits(), seed, "left right") for seed in range(20)}
    assert made == {"right left", "left", "right"}
