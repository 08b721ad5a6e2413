"""What can be looked at inside an encoder, and what a model says about a batch.

Letters: B examples, T tokens, V rows, C outputs, E width. A row is what is predicted: one for each
example, or one for each tagged token.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from autodistill.lazy import torch

ActivationKind = Literal["hidden", "query", "key", "value"]


class Activation(NamedTuple):
    """One layer's states of one kind, one vector for each token.

    Hidden layer 0 is the embeddings' output, layer i the output of the i-th transformer layer;
    query, key and value of layer i (from 1) are what its self-attention works with.
    """

    kind: ActivationKind
    layer: int


States: TypeAlias = "Mapping[Activation, torch.Tensor]"
Pairs = tuple[tuple[Activation, Activation], ...]
"""What is compared: (of the teacher, of the student)."""


@dataclass(frozen=True)
class Said:
    """What a model says about a batch."""

    logits_VC: torch.Tensor
    """In float32; scores for regression."""
    features_VE: torch.Tensor
    """What its output layer sees of each row."""
    states: States
    """Those that were asked for, (B, T, width) in float32."""
    unbounded_VE: torch.Tensor | None = None
    """What the features were before a tanh bounded them, None where none does."""

    @property
    def penultimate(self) -> torch.Tensor:
        """Return the features of each row, before their tanh where there is one."""
        return self.features_VE if self.unbounded_VE is None else self.unbounded_VE

    def unbounded(self, change: Callable[[torch.Tensor], torch.Tensor]) -> torch.Tensor | None:
        """Return what was before the tanh after a change, None where there is none."""
        return None if self.unbounded_VE is None else change(self.unbounded_VE)


def joined(parts: Sequence[Said]) -> Said:
    """Return what was said about several batches, of texts of equal length, as about one."""
    first, *others = parts
    return Said(
        torch.cat([said.logits_VC for said in parts]),
        torch.cat([said.features_VE for said in parts]),
        {k: torch.cat([said.states[k] for said in parts]) for k in first.states},
        first.unbounded(lambda x_VE: torch.cat([x_VE, *(said.penultimate for said in others)])),
    )
