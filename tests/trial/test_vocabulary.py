from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import transformers

from autodistill.models.tokens import Tokens
from autodistill.trial._vocabulary import keep_own_words, restore_all_words

SIZES: dict[str, Any] = {
    "vocab_size": 50,
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 32,
}
FAMILIES: dict[str, Any] = {
    "bert": transformers.BertConfig(**SIZES),
    "roberta": transformers.RobertaConfig(**SIZES),
    "deberta-v2": transformers.DebertaV2Config(**SIZES),
}
IDS = np.array([7, 9, 9, 41, 2, 3], dtype=np.int32)
WORDS = Tokens(IDS, np.zeros_like(IDS), np.array([0, len(IDS)]))


@pytest.fixture(params=list(FAMILIES))
def model(request: pytest.FixtureRequest) -> Any:
    torch.manual_seed(0)
    auto: Any = transformers.AutoModelForSequenceClassification
    return auto.from_config(FAMILIES[request.param]).eval()


def said(model: Any) -> torch.Tensor:
    ids = torch.tensor([[2, 7, 9, 3], [2, 41, 3, 0]])
    logits: torch.Tensor = model(input_ids=ids, attention_mask=(ids > 0).long()).logits
    return logits


def test_a_model_with_its_own_words_says_the_same(model: Any) -> None:
    before = said(model)
    keep_own_words(model, [WORDS])
    assert len(model.get_input_embeddings().weight) < 10
    assert torch.equal(said(model), before)
    assert torch.equal(said(restore_all_words(model)), before)


def test_words_that_never_occur_keep_their_values_and_the_others_learn(model: Any) -> None:
    before = model.get_input_embeddings().weight.detach().clone()
    keep_own_words(model, [WORDS])
    adamw = torch.optim.AdamW(model.parameters(), lr=0.1, weight_decay=0.1)
    said(model).square().sum().backward()  # type: ignore[no-untyped-call]  # torch leaves it so
    adamw.step()
    learnt = said(model)
    after = restore_all_words(model).get_input_embeddings().weight
    moved = (after != before).any(dim=1)
    assert set(IDS.tolist()) <= set(moved.nonzero()[:, 0].tolist())
    assert moved.sum() <= len(set(IDS.tolist())) + 2
    assert torch.equal(said(model), learnt)
