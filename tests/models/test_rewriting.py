from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from autodistill.errors import InvalidModel
from autodistill.models.inspection import inspect
from autodistill.models.rewriting import drawn, filled, load_masked_lm
from autodistill.testing.rewriters import tiny_masked_lm, tiny_translator
from autodistill.testing.tiny import tiny_encoder


def test_a_nucleus_is_the_fewest_likeliest_with_so_much_probability() -> None:
    chance = np.array([0.1, 0.5, 0.05, 0.3, 0.05])
    rng = np.random.default_rng(0)
    counts = np.bincount([drawn(chance, 0.8, rng) for _ in range(4000)], minlength=5)
    np.testing.assert_allclose(counts / 4000, [0, 0.625, 0, 0.375, 0], atol=0.03)
    assert {drawn(chance, 0.4, rng) for _ in range(100)} == {1}


def test_gaps_are_filled_and_nothing_else_changes(tmp_path: Path) -> None:
    texts = [["the", "cat", "saw", "us"], ["a", "[MASK]", "dog"], []]
    gaps = [np.array([1, 3]), np.array([2]), np.array([], dtype=np.int64)]
    random = [np.random.default_rng(i) for i in range(3)]
    new = list(filled(tiny_masked_lm(tmp_path), texts, gaps, random))
    assert new[0][0::2] == ["the", "saw"]
    assert new[1:] == texts[1:], "A text that has mask tokens of its own stays."


def test_a_folder_tells_whether_it_has_a_head(tmp_path: Path) -> None:
    assert load_masked_lm(tiny_masked_lm(tmp_path / "one"))[1]
    assert not load_masked_lm(tiny_encoder(tmp_path / "two"))[1]


def test_a_translation_model_is_inspected(tmp_path: Path) -> None:
    found = inspect(tiny_translator(tmp_path))
    assert (found.architecture, found.num_layers, found.hidden_size) == ("marian", 1, 16)
    assert found.labels == ()
    (tmp_path / "source.spm").unlink()
    with pytest.raises(InvalidModel, match=r"no source\.spm"):
        inspect(tmp_path)


def test_what_else_writes_text_is_refused(tmp_path: Path) -> None:
    folder = tiny_translator(tmp_path)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"model_type": "t5"}))
    (folder / "tokenizer.json").write_text("{}")
    with pytest.raises(InvalidModel, match="Only encoders can be used"):
        inspect(folder)
