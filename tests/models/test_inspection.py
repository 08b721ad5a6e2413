from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autodistill.errors import InvalidModel
from autodistill.models.inspection import Inspected, inspect
from autodistill.models.sources import Packaged, locate

CONFIG = {"model_type": "bert", "num_hidden_layers": 2, "hidden_size": 8, "num_attention_heads": 2}
TENSORS = {"a.weight": ("F32", [4, 8]), "a.bias": ("F16", [8]), "positions": ("I64", [1, 512])}
BYTES = {"F32": 4, "F16": 2, "I64": 8, "BF16": 2}


def weights(tensors: dict[str, tuple[str, list[int]]]) -> bytes:
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, (dtype, shape) in tensors.items():
        size = BYTES[dtype]
        for n in shape:
            size *= n
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [end, end + size]}
        end += size
    return framed(header) + bytes(end)


def framed(header: Any) -> bytes:
    coded = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(coded).to_bytes(8, "little") + coded


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    (tmp_path / "tokenizer.json").write_text(json.dumps({"model": {"vocab": {"a": 0}}}))
    (tmp_path / "model.safetensors").write_bytes(weights(TENSORS))
    return tmp_path


@pytest.fixture
def configured(folder: Path) -> Callable[..., Inspected]:
    """Inspect a model with these changes of its configuration."""

    def configured(**changes: Any) -> Inspected:
        (folder / "config.json").write_text(json.dumps({**CONFIG, **changes}))
        return inspect(folder)

    return configured


def refused(folder: Path) -> str:
    with pytest.raises(InvalidModel) as error:
        inspect(folder)
    (problem,) = error.value.problems
    assert problem.field == "source"
    return problem.message


def test_the_facts_come_from_headers(folder: Path) -> None:
    found = inspect(folder)
    assert (found.architecture, found.num_layers, found.hidden_size) == ("bert", 2, 8)
    assert found.num_parameters == 4 * 8 + 8
    assert found.labels == ()


def test_distilbert_names_its_sizes_otherwise(folder: Path) -> None:
    config = {"model_type": "distilbert", "n_layers": 3, "dim": 16, "n_heads": 4}
    (folder / "config.json").write_text(json.dumps(config))
    assert inspect(folder).num_heads == 0, "its weights have no queries, keys and values"
    projections = {f"layer.0.attention.{x}_lin.weight": ("F32", [8, 8]) for x in "qkv"}
    (folder / "model.safetensors").write_bytes(weights({**TENSORS, **projections}))
    found = inspect(folder)
    assert (found.num_layers, found.hidden_size, found.num_heads) == (3, 16, 4)


def test_labels_are_those_of_a_head(configured: Callable[..., Inspected], folder: Path) -> None:
    names = {"10": "k", "2": "c", **{str(i): f"n{i}" for i in (0, 1, 3, 4, 5, 6, 7, 8, 9)}}
    assert configured(id2label=names).labels == ()
    head = {**TENSORS, "classifier.weight": ("F32", [11, 8])}
    (folder / "model.safetensors").write_bytes(weights(head))
    assert configured(id2label=names).labels[1:3] == ("n1", "c")
    assert configured(id2label=names).labels[10] == "k"
    assert configured().labels == ("LABEL_0", "LABEL_1")


@pytest.mark.parametrize(
    "names", [{"0": 1}, {"1": "a"}, {"zero": "a"}, ["a"], {"0": "\ud800"}, {"0": "a\0"}]
)
def test_labels_that_cannot_be_are_refused(folder: Path, names: Any) -> None:
    head = {**TENSORS, "classifier.weight": ("F32", [1, 8])}
    (folder / "model.safetensors").write_bytes(weights(head))
    (folder / "config.json").write_text(json.dumps({**CONFIG, "id2label": names}))
    assert "id2label" in refused(folder)


def test_shards_are_one_model_and_other_files_are_not_counted(folder: Path) -> None:
    whole = inspect(folder)
    (folder / "adapter.safetensors").write_bytes(weights(TENSORS))
    assert inspect(folder) == whole
    (folder / "model.safetensors").unlink()
    parts = {"a.weight": "model-1.safetensors", "a.bias": "model-2.safetensors"}
    for name, part in parts.items():
        (folder / part).write_bytes(weights({name: TENSORS[name]}))
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": parts}))
    assert inspect(folder).num_parameters == whole.num_parameters
    index.write_text(json.dumps({"weight_map": {"a.weight": "../model-1.safetensors"}}))
    assert "not in the directory" in refused(folder)


@pytest.mark.parametrize(
    "changes",
    [
        {"weights": weights({**TENSORS, "a.bias": ("F32", [8])})},
        {"config": json.dumps({**CONFIG, "dropout": 0.5}).encode()},
        {"tokenizer": b'{"model": {"vocab": {"b": 0}}}'},
    ],
)
def test_the_identity_covers_weights_configuration_and_tokenizer(
    folder: Path, changes: dict[str, bytes]
) -> None:
    names = {
        "weights": "model.safetensors",
        "config": "config.json",
        "tokenizer": "tokenizer.json",
    }
    before = inspect(folder)
    (part, content), *_ = changes.items()
    (folder / names[part]).write_bytes(content)
    after = inspect(folder)
    assert before.sha256 != after.sha256
    assert (before.tokenizer_sha256 != after.tokenizer_sha256) == (part == "tokenizer")


def test_tokenizers_are_equal_when_they_cut_alike_to_any_length(folder: Path) -> None:
    before = inspect(folder).tokenizer_sha256
    limits = {"truncation": {"max_length": 8}, "padding": None, "model": {"vocab": {"a": 0}}}
    (folder / "tokenizer.json").write_text(json.dumps(limits))
    settings = folder / "tokenizer_config.json"
    settings.write_text('{"model_max_length": 8}')
    assert inspect(folder).tokenizer_sha256 == before
    settings.write_text('{"do_lower_case": false}')
    assert inspect(folder).tokenizer_sha256 != before


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("config.json", None, "no config.json"),
        ("config.json", b"{", "no JSON"),
        ("config.json", b"[]", "object"),
        ("config.json", b"[" * 100_000, "no JSON"),
        ("config.json", b"\xff\xff", "no JSON"),
        ("tokenizer.json", None, "no tokenizer.json"),
        ("tokenizer.json", b"null", "object"),
        ("model.safetensors", None, "no model.safetensors"),
        ("model.safetensors", b"", "no JSON"),
        ("model.safetensors", b"\xff" * 64, "header is too long"),
        ("model.safetensors", b"\x80\x02}q\x00." * 20, "header is too long"),
        ("model.safetensors", framed(b"{}x"), "no JSON"),
        ("model.safetensors", framed([]), "object"),
        ("model.safetensors", framed({"a": []}), "no safetensors"),
        ("model.safetensors", framed({"a": {"dtype": "F32"}}), "no safetensors"),
        (
            "model.safetensors",
            framed({"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}) + bytes(4),
            "no safetensors",
        ),
        (
            "model.safetensors",
            framed({"a": {"dtype": 1, "shape": [1], "data_offsets": [0, 4]}}) + bytes(4),
            "no safetensors",
        ),
        (
            "model.safetensors",
            framed({"a": {"dtype": "F32", "shape": [1], "data_offsets": "xy"}}) + bytes(4),
            "no safetensors",
        ),
        ("model.safetensors", weights(TENSORS)[:-1], "cut off"),
        ("model.safetensors", weights(TENSORS) + b"x", "cut off"),
    ],
)
def test_a_broken_model_is_refused(
    folder: Path, name: str, content: bytes | None, says: str
) -> None:
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(content)
    assert says in refused(folder)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"auto_map": {"AutoModel": "mine.Model"}}, "auto_map"),
        ({"is_encoder_decoder": True}, "Only encoders"),
        ({"is_decoder": True}, "Only encoders"),
        ({"architectures": ["LlamaForCausalLM"]}, "Only encoders"),
        ({"architectures": 3, "model_type": 3}, "model_type"),
        ({"model_type": "<script>"}, "model_type"),
        ({"num_hidden_layers": "2"}, "num_hidden_layers"),
        ({"num_hidden_layers": True}, "num_hidden_layers"),
        ({"num_hidden_layers": 0}, "num_hidden_layers"),
        ({"hidden_size": 1e9}, "hidden_size"),
        ({"hidden_size": 10**9}, "hidden_size"),
        ({"hidden_size": None}, "hidden_size"),
    ],
)
def test_what_is_no_encoder_or_wants_to_run_code_is_refused(
    folder: Path, changes: dict[str, Any], says: str
) -> None:
    (folder / "config.json").write_text(json.dumps({**CONFIG, **changes}))
    assert says in refused(folder)


def test_a_tokenizer_that_wants_to_run_code_is_refused(folder: Path) -> None:
    (folder / "tokenizer_config.json").write_text('{"auto_map": {"AutoTokenizer": ["a.B", null]}}')
    assert "auto_map" in refused(folder)


def test_pickles_are_named_and_refused(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    message = refused(folder)
    assert "pytorch_model.bin" in message
    assert "can run code" in message


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    assert "no config.json" in refused(tmp_path / "none")
    (tmp_path / "config.json").mkdir()
    assert "config.json" in refused(tmp_path)


def test_the_packaged_encoder_is_what_its_authors_say() -> None:
    found = inspect(locate(Packaged(), roots=[], hub=False))
    assert (found.architecture, found.num_layers, found.hidden_size) == ("bert", 6, 384)
    assert found.num_parameters == 22_713_216
    assert found.labels == ()
