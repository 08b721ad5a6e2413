"""What a model directory holds, read from its headers: no weights are loaded, no code is run."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autodistill.errors import InvalidModel, Problem

MAX_HEADER = 100 * 2**20


@dataclass(frozen=True)
class Inspected:
    """Facts of a directory in Hugging Face layout."""

    sha256: str
    architecture: str
    num_layers: int
    hidden_size: int
    num_parameters: int
    tokenizer_sha256: str
    labels: tuple[str, ...]
    """Class names of its head, in order; empty when it has none."""


def inspect(folder: Path) -> Inspected:
    """Read a model's facts.

    Raises:
        InvalidModel: When configuration, safetensors weights or a fast tokenizer are missing or
            broken, or when the model wants to run code of its own.
    """
    config = _json(folder / "config.json")
    if "auto_map" in config:
        raise _refused("The model needs code of its own (`auto_map`), which is never run.")
    missing = [k for k in ("model_type", "num_hidden_layers", "hidden_size") if k not in config]
    if missing:
        raise _refused(f"config.json lacks {', '.join(missing)}; only encoders have them all.")
    weights = sorted(folder.glob("*.safetensors"))
    if not weights:
        found = ", ".join(sorted(p.name for p in folder.glob("*.bin"))) or "none"
        message = f"Weights must be safetensors (pickles: {found}); convert them with transformers."
        raise _refused(message)
    tokenizer = folder / "tokenizer.json"
    _json(tokenizer)
    headers = [_header(path) for path in weights]
    has_head = any(name.startswith(("classifier", "score")) for h in headers for name in h)
    labels = config.get("id2label", {}) if has_head else {}
    return Inspected(
        sha256=_sha256(folder / "config.json", tokenizer, *weights),
        architecture=str(config["model_type"]),
        num_layers=int(config["num_hidden_layers"]),
        hidden_size=int(config["hidden_size"]),
        num_parameters=sum(math.prod(t["shape"]) for h in headers for t in h.values()),
        tokenizer_sha256=_sha256(tokenizer),
        labels=tuple(str(labels[k]) for k in sorted(labels, key=int)),
    )


def _header(path: Path) -> dict[str, Any]:
    """Return the tensors that a safetensors file declares."""
    try:
        with path.open("rb") as file:
            size = int.from_bytes(file.read(8), "little")
            if size > MAX_HEADER:
                raise _refused(f"{path.name} is no safetensors file.")
            header: dict[str, Any] = json.loads(file.read(size))
    except (ValueError, RecursionError) as error:
        raise _refused(f"{path.name} is no safetensors file: {error}") from error
    return {name: tensor for name, tensor in header.items() if name != "__metadata__"}


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise _refused(f"The directory has no {path.name}.") from None
    except (ValueError, RecursionError) as error:
        raise _refused(f"{path.name} is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise _refused(f"{path.name} must hold an object.")
    return found


def _sha256(*paths: Path) -> str:
    """Return one hash over the contents of the files."""
    total = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()


def _refused(message: str) -> InvalidModel:
    return InvalidModel(Problem(field="source", message=message))
