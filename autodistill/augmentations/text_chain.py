"""A chain of text operations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import AfterValidator
from typing_extensions import override

from autodistill.augmentations._operations import OPERATIONS, ORDERS, an_order, lacking
from autodistill.augmentations._rewriting import Resources, RewritingAugmentation
from autodistill.component import AnyRange, Choice
from autodistill.task import TaskFacts


class TextChain(RewritingAugmentation, title="Chain of text operations"):
    """Adds copies of each text that went through some operations in order (Distiller, section 4).

    *contextual* replaces words by what the job's masked language model says in their place, drawn
    from its nucleus of 0.8, at most 10 words a text and never special tokens. *back_translation*
    takes a text to another language and back by the job's two models, without sampling, so that all
    its copies are equal and `edit_fraction` does not matter. *random* swaps and deletes words
    (EDA). *synonym* replaces words by others of their most common sense in WordNet 3.0 (English);
    function words and inflected forms that WordNet does not list stay.

    Operations, nucleus and the limit of 10 are Distiller's (He et al., 2021); synonyms, deletions
    and the orders on offer are ours. Copies are made once for a job; their labels stay, and the
    teacher's outputs on them are its own.
    """

    cost: ClassVar[str] = (
        "an epoch is longer by the copies; a masked language model reads each copy once for a job, "
        "translation writes it twice; the teacher labels them once"
    )
    kind: Literal["text_chain"] = "text_chain"
    order: Annotated[str, AfterValidator(an_order), Choice(ORDERS)] = "synonym"
    """Operations in their order, joined by +."""

    @override
    def conflicts(self, pipeline: Any, facts: TaskFacts) -> Iterator[str]:
        """Refuse operations whose models the job does not name."""
        yield from lacking(self.order, facts)

    @classmethod
    @override
    def offered(cls, field: str, drawn: AnyRange, facts: TaskFacts) -> AnyRange:
        if field != "order" or not isinstance(drawn, Choice):
            return drawn
        return Choice(tuple(o for o in drawn.options if not list(lacking(str(o), facts))))

    @override
    def rewrite(
        self, texts: Sequence[str], random: Sequence[np.random.Generator], resources: Resources
    ) -> Sequence[str]:
        for name in self.order.split("+"):
            texts = OPERATIONS[name](texts, self.edit_fraction, random, resources)
        return texts
