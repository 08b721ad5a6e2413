"""Batches in slices against whole ones; packed layers multiply in single precision."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import transformers

from autodistill.activations import Activation, Said
from autodistill.models.speaking import Speaker

LENGTHS = (5, 9, 2, 9, 1, 4, 7)
WANTED = (Activation("hidden", 0), Activation("hidden", 2))
SIZES: dict[str, Any] = {
    "hidden_size": 24,
    "intermediate_size": 40,
    "num_hidden_layers": 2,
    "num_attention_heads": 3,
    "vocab_size": 50,
    "num_labels": 3,
    "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0,
}


def speak(head: str, act: str, slices: int) -> tuple[Said, list[Any], int]:
    """Return what a model says, its gradients, and the bytes that it remembered in between."""
    torch.manual_seed(0)
    config = transformers.BertConfig(hidden_act=act, **SIZES)
    model = getattr(transformers, f"BertFor{head}")(config).double()
    mask = torch.arange(max(LENGTHS)) < torch.tensor(LENGTHS)[:, None]
    inputs = {"input_ids": torch.randint(4, 50, mask.shape) * mask, "attention_mask": mask.long()}
    scored = mask if head == "TokenClassification" else None
    remembered = 0

    def pack(x: torch.Tensor) -> torch.Tensor:
        nonlocal remembered
        remembered += x.nbytes
        return x

    speaker = Speaker(model, WANTED, slices=slices)
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda x: x):
        said = speaker(inputs, scored)
    # A loss that compares examples with each other, as optimal transport does.
    rows = torch.cat([said.logits_VC, said.features_VE], dim=1)
    loss = (rows @ rows.T).softmax(dim=1).square().sum()
    loss = loss + sum(state.sin().sum() for state in said.states.values())
    loss.backward()  # type: ignore[no-untyped-call]
    return said, [p.grad for p in model.parameters()], remembered


@pytest.mark.parametrize("slices", [2, 3, 100])
@pytest.mark.parametrize("act", ["gelu", "relu"], ids=["packed", "plain"])
@pytest.mark.parametrize("head", ["SequenceClassification", "TokenClassification"])
def test_slices_say_and_learn_the_same_and_remember_nothing(
    head: str, act: str, slices: int
) -> None:
    whole, gradients, remembered = speak(head, act, 1)
    parts, same, little = speak(head, act, slices)
    torch.testing.assert_close(parts.logits_VC, whole.logits_VC, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(parts.features_VE, whole.features_VE, rtol=1e-5, atol=1e-6)
    for state in WANTED:
        torch.testing.assert_close(parts.states[state], whole.states[state], rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(same, gradients, rtol=1e-5, atol=1e-5)
    assert little < remembered / 50
