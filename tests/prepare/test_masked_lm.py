from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from autodistill.data.table import read_split
from autodistill.models.encoders import load_reader
from autodistill.models.rewriting import load_masked_lm
from autodistill.models.tokens import tokenise
from autodistill.prepare import _masked_lm
from autodistill.prepare._masked_lm import FITTING, fit_head
from autodistill.testing.tiny import WORDS, tiny_dataset, tiny_encoder


def test_a_head_learns_which_words_a_dataset_has_and_nothing_else_moves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.set_num_threads(1)
    _, path = tiny_dataset(tmp_path / "data")
    encoder = tiny_encoder(tmp_path / "encoder", num_layers=1)
    longer = FITTING.model_copy(update={"num_epochs": 12, "learning_rate": 1e-2})
    monkeypatch.setattr(_masked_lm, "FITTING", longer)
    tokenizer = load_reader(encoder)
    tokens = tokenise(tokenizer, read_split(path, "train"), 32)
    model, whole = load_masked_lm(encoder)
    assert not whole
    before = {k: v.clone() for k, v in model.base_model.state_dict().items()}
    losses = fit_head(model, tokenizer, tokens, np.arange(len(tokens)))
    assert losses[0] < np.log(len(WORDS)) + 0.1, "A fresh head finds all words alike."
    assert losses[-1] < losses[0] - 0.02
    after = model.base_model.state_dict()
    assert all(torch.equal(weight, after[name]) for name, weight in before.items())
