"""What the API looks at and no more: a model without weights, and a small table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file


def shell_model(
    folder: Path,
    *,
    num_layers: int = 4,
    labels: Sequence[str] = (),
    vocabulary: str = "words",
) -> Path:
    """Write a directory that passes for an encoder, and return it; it cannot be loaded.

    Args:
        folder: Where it goes.
        num_layers: Transformer layers that it claims to have.
        labels: Classes of its head; none without one.
        vocabulary: Equal for models that share a tokenizer.
    """
    folder.mkdir(parents=True)
    config = {
        "model_type": "bert",
        "num_hidden_layers": num_layers,
        "hidden_size": 32,
        "num_attention_heads": 2,
        "id2label": {str(i): label for i, label in enumerate(labels)},
    }
    names = ("embeddings", *(f"layer.0.{part}" for part in ("query", "key", "value")))
    tensors = {f"{name}.weight": np.zeros((10, 32), np.float32) for name in names}
    if labels:
        tensors["classifier.weight"] = np.zeros((len(labels), 32), np.float32)
    save_file(tensors, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "tokenizer.json").write_text(json.dumps({"vocabulary": vocabulary}))
    return folder


def reviews(path: Path, num_rows: int = 60) -> Path:
    """Write a CSV file of texts with the labels `bad` and `good`, and return it."""
    rows = (f"it was {'fine' if i % 2 else 'poor'} in {i} ways" for i in range(num_rows))
    lines = [f"{text},{'good' if i % 2 else 'bad'}" for i, text in enumerate(rows)]
    path.write_text("\n".join(["text,label", *lines]))
    return path
