from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from autodistill.activations import Activation
from autodistill.data.table import Split, ends
from autodistill.errors import InvalidModel
from autodistill.models.encoders import load_reader, load_with_fresh_head, save
from autodistill.models.inspection import inspect
from autodistill.models.outputs import outputs, read_outputs, write_outputs
from autodistill.models.tokens import Tokens, read_tokens, tokenise, write_tokens
from autodistill.task import Task
from autodistill.testing.tiny import tiny_encoder

WORDS = [["the", "cat", "old.dog"], ["sun"], ["a", "b-c-d", "moon", "and", "star", "near", "fox"]]
TAGGED = Split(
    [word for words in WORDS for word in words],
    None,
    np.arange(11) % 3,
    ends(np.array([len(words) for words in WORDS])),
)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_encoder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture
def tokens(encoder: Path) -> Tokens:
    return tokenise(load_reader(encoder), TAGGED, max_length=10)


def test_rows_are_the_first_tokens_of_the_words_that_are_read(tokens: Tokens) -> None:
    # [CLS] the cat old . dog [SEP], [CLS] sun [SEP], [CLS] a b - c - d moon and [SEP]
    assert tokens.lengths.tolist() == [7, 3, 10]
    assert tokens.scored_V is not None
    assert tokens.scored_V.tolist() == [1, 2, 3, 8, 11, 12, 17, 18]
    assert tokens.row_offsets.tolist() == [0, 3, 4, 8]
    assert tokens.labels(TAGGED).tolist() == TAGGED.labels[[0, 1, 2, 3, 4, 5, 6, 7]].tolist()
    assert tokens.rows(np.array([2, 0])).tolist() == [4, 5, 6, 7, 0, 1, 2]


def test_they_come_back_from_disk(tokens: Tokens, tmp_path: Path) -> None:
    write_tokens(tokens, tmp_path, "train")
    again = read_tokens(tmp_path, "train")
    assert again.row_offsets.tolist() == tokens.row_offsets.tolist()
    assert again.labels(TAGGED).tolist() == tokens.labels(TAGGED).tolist()


def test_a_batch_says_which_tokens_are_rows_in_their_order(tokens: Tokens) -> None:
    batch = tokens.batch(np.array([2, 0]))
    assert batch.scored_BT is not None
    assert batch.rows_V.tolist() == [4, 5, 6, 7, 0, 1, 2]
    assert tokens.scored_V is not None
    assert (
        batch.ids_BT[batch.scored_BT].tolist() == tokens.ids[tokens.scored_V[batch.rows_V]].tolist()
    )


def test_outputs_are_those_of_each_word_alone(
    encoder: Path, tokens: Tokens, tmp_path: Path
) -> None:
    model = load_with_fresh_head(encoder, ("a", "b", "c"), Task.TOKEN_CLASSIFICATION).eval()
    hidden = Activation("hidden", 4)
    write_outputs(model, tokens, np.arange(3), (hidden,), tmp_path, "train")
    found = read_outputs(tmp_path, "train", tokens, (hidden,))
    assert found.logits_VC.shape == (8, 3)
    for i in range(3):
        alone = tokens.batch(np.array([i]))
        with torch.no_grad():
            logits = model(input_ids=alone.ids_BT).logits[0]
        rows = tokens.rows(np.array([i]))
        assert tokens.scored_V is not None
        places = tokens.scored_V[rows] - tokens.offsets[i]
        np.testing.assert_allclose(found.logits_VC[rows], logits[places], atol=1e-6)
    np.testing.assert_allclose(outputs(model, tokens).logits_VC, found.logits_VC, atol=1e-6)
    assert np.isfinite(found.features_VE).all()


def test_a_tokenizer_that_makes_nothing_of_words_is_refused(encoder: Path) -> None:
    blank = Split([" "], None, np.zeros(1), np.array([0, 1]))
    with pytest.raises(InvalidModel, match="makes nothing of the words"):
        tokenise(load_reader(encoder), blank, max_length=8)


def test_a_head_says_what_it_is_for(encoder: Path, tmp_path: Path) -> None:
    assert inspect(encoder).head == ""
    for task in (Task.TOKEN_CLASSIFICATION, Task.TEXT_CLASSIFICATION):
        model = load_with_fresh_head(encoder, ("a", "b"), task)
        save(model, load_reader(encoder), tmp_path / task, 16)
        found = inspect(tmp_path / task)
        assert (found.head, found.labels) == (task.head, ("a", "b"))
