"""Augmentations that rewrite texts before training."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge, Gt, Le

from autodistill.augmentations._base import Augmentation
from autodistill.component import Choice
from autodistill.task import WHOLE_TEXTS, Task


@dataclass(frozen=True)
class Resources:
    """Models that a job has for rewriting, in Hugging Face layout; None where it names none."""

    masked_lm: Path | None = None
    translators: tuple[Path, Path] | None = None
    """There and back."""
    prefix: str = ""
    """Put before each text that goes there, such as the mark of a language."""


class RewritingAugmentation(Augmentation):
    """Adds rewritten copies of each text. Their labels stay; the teacher says its own of each.

    A copy is made from the original, never from another copy, and depends on nothing but the text,
    its random numbers and the settings, whatever else is rewritten with it. The copies and the
    teacher's outputs on them are made once and shared by the trials of a job.
    """

    tasks: ClassVar[frozenset[Task]] = WHOLE_TEXTS
    edit_fraction: Annotated[float, Gt(0), Le(1), Choice((0.1, 0.3, 0.5))] = 0.1
    """Share of a text's words that are edited, at least one."""
    copies: Annotated[int, Ge(1), Le(16), Choice((1, 2, 4))] = 1
    """Rewritten copies of each kept text."""

    @abstractmethod
    def rewrite(
        self, texts: Sequence[str], random: Sequence[np.random.Generator], resources: Resources
    ) -> Sequence[str]:
        """Return another version of each text; one with words keeps at least one.

        Args:
            texts: What is rewritten, all at once.
            random: A generator of its own for each text.
            resources: The job's.
        """
