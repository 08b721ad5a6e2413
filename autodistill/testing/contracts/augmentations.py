"""What an augmentation promises. Letters: B examples of a batch."""

from __future__ import annotations

import numpy as np
import pytest
from typing_extensions import override

from autodistill.augmentations import Augmentation
from autodistill.testing.contracts.components import ComponentContract, settings

TEXTS = ("", " ", "word", "two words", "a cat sat on the old mat, naïvely.", "x " * 300)


class AugmentationContract(ComponentContract):
    """Holds of every augmentation; inherit and override `variant`."""

    @pytest.fixture
    @override
    def variant(self) -> type[Augmentation]:
        """The class under test."""
        raise NotImplementedError("Override the fixture `variant` to return an augmentation.")

    @pytest.mark.parametrize("text", TEXTS, ids=lambda t: repr(t[:12]))
    def test_a_text_with_words_stays_one(self, variant: type[Augmentation], text: str) -> None:
        for augmentation in settings(variant):
            copies = augmentation.rewrite(text, np.random.default_rng(0))
            assert isinstance(copies, tuple)
            for copy in copies:
                assert bool(copy.split()) == bool(text.split()), augmentation

    def test_every_text_gets_the_same_number_of_copies(self, variant: type[Augmentation]) -> None:
        for augmentation in settings(variant):
            rng = np.random.default_rng(0)
            assert len({len(augmentation.rewrite(text, rng)) for text in TEXTS}) == 1, augmentation

    def test_the_seed_decides(self, variant: type[Augmentation]) -> None:
        for augmentation in settings(variant):
            first, again = np.random.default_rng(5), np.random.default_rng(5)
            assert augmentation.rewrite(TEXTS[4], first) == augmentation.rewrite(TEXTS[4], again)
            one, other = augmentation.mix(6, first), augmentation.mix(6, again)
            assert np.array_equal(one.partner_B, other.partner_B)
            assert np.array_equal(one.share_B, other.share_B)

    @pytest.mark.parametrize("size", [1, 2, 7])
    def test_a_mix_names_partners_and_shares(self, variant: type[Augmentation], size: int) -> None:
        for augmentation in settings(variant):
            mix = augmentation.mix(size, np.random.default_rng(0))
            assert mix.partner_B.shape == mix.share_B.shape == (size,)
            assert mix.partner_B.dtype == np.int64
            assert ((mix.partner_B >= 0) & (mix.partner_B < size)).all()
            assert ((mix.share_B >= 0) & (mix.share_B <= 1)).all()

    def test_inputs_are_mixed_only_where_it_claims_so(self, variant: type[Augmentation]) -> None:
        for augmentation in settings(variant):
            mix = augmentation.mix(64, np.random.default_rng(0))
            assert (mix.share_B < 1).any() == variant.mixes, augmentation
