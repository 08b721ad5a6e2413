from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from autodistill.activations import Activation
from autodistill.data.table import Split
from autodistill.errors import InvalidModel
from autodistill.models.encoders import load_reader, load_with_fresh_head
from autodistill.models.outputs import outputs, read_outputs, write_outputs
from autodistill.models.tokens import Tokens, read_tokens, tokenise, write_tokens
from autodistill.testing.tiny import tiny_encoder

TEXTS = ["the cat", "a very old dog saw the moon", "sun", "bread and cheese", "fox near a star"]
EVERYTHING = np.arange(len(TEXTS))
FIRST, MIDDLE, LAST = (Activation("hidden", layer) for layer in (0, 2, 4))


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_encoder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture
def tokens(encoder: Path) -> Tokens:
    return tokenise(load_reader(encoder), Split(TEXTS, None, np.zeros(5)), max_length=8)


def test_tokens_come_back_from_disk(tokens: Tokens, tmp_path: Path) -> None:
    write_tokens(tokens, tmp_path, "train")
    again = read_tokens(tmp_path, "train")
    assert isinstance(again.ids, np.memmap)
    assert again.ids.tolist() == tokens.ids.tolist()
    assert again.lengths.tolist() == [4, 8, 3, 5, 6]


def test_a_batch_is_what_the_tokenizer_pads(encoder: Path, tokens: Tokens) -> None:
    chosen = np.array([3, 0, 1])
    batch = tokens.batch(chosen)
    expected = load_reader(encoder)(
        [TEXTS[i] for i in chosen], truncation=True, max_length=8, padding=True, return_tensors="pt"
    )
    assert torch.equal(batch.ids_BT, expected["input_ids"])
    assert torch.equal(batch.mask_BT.long(), expected["attention_mask"])
    assert tokens.ids[batch.where].tolist() == batch.ids_BT[batch.mask_BT].tolist()


def test_pairs_have_segments_and_the_longer_is_cut_first(encoder: Path) -> None:
    pairs = Split(["sun"], ["the cat saw the old dog near the moon"], np.zeros(1))
    found = tokenise(load_reader(encoder), pairs, max_length=7)
    assert found.types.tolist() == [0, 0, 0, 1, 1, 1, 1]


def test_joined_tokens_keep_both(tokens: Tokens) -> None:
    both = tokens.joined(tokens)
    assert len(both) == 10
    assert torch.equal(both.batch(np.array([7])).ids_BT, tokens.batch(np.array([2])).ids_BT)


def test_outputs_are_those_of_each_example_alone(
    encoder: Path, tokens: Tokens, tmp_path: Path
) -> None:
    model = load_with_fresh_head(encoder, ("a", "b", "c")).eval()
    write_outputs(model, tokens, EVERYTHING, (FIRST, LAST), tmp_path, "train")
    found = read_outputs(tmp_path, "train", tokens, (FIRST, LAST))
    for i in EVERYTHING:
        alone = tokens.batch(np.array([i]))
        with torch.no_grad():
            out = model(input_ids=alone.ids_BT, output_hidden_states=True)
        np.testing.assert_allclose(found.logits_VC[i], out.logits[0], atol=1e-6)
        for state in (FIRST, LAST):
            states = found.padded(state, alone)
            torch.testing.assert_close(states, out.hidden_states[state.layer], atol=2e-3, rtol=1e-3)
    np.testing.assert_allclose(outputs(model, tokens).logits_VC, found.logits_VC, atol=1e-6)


def test_states_of_padding_are_zero(encoder: Path, tokens: Tokens, tmp_path: Path) -> None:
    model = load_with_fresh_head(encoder, ("a", "b"))
    write_outputs(model, tokens, EVERYTHING, (MIDDLE,), tmp_path, "train")
    batch = tokens.batch(np.array([1, 2]))
    states = read_outputs(tmp_path, "train", tokens, (MIDDLE,)).padded(MIDDLE, batch)
    assert states.shape == (2, 8, 32)
    assert not states[~batch.mask_BT].any()
    assert states[batch.mask_BT].abs().sum(dim=1).all()


def test_outputs_that_were_not_asked_for_cannot_be_mistaken(
    encoder: Path, tokens: Tokens, tmp_path: Path
) -> None:
    model = load_with_fresh_head(encoder, ("a", "b"))
    write_outputs(model, tokens, np.array([1, 3]), (), tmp_path, "train")
    found = read_outputs(tmp_path, "train", tokens)
    assert np.isfinite(found.logits_VC).all(axis=1).tolist() == [False, True, False, True, False]


def test_outputs_on_other_tokens_are_refused(encoder: Path, tokens: Tokens, tmp_path: Path) -> None:
    model = load_with_fresh_head(encoder, ("a", "b"))
    write_outputs(model, tokens, EVERYTHING, (MIDDLE,), tmp_path, "train")
    with pytest.raises(ValueError, match="belong to other tokens"):
        read_outputs(tmp_path, "train", tokens.joined(tokens))


def test_joined_outputs_gather_from_both(encoder: Path, tokens: Tokens, tmp_path: Path) -> None:
    model = load_with_fresh_head(encoder, ("a", "b"))
    write_outputs(model, tokens, EVERYTHING, (MIDDLE,), tmp_path, "train")
    one = read_outputs(tmp_path, "train", tokens, (MIDDLE,))
    both, both_tokens = one.joined(one), tokens.joined(tokens)
    mixed = both.padded(MIDDLE, both_tokens.batch(np.array([8, 0, 6])))
    assert torch.equal(mixed, one.padded(MIDDLE, tokens.batch(np.array([3, 0, 1]))))
    np.testing.assert_array_equal(both.logits_VC[5:], one.logits_VC)
    assert one.unbounded_VE is not None
    assert both.unbounded_VE is not None
    np.testing.assert_array_equal(both.unbounded_VE[5 + EVERYTHING], one.unbounded_VE)
    np.testing.assert_array_equal(both.features_VE[5 + EVERYTHING], one.features_VE)


def test_features_are_kept_before_the_tanh_as_well(
    encoder: Path, tokens: Tokens, tmp_path: Path
) -> None:
    model = load_with_fresh_head(encoder, ("a", "b"))
    write_outputs(model, tokens, EVERYTHING, (), tmp_path, "train")
    kept = read_outputs(tmp_path, "train", tokens)
    assert kept.unbounded_VE is not None
    np.testing.assert_allclose(np.tanh(kept.unbounded_VE), kept.features_VE, atol=2e-3)


def test_what_half_precision_cannot_hold_is_refused(
    encoder: Path, tokens: Tokens, tmp_path: Path
) -> None:
    model = load_with_fresh_head(encoder, ("a", "b"))
    torch.nn.init.constant_(model.bert.encoder.layer[1].output.LayerNorm.bias, 1e5)
    with pytest.raises(InvalidModel, match="half precision, up to 65504; got 1e"):
        write_outputs(model, tokens, EVERYTHING, (MIDDLE,), tmp_path, "train")
