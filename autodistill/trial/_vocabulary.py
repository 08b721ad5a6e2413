"""Word embeddings of a dataset's own words, so that the rest of the vocabulary costs nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from typing_extensions import override

from autodistill.models.inputs import Inputs
from autodistill.models.tokens import Tokens


class OwnWords(torch.nn.Module):
    """Looks tokens up among those that occur; a drop-in for an embedding of the whole vocabulary.

    Rows of words that never occur get no gradient, so that Adam would not move them. They keep
    their values; weight decay, which would have shrunk them blindly, leaves them alone.
    """

    def __init__(self, whole: torch.nn.Embedding, ids: NDArray[np.int32]) -> None:
        super().__init__()
        padding = [] if whole.padding_idx is None else [whole.padding_idx]
        occurring = torch.from_numpy(np.unique(np.concatenate([ids, [0, *padding]])).astype(int))
        self.occurring = occurring.to(whole.weight.device)
        self.whole = (whole,)  # in a tuple, so that it is no part of this module
        self.row_of = torch.full((whole.num_embeddings,), -1, device=whole.weight.device)
        self.row_of[self.occurring] = torch.arange(len(occurring), device=whole.weight.device)
        self.padding = int(self.row_of[padding[0]]) if padding else None
        self.weight = torch.nn.Parameter(whole.weight.detach()[self.occurring])

    @override
    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """Return the embeddings of token ids of the whole vocabulary."""
        rows = self.row_of[ids]
        return torch.nn.functional.embedding(rows, self.weight, padding_idx=self.padding)

    def restored(self) -> torch.nn.Embedding:
        """Return the whole vocabulary's embedding with these rows in it."""
        (whole,) = self.whole
        with torch.no_grad():
            whole.weight[self.occurring] = self.weight
        return whole


def keep_own_words(model: Any, inputs: Sequence[Inputs]) -> Any:
    """Replace a model's word embeddings by those of the tokens that occur; images have none."""
    occurring = [of.ids for of in inputs if isinstance(of, Tokens)]
    if occurring:
        whole = model.get_input_embeddings()
        model.set_input_embeddings(OwnWords(whole, np.concatenate(occurring)))
    return model


def restore_all_words(model: Any) -> Any:
    """Undo `keep_own_words`, with what was learnt."""
    if isinstance(own := model.get_input_embeddings(), OwnWords):
        model.set_input_embeddings(own.restored())
    return model
