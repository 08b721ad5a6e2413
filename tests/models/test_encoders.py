from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers

from autodistill.activations import Activation
from autodistill.data.table import Split
from autodistill.errors import InvalidModel
from autodistill.models.encoders import cut, load, load_reader, load_with_fresh_head, save
from autodistill.models.inspection import inspect
from autodistill.models.scale import Scale, scale_of
from autodistill.models.speaking import Speaker
from autodistill.models.tokens import tokenise
from autodistill.task import Task
from autodistill.testing.tiny import tiny_encoder

SMALL: dict[str, Any] = {
    "vocab_size": 40,
    "hidden_size": 16,
    "num_hidden_layers": 4,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 64,
    "num_labels": 3,
}
OTHER_NAMES: dict[str, Any] = {
    "vocab_size": 40,
    "dim": 16,
    "n_layers": 4,
    "n_heads": 2,
    "hidden_dim": 32,
    "num_labels": 3,
}
FAMILIES: dict[str, Any] = {
    "bert": transformers.BertConfig(**SMALL),
    "roberta": transformers.RobertaConfig(**SMALL),
    "electra": transformers.ElectraConfig(**SMALL, embedding_size=16),
    "mpnet": transformers.MPNetConfig(**SMALL),
    "deberta-v2": transformers.DebertaV2Config(**SMALL),
    "distilbert": transformers.DistilBertConfig(**OTHER_NAMES),
    "modernbert": transformers.ModernBertConfig(
        **SMALL, pad_token_id=0, bos_token_id=2, eos_token_id=3, cls_token_id=2, sep_token_id=3
    ),
}


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_encoder(tmp_path_factory.mktemp("encoder"))


def built(config: Any) -> Any:
    auto: Any = transformers.AutoModelForSequenceClassification
    return auto.from_config(config)


def said(model: Any) -> torch.Tensor:
    with torch.no_grad():
        logits: torch.Tensor = model.eval()(input_ids=torch.tensor([[2, 7, 9, 3]])).logits
    return logits


@pytest.mark.parametrize("family", FAMILIES)
def test_heads_are_known_of_what_keeps_queries_keys_and_values_apart(
    family: str, tmp_path: Path
) -> None:
    """What a job admits by the number of heads, its trials can listen to."""
    model = built(FAMILIES[family])
    model.save_pretrained(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{}")
    heads = inspect(tmp_path).num_heads
    assert heads == (0 if family in ("deberta-v2", "modernbert") else 2)
    wanted = [Activation("query", 1), Activation("key", 4), Activation("value", 2)]
    if heads:
        ids = torch.tensor([[2, 7, 9, 3]])
        spoken = Speaker(model, wanted)({"input_ids": ids, "attention_mask": torch.ones_like(ids)})
        assert {x.shape for x in spoken.states.values()} == {(1, 4, 16)}
    else:
        with pytest.raises(InvalidModel, match="has no separate"):
            Speaker(model, wanted)


@pytest.mark.parametrize("family", FAMILIES)
def test_features_are_heard_before_the_tanh_that_bounds_them(family: str) -> None:
    model = built(FAMILIES[family]).eval()
    ids = torch.tensor([[2, 7, 9, 3]])
    spoken = Speaker(model)({"input_ids": ids, "attention_mask": torch.ones_like(ids)})
    assert (spoken.unbounded_VE is not None) == (family in ("bert", "roberta", "mpnet"))
    if spoken.unbounded_VE is not None:
        torch.testing.assert_close(spoken.penultimate.tanh(), spoken.features_VE)
    else:
        assert spoken.penultimate is spoken.features_VE


@pytest.mark.parametrize("family", FAMILIES)
def test_a_cut_student_of_any_family_survives_saving(family: str, tmp_path: Path) -> None:
    config = FAMILIES[family]
    torch.manual_seed(0)
    teacher = built(config)
    student = cut(teacher, 2)
    student.save_pretrained(tmp_path)
    again = load(tmp_path)
    assert again.config.num_hidden_layers == 2
    assert teacher.config.num_hidden_layers == 4
    torch.testing.assert_close(said(again), said(student))
    assert not torch.equal(said(student), said(teacher))


def test_layers_are_spread_evenly_from_the_first(encoder: Path) -> None:
    teacher = load_with_fresh_head(encoder, ("a", "b"))
    student = cut(teacher, 2)
    for mine, theirs in zip(student.bert.encoder.layer, (0, 2), strict=True):
        original = teacher.bert.encoder.layer[theirs].state_dict()
        for name, weight in mine.state_dict().items():
            torch.testing.assert_close(weight, original[name])
    torch.testing.assert_close(student.classifier.weight, teacher.classifier.weight)


def test_a_student_with_all_layers_is_its_teacher(encoder: Path) -> None:
    teacher = load_with_fresh_head(encoder, ("a", "b"))
    torch.testing.assert_close(said(cut(teacher, 4)), said(teacher))


def test_no_student_is_deeper_than_its_teacher(encoder: Path) -> None:
    with pytest.raises(InvalidModel, match="cut from 4 layers has 1 to 4, not 5"):
        cut(load_with_fresh_head(encoder, ("a", "b")), 5)


def test_shared_layers_cannot_be_cut() -> None:
    config = transformers.AlbertConfig(**SMALL, embedding_size=16)
    model = built(config)
    with pytest.raises(InvalidModel, match="no list of 4 layers, so it cannot be cut"):
        cut(model, 2)


def test_a_fresh_head_knows_its_labels_and_forgets_the_old(encoder: Path, tmp_path: Path) -> None:
    model = load_with_fresh_head(encoder, ("no", "yes", "maybe"))
    save(model, load_reader(encoder), tmp_path, max_length=17)
    assert load(tmp_path).config.id2label == {0: "no", 1: "yes", 2: "maybe"}
    torch.testing.assert_close(said(load(tmp_path)), said(model))
    other = load_with_fresh_head(tmp_path, ("x", "y"))
    assert other.config.id2label == {0: "x", 1: "y"}
    assert said(other).shape == (1, 2)


def test_a_regressor_has_one_output(encoder: Path) -> None:
    model = load_with_fresh_head(encoder, ())
    assert model.config.problem_type == "regression"
    assert said(model).shape == (1, 1)


def test_the_saved_tokenizer_cuts_as_the_service_does(encoder: Path, tmp_path: Path) -> None:
    save(load_with_fresh_head(encoder, ()), load_reader(encoder), tmp_path, max_length=5)
    text = "the old cat saw a small dog near the moon"
    alone = transformers.AutoTokenizer.from_pretrained(tmp_path)(text, truncation=True)
    ours = tokenise(load_reader(encoder), Split([text], None, np.zeros(1)), max_length=5)
    assert alone["input_ids"] == ours.ids.tolist()


def test_weights_of_half_precision_are_loaded_in_float32(encoder: Path, tmp_path: Path) -> None:
    load_with_fresh_head(encoder, ()).half().save_pretrained(tmp_path)
    assert {p.dtype for p in load(tmp_path).parameters()} == {torch.float32}


def test_folding_a_scale_moves_the_outputs_to_it_and_unfolding_back(encoder: Path) -> None:
    model, scale = load_with_fresh_head(encoder, ()), Scale(mean=70.0, deviation=12.0)
    before = said(model)
    torch.testing.assert_close(said(scale.fold(model)), before * 12 + 70)
    torch.testing.assert_close(said(scale.unfold(model)), before, atol=1e-5, rtol=1e-5)


def test_values_have_the_scale_of_the_training_labels_and_classes_their_own() -> None:
    labels = np.array([10.0, 30.0])
    scale = scale_of(Task.TEXT_REGRESSION, labels)
    assert scale.standard(labels).tolist() == [-1.0, 1.0]
    assert scale.raw(np.array([-1.0, 1.0])).tolist() == [10.0, 30.0]
    assert scale_of(Task.TEXT_CLASSIFICATION, labels) == Scale(0.0, 1.0)
    assert scale_of(Task.TEXT_REGRESSION, np.array([5.0, 5.0])) == Scale(5.0, 1.0)
