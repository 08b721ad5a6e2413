"""Random word edits."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from annotated_types import Ge, Gt, Le
from typing_extensions import override

from autodistill.augmentations._base import Augmentation
from autodistill.component import Choice


class RandomEdits(Augmentation, title="Random word edits"):
    """Adds copies of each text with words swapped and deleted (EDA, Wei & Zou, 2019).

    Distiller's random operation swaps only; deletion is EDA's. Each edited word is swapped with its
    right neighbour or deleted with equal chance; a text never loses its last word. The copies keep
    their label, and the teacher's outputs on them are its own.
    """

    cost: ClassVar[str] = "an epoch is longer by the copies; the teacher labels them once for a job"
    kind: Literal["random_edits"] = "random_edits"
    edit_fraction: Annotated[float, Gt(0), Le(1), Choice((0.1, 0.3, 0.5))] = 0.1
    """Share of a text's words that are edited, at least one."""
    copies: Annotated[int, Ge(1), Le(16), Choice((1, 2))] = 1
    """Edited copies of each kept text."""

    @override
    def rewrite(self, text: str, rng: np.random.Generator) -> tuple[str, ...]:
        return tuple(self._edited(text.split(), rng) for _ in range(self.copies))

    def _edited(self, words: list[str], rng: np.random.Generator) -> str:
        words = list(words)
        for _ in range(max(1, round(self.edit_fraction * len(words)))):
            if len(words) < 2:
                break
            if rng.random() < 0.5:
                at = int(rng.integers(len(words) - 1))
                words[at], words[at + 1] = words[at + 1], words[at]
            else:
                del words[int(rng.integers(len(words)))]
        return " ".join(words)
