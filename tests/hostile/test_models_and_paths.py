"""Folders that are no models, and paths that lead elsewhere."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import struct
import zipfile
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from autodistill.testing.shells import shell_model

pytestmark = pytest.mark.e2e
SERIAL = count()
Spoil = Callable[[Path], object]


def config(**changes: Any) -> Spoil:
    """Change the configuration; None removes a field."""

    def spoil(folder: Path) -> None:
        path = folder / "config.json"
        found = json.loads(path.read_text()) | changes
        path.write_text(json.dumps({k: v for k, v in found.items() if v is not None}))

    return spoil


def head(id2label: Any) -> Spoil:
    """Add a head of two classes, and call them something."""

    def spoil(folder: Path) -> None:
        shutil.rmtree(folder)
        shell_model(folder, labels=("a", "b"))
        config(id2label=id2label)(folder)

    return spoil


def content(name: str, text: str | bytes) -> Spoil:
    return lambda f: (f / name).write_bytes(text.encode() if isinstance(text, str) else text)


def without(name: str) -> Spoil:
    return lambda f: (f / name).unlink()


def header(tensors: Any, *, length: int | None = None, data: int = 0) -> Spoil:
    """Write a safetensors file with a header that may lie."""
    text = (tensors if isinstance(tensors, str) else json.dumps(tensors)).encode()
    size = struct.pack("<Q", len(text) if length is None else length)
    return content("model.safetensors", size + text + b"\0" * data)


def replaced(name: str, make: Callable[[Path], object]) -> Spoil:
    def spoil(folder: Path) -> None:
        (folder / name).unlink()
        make(folder / name)

    return spoil


def pickled(name: str) -> Spoil:
    def spoil(folder: Path) -> None:
        (folder / "model.safetensors").unlink()
        (folder / name).write_bytes(pickle.dumps({"weights": [1.0]}))

    return spoil


def zipped(folder: Path) -> None:
    with zipfile.ZipFile(folder / "model.safetensors", "w") as archive:
        archive.writestr("../../escaped", "x")


def huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(200 * 2**20)


def shards(names: Any) -> Spoil:
    def spoil(folder: Path) -> None:
        (folder / "model.safetensors").unlink()
        index = {"weight_map": names} if not isinstance(names, str) else names
        text = index if isinstance(index, str) else json.dumps(index)
        (folder / "model.safetensors.index.json").write_text(text)

    return spoil


TYPES: tuple[Any, ...] = (7, "", "../x", "a\0", "é", "x" * 200)
SIZES: tuple[Any, ...] = (0, -1, "4", 4.0, True, None, 10**9, 10**400, [4])
WIDTHS: tuple[Any, ...] = (0, "32", None, 10**9)
CLASSES: tuple[Any, ...] = (
    *([], "ab", {"0": 1}, {"1": "a"}, {"x": "a"}),
    *({"0": "a", "2": "b"}, {"0": "a\n"}),
)
TENSOR = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}
DEEP = "[" * 100_000
MODELS: dict[str, tuple[Spoil, str]] = {
    "nothing": (shutil.rmtree, "no directory"),
    "no configuration": (without("config.json"), "config.json"),
    "no weights": (without("model.safetensors"), "safetensors"),
    "no tokenizer": (without("tokenizer.json"), "tokenizer.json"),
    **{
        f"pickled weights in {name}": (pickled(name), "pickles can run code")
        for name in ("pytorch_model.bin", "model.pt", "model.pth", "weights.bin")
    },
    "pickle called safetensors": (content("model.safetensors", pickle.dumps({"a": 1})), "header"),
    "zip called safetensors": (zipped, ""),
    "configuration of another language": (content("config.json", "model: bert"), "no JSON"),
    "configuration cut off": (content("config.json", '{"model_type": "be'), "no JSON"),
    "configuration in utf-16": (content("config.json", "{}".encode("utf-16")), ""),
    "configuration of bytes": (content("config.json", b"\xff\xfe\xfd"), ""),
    "configuration that is a list": (content("config.json", "[]"), "JSON object"),
    "configuration without end": (content("config.json", DEEP), "no JSON"),
    "configuration that is a folder": (replaced("config.json", Path.mkdir), "plain file"),
    "configuration that is a pipe": (replaced("config.json", os.mkfifo), "plain file"),
    "configuration of 200 MiB": (replaced("config.json", huge), "MiB"),
    "tokenizer that is a pipe": (replaced("tokenizer.json", os.mkfifo), "tokenizer.json"),
    "tokenizer of 200 MiB": (replaced("tokenizer.json", huge), "MiB"),
    "tokenizer without end": (content("tokenizer.json", DEEP), "no JSON"),
    "tokenizer that is a list": (content("tokenizer.json", "[]"), "JSON object"),
    "tokenizer that is a vocabulary": (content("tokenizer.json", "[PAD]\n[UNK]\n"), "no JSON"),
    "tokenizer of another model": (
        lambda f: [
            config(vocab_size=3)(f),
            content("tokenizer.json", '{"model": {"vocab": {"a": 0, "b": 3}}}')(f),
        ],
        "another model",
    ),
    "list of another model": (
        lambda f: [
            config(vocab_size=1)(f),
            content("tokenizer.json", '{"model": {"vocab": [["a", 0.0], ["b", 0.0]]}}')(f),
        ],
        "another model",
    ),
    "settings that are a pipe": (lambda f: os.mkfifo(f / "tokenizer_config.json"), "plain file"),
    "code of its own": (config(auto_map={"AutoModel": "evil.Model"}), "auto_map"),
    "tokenizer with code": (
        content("tokenizer_config.json", '{"auto_map": {"AutoTokenizer": "evil.T"}}'),
        "auto_map",
    ),
    "decoder": (config(is_decoder=True), "encoders"),
    "writer": (config(architectures=["LlamaForCausalLM"]), "encoders"),
    "encoder and decoder": (config(is_encoder_decoder=True), "encoders"),
    "no type": (config(model_type=None), "model_type"),
    **{f"type {v!r:.15}": (config(model_type=v), "model_type") for v in TYPES},
    **{f"layers {v!r:.15}": (config(num_hidden_layers=v), "num_hidden_layers") for v in SIZES},
    **{f"width {v!r:.15}": (config(hidden_size=v), "hidden_size") for v in WIDTHS},
    **{f"classes {v!r:.25}": (head(v), "id2label") for v in CLASSES},
    "weights of nothing": (content("model.safetensors", b""), "safetensors"),
    "weights of seven bytes": (content("model.safetensors", b"\0" * 7), "safetensors"),
    "header of exabytes": (header("", length=2**63), "too long"),
    "header longer than its file": (header({}, length=10_000), "cut off"),
    "header that is no JSON": (header("{'a': 1}"), "no JSON"),
    "header that is a list": (header([]), "JSON object"),
    "header without end": (header(DEEP), "no JSON"),
    "tensor that is a number": (header({"a": 7}), "header"),
    "tensor without a shape": (
        header({"a": {"dtype": "F32", "data_offsets": [0, 4]}}, data=4),
        "header",
    ),
    "tensor of negative shape": (header({"a": TENSOR | {"shape": [-1]}}, data=4), "shape"),
    "tensor of half a shape": (header({"a": TENSOR | {"shape": [0.5]}}, data=4), "shape"),
    "tensor of a strange type": (header({"a": TENSOR | {"dtype": 32}}, data=4), "header"),
    "tensor beyond the file": (header({"a": TENSOR | {"data_offsets": [0, 2**40]}}), "cut off"),
    "tensor that ends early": (header({"a": TENSOR}, data=3), "cut off"),
    "data that nobody owns": (header({"a": TENSOR}, data=1000), "cut off"),
    "shards elsewhere": (shards({"a": "../../secret.safetensors"}), "not in the directory"),
    "shards at the root": (shards({"a": "/etc/passwd"}), "not in the directory"),
    "shards that are missing": (shards({"a": "part-1.safetensors"}), "not in the directory"),
    "shards of nothing": (shards({}), "no weights"),
    "shards in a list": (shards([1]), "no weights"),
    "weights without tensors": (header({}), "empty"),
    "shards that are no JSON": (shards("{"), "no JSON"),
    "link to a secret": (
        replaced("config.json", lambda p: p.symlink_to("/etc/passwd")),
        "link that leaves",
    ),
    "link in circles": (replaced("config.json", lambda p: p.symlink_to(p)), "link"),
}


@pytest.mark.parametrize("case", MODELS.values(), ids=MODELS)
def test_a_bad_model_is_refused_with_the_reason(
    target: Any, refused: Callable[..., None], case: tuple[Spoil, str]
) -> None:
    spoil, says = case
    folder = shell_model(target.shared / f"model {next(SERIAL)}")
    spoil(folder)
    source = {"kind": "directory", "path": str(folder)}
    refused(target.http.post("/v1/models", json={"name": "bad", "source": source}), says)
    shutil.rmtree(folder, ignore_errors=True)


PATHS = {
    "elsewhere": "{outside}/model",
    "up and away": "{shared}/../outside/model",
    "the root": "/",
    "passwords": "/etc/passwd",
    "this process": "/proc/self",
    "memory": "/proc/self/mem",
    "zeros": "/dev/zero",
    "home": "~/model",
    "relative": "model",
    "nothing": "",
    "NUL": "{shared}/a\0b",
    "much too long": "{shared}/" + "x/" * 4000,
    "a name of 300": "{shared}/" + "x" * 300,
    "an address": "file://{shared}/teacher",
    "another machine": "//server/share",
    "not there": "{shared}/missing",
    "link": "{shared}/link",
    "link to a link": "{shared}/chain",
    "link in circles": "{shared}/circle",
    "beside": "{shared}-beside/model",
    "half a character": "{shared}/\ud800",
}


@pytest.fixture(scope="session")
def links(target: Any) -> None:
    (target.shared / "link").symlink_to(target.outside / "model")
    (target.shared / "link.csv").symlink_to(target.outside / "secret.csv")
    (target.shared / "chain").symlink_to(target.shared / "link")
    (target.shared / "circle").symlink_to(target.shared / "circle")
    (target.shared / "folder.csv").mkdir()
    os.mkfifo(target.shared / "pipe.csv")
    (target.shared / "zeros.csv").symlink_to("/dev/zero")


def _post(target: Any, path: str, body: Any) -> Any:
    """Send JSON that may hold what no encoding can."""
    headers = {"Content-Type": "application/json"}
    return target.http.post(path, content=json.dumps(body), headers=headers)


@pytest.mark.usefixtures("links")
@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_a_path_that_leads_elsewhere_is_refused(
    target: Any, refused: Callable[..., None], path: str
) -> None:
    path = path.replace("{shared}", str(target.shared)).replace("{outside}", str(target.outside))
    model = {"name": "bad", "source": {"kind": "directory", "path": path}}
    refused(_post(target, "/v1/models", model))
    refused(_post(target, "/v1/datasets/by-path", {"name": "bad", "path": path}))


@pytest.mark.usefixtures("links")
@pytest.mark.parametrize("name", ["link.csv", "folder.csv", "pipe.csv", "zeros.csv"])
def test_what_looks_like_a_file_is_refused(
    target: Any, refused: Callable[..., None], name: str
) -> None:
    body = {"name": "bad", "path": str(target.shared / name)}
    answer = _post(target, "/v1/datasets/by-path", body)
    refused(answer)
    assert "secret" not in answer.text.replace("secret.csv", "")


SOURCES: tuple[Any, ...] = (
    {"kind": "packaged", "package": "no-such-package"},
    {"kind": "packaged", "package": "../../etc"},
    {"kind": "packaged", "package": "os; rm -rf /"},
    {"kind": "packaged", "package": ""},
    {"kind": "packaged", "package": "pip"},
    {"kind": "packaged", "package": "x" * 10_000},
    {"kind": "hub", "repo_id": "../../etc"},
    {"kind": "hub", "repo_id": "google-bert/bert-base-uncased"},
    {"kind": "url", "path": "http://169.254.169.254/"},
    {"kind": "directory"},
    {"kind": "directory", "path": ["a"]},
    {},
    None,
    [],
    "teacher",
)


@pytest.mark.parametrize("source", SOURCES, ids=lambda s: f"{s!r:.60}")
def test_a_source_that_is_none_is_refused(
    target: Any, refused: Callable[..., None], source: Any
) -> None:
    refused(_post(target, "/v1/models", {"name": "bad", "source": source}))


def test_there_are_many() -> None:
    assert len(MODELS) + len(PATHS) + len(SOURCES) >= 100
