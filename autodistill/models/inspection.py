"""What a model directory holds, read from its headers: no weights are loaded, no code is run."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autodistill.errors import InvalidModel, Problem

MAX_JSON = 64 * 2**20
"""Bytes of a header, configuration or tokenizer."""
MAX_SIZE = 100_000
"""Layers or hidden size beyond any encoder."""
LAYERS = ("num_hidden_layers", "n_layers", "encoder_layers")
WIDTH = ("hidden_size", "dim", "d_model")
ATTENTION = ("num_attention_heads", "n_heads", "encoder_attention_heads")
"""What configurations call them; the second is DistilBERT's, the third Marian's."""
PROJECTIONS = {
    "query": ("query", "q_lin", "q_proj", "q"),
    "key": ("key", "k_lin", "k_proj", "k"),
    "value": ("value", "v_lin", "v_proj", "v"),
}
"""What architectures call the linear layers of their self-attention."""
TRANSLATORS: dict[str, tuple[str, ...]] = {"marian": ("source.spm", "target.spm", "vocab.json")}
"""Architectures that translate, with the files of their tokenizers; all others must be encoders."""
OUTPUT_LAYERS = ("classifier", "score")
HEADS = ("SequenceClassification", "TokenClassification", "ImageClassification")
"""What the names of architectures end with."""
IMAGE_ARCHITECTURES = ("vit",)
"""What reads images; everything else reads texts."""
TOKENIZER_SETTINGS = (
    "do_lower_case",
    "strip_accents",
    "tokenize_chinese_chars",
    "add_prefix_space",
)
"""What of `tokenizer_config.json` overrules `tokenizer.json`."""


@dataclass(frozen=True)
class Inspected:
    """Facts of a directory in Hugging Face layout."""

    sha256: str
    """Of weights, configuration and tokenizer."""
    architecture: str
    num_layers: int
    hidden_size: int
    num_heads: int
    """Of its self-attention; 0 where queries, keys and values are not layers of their own."""
    num_parameters: int
    tokenizer_sha256: str
    """Equal for tokenizers that cut every text alike, to whatever length they cut or pad it; of
    image models, for those that cut every image into the same patches."""
    head: str
    """What transformers calls its head (`SequenceClassification`); empty when it has none."""
    labels: tuple[str, ...]
    """Class names of its head, in order; empty when it has none."""


def inspect(folder: Path) -> Inspected:
    """Read a model's facts.

    Raises:
        InvalidModel: When configuration, safetensors weights or a fast tokenizer are missing or
            broken, when it is no encoder, or when it wants to run code of its own.
    """
    config = read_json(folder / "config.json")
    settings_path = folder / "tokenizer_config.json"
    settings = read_json(settings_path) if settings_path.exists() else {}
    if "auto_map" in config or "auto_map" in settings:
        raise _refused("The model needs code of its own (`auto_map`), which is never run.")
    weights = list(_weights(folder))
    architecture = _architecture(config)
    if "image_size" in config:
        cuts, files = _patches_sha256(architecture, config, folder), [folder / "config.json"]
    else:
        tokenizer = _tokenizer(config, folder)
        cuts = (
            _sha256(*tokenizer)
            if architecture in TRANSLATORS
            else _tokenizer_sha256(read_json(tokenizer[0]), settings)
        )
        if architecture not in TRANSLATORS:
            _check_vocabulary(read_json(tokenizer[0]), config)
        files = [folder / "config.json", *tokenizer]
    tensors = {name: tensor for path in weights for name, tensor in _tensors(path).items()}
    if not tensors:
        raise _refused("The weights are empty; save the model with transformers.")
    headed = any(name.startswith(OUTPUT_LAYERS) for name in tensors)
    return Inspected(
        sha256=_sha256(*files, *weights, *([settings_path] if settings else [])),
        architecture=architecture,
        num_layers=_size(config, LAYERS),
        hidden_size=_size(config, WIDTH),
        num_heads=_size(config, ATTENTION) if _keeps_apart(tensors) else 0,
        # Whole numbers are buffers, such as positions.
        num_parameters=sum(
            math.prod(t["shape"]) for t in tensors.values() if t["dtype"].startswith(("F", "BF"))
        ),
        tokenizer_sha256=cuts,
        head=head(config) if headed else "",
        labels=_labels(config) if headed else (),
    )


def _tokenizer(config: Mapping[str, Any], folder: Path) -> list[Path]:
    """Return the files that cut a text."""
    names = TRANSLATORS.get(str(config.get("model_type")), ("tokenizer.json",))
    tokenizer = [folder / name for name in names]
    for path in tokenizer:
        if not path.is_file():
            way_out = "save it with transformers' tokenizer"
            raise _refused(f"The directory has no {path.name}; {way_out}.")
    return tokenizer


def _check_vocabulary(tokenizer: Mapping[str, Any], config: Mapping[str, Any]) -> None:
    """Refuse a tokenizer whose tokens have no embedding."""
    model, size = tokenizer.get("model"), config.get("vocab_size")
    vocabulary = model.get("vocab") if isinstance(model, dict) else None
    known = vocabulary.values() if isinstance(vocabulary, dict) else range(len(_listed(vocabulary)))
    largest = max((n for n in known if type(n) is int), default=-1)
    if type(size) is int and largest >= size:
        raise _refused(
            f"tokenizer.json has token {largest}, but the model embeds {size} tokens; "
            "it is the tokenizer of another model."
        )


def head(config: Mapping[str, Any]) -> str:
    """Return what transformers calls the head that a configuration names, or the usual one."""
    named = [h for h in HEADS for x in _listed(config.get("architectures")) if str(x).endswith(h)]
    return named[0] if named else HEADS[0]


def _architecture(config: Mapping[str, Any]) -> str:
    found = config.get("model_type")
    if not isinstance(found, str) or not re.fullmatch(r"[A-Za-z0-9_.-]{1,100}", found):
        raise _refused("config.json lacks a `model_type`; save the model with transformers.")
    if found in TRANSLATORS:
        return found
    generative = any(
        str(name).endswith(("ForCausalLM", "ForConditionalGeneration", "LMHeadModel"))
        for name in _listed(config.get("architectures"))
    )
    if generative or config.get("is_encoder_decoder") or config.get("is_decoder"):
        raise _refused(f"Only encoders can be used, such as BERT; this {found} writes text.")
    return found


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _size(config: Mapping[str, Any], names: tuple[str, ...]) -> int:
    found = next((config[name] for name in names if name in config), None)
    if type(found) is not int or not 1 <= found <= MAX_SIZE:
        message = f"config.json must say `{names[0]}`, a whole number from 1, got {found!r:.40}."
        raise _refused(f"{message} Only encoders are served.")
    return found


def _keeps_apart(tensors: Mapping[str, Any]) -> bool:
    parts = {part for name in tensors for part in name.split(".")}
    return all(parts.intersection(names) for names in PROJECTIONS.values())


def _labels(config: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the head's class names; transformers leaves them out when they are its default."""
    found = config.get("id2label", {"0": "LABEL_0", "1": "LABEL_1"})
    if isinstance(found, dict) and set(found) == {str(i) for i in range(len(found))}:
        labels = tuple(found[str(i)] for i in range(len(found)))
        if all(isinstance(label, str) and label.isprintable() for label in labels):
            return labels
    raise _refused("`id2label` in config.json must map 0, 1, 2, … to printable class names.")


def _weights(folder: Path) -> Iterator[Path]:
    """Yield the files that transformers would load."""
    whole, index = folder / "model.safetensors", folder / "model.safetensors.index.json"
    if whole.is_file():
        yield whole
    elif index.is_file():
        parts = read_json(index).get("weight_map")
        names = set(map(str, parts.values())) if isinstance(parts, dict) else set()
        if not names:
            raise _refused(f"{index.name} names no weights; save the model with transformers.")
        for name in sorted(names):
            if Path(name).name != name or not (folder / name).is_file():
                raise _refused(f"{index.name} names {name!r:.60}, which is not in the directory.")
            yield folder / name
    else:
        pickles = sorted(p.name for p in folder.glob("*.bin")) + sorted(
            p.name for p in folder.glob("*.pt*")
        )
        listed = f" It has {', '.join(pickles[:5])}: pickles can run code." if pickles else ""
        way_out = "Load and save it with transformers where you trust it."
        raise _refused(f"The directory has no model.safetensors.{listed} {way_out}")


def _tensors(path: Path) -> dict[str, Any]:
    """Return the tensors that a safetensors file declares, if its size bears them out."""
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        if size > MAX_JSON:
            raise _refused(f"{path.name} is no safetensors file; its header is too long.")
        header = _parsed(path.name, file.read(size))
    header.pop("__metadata__", None)
    try:
        for tensor in header.values():
            if not all(type(n) is int and n >= 0 for n in tensor["shape"]):
                raise ValueError("a shape")
            tensor["dtype"].upper()
        end = max((tensor["data_offsets"][1] for tensor in header.values()), default=0)
        complete = path.stat().st_size == 8 + size + end
    except (TypeError, KeyError, ValueError, AttributeError, IndexError) as error:
        raise _refused(f"{path.name} is no safetensors file: its header lacks {error}.") from error
    if not complete:
        raise _refused(f"{path.name} is cut off or damaged; fetch it again.")
    return header


def read_json(path: Path) -> dict[str, Any]:
    """Return the JSON object of a file.

    Raises:
        InvalidModel: When there is none, or it is too large.
    """
    try:
        if path.exists() and not path.is_file():  # a pipe would be waited on for ever
            raise _refused(f"{path.name} is no plain file.")
        if path.stat().st_size > MAX_JSON:
            raise _refused(f"{path.name} is larger than {MAX_JSON >> 20} MiB.")
        return _parsed(path.name, path.read_bytes())
    except FileNotFoundError:
        raise _refused(f"The directory has no {path.name}.") from None
    except OSError as error:
        raise _refused(f"{path.name} cannot be read: {error.strerror}.") from error


def _parsed(name: str, content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _refused(f"{name} is no JSON where it should be: {error}.") from error
    if not isinstance(found, dict):
        raise _refused(f"{name} must hold a JSON object.")
    return found


def _tokenizer_sha256(tokenizer: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    """Return the hash of what decides how a text is cut; length limits are set per job."""
    rules = {k: v for k, v in tokenizer.items() if k not in ("truncation", "padding")}
    chosen = {k: settings[k] for k in TOKENIZER_SETTINGS if settings.get(k) is not None}
    return hashlib.sha256(json.dumps([rules, chosen], sort_keys=True).encode()).hexdigest()


def _patches_sha256(architecture: str, config: Mapping[str, Any], folder: Path) -> str:
    """Return the hash of what decides how an image is cut."""
    if architecture not in IMAGE_ARCHITECTURES:
        served = ", ".join(IMAGE_ARCHITECTURES)
        raise _refused(f"Of image models only {served} is served, not {architecture}.")
    sizes = [config.get(name) for name in ("image_size", "patch_size", "num_channels")]
    whole = [size for size in sizes if type(size) is int and 1 <= size <= MAX_SIZE]
    if len(whole) < len(sizes) or whole[0] % whole[1] or whole[2] not in (1, 3):
        law = "image_size must be a multiple of patch_size, with 1 or 3 channels"
        raise _refused(f"{law}; got {sizes!r:.60} in config.json.")
    path = folder / "preprocessor_config.json"
    said = read_json(path) if path.exists() else {}
    for name in ("image_mean", "image_std"):
        if any(value != 0.5 for value in said.get(name) or ()):
            raise _refused(f"preprocessor_config.json must say {name} 0.5, got {said[name]!r:.60}.")
    return hashlib.sha256(json.dumps(["patches", *whole]).encode()).hexdigest()


def _sha256(*paths: Path) -> str:
    """Return one hash over the contents of the files."""
    total = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()


def _refused(message: str) -> InvalidModel:
    return InvalidModel(Problem(field="source", message=message))
