"""Encoders of random weights, for a teacher that the service trains itself.

Written without torch: parameters are drawn by NumPy under the names that transformers gives them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autodistill.models.pixels import ImageReader

DEVIATION = 0.02
"""Of weights, as transformers draws them; biases are 0, scales of normalisations 1."""


def write_vit(  # each is a size of its own
    folder: Path,
    *,
    image_size: int,
    patch_size: int,
    num_channels: int,
    num_layers: int,
    hidden_size: int,
    num_heads: int,
    seed: int,
) -> None:
    """Write a vision transformer (Dosovitskiy et al., 2021) without a head, in float32."""
    from safetensors.numpy import save_file  # noqa: PLC0415  # where models are made only

    config: dict[str, Any] = {
        "model_type": "vit",
        "architectures": ["ViTModel"],
        "image_size": image_size,
        "patch_size": patch_size,
        "num_channels": num_channels,
        "num_hidden_layers": num_layers,
        "hidden_size": hidden_size,
        "num_attention_heads": num_heads,
        "intermediate_size": 4 * hidden_size,
        "hidden_dropout_prob": 0.0,
        "attention_probs_dropout_prob": 0.0,
    }
    rng = np.random.default_rng(seed)
    tensors = {name: _drawn(name, shape, rng) for name, shape in _shapes(config)}
    (folder / "config.json").write_text(json.dumps(config, indent=2))
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    ImageReader.of(config).save_pretrained(folder)


def _drawn(name: str, shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float32]:
    if name.endswith("bias"):
        return np.zeros(shape, dtype=np.float32)
    if "layernorm" in name:
        return np.ones(shape, dtype=np.float32)
    return (DEVIATION * rng.standard_normal(shape)).astype(np.float32)


def _shapes(config: dict[str, Any]) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield each parameter's name and shape."""
    width, inner = config["hidden_size"], config["intermediate_size"]
    edge = config["patch_size"]
    patches = math.prod([config["image_size"] // edge] * 2)
    yield "embeddings.cls_token", (1, 1, width)
    yield "embeddings.position_embeddings", (1, patches + 1, width)
    projection = "embeddings.patch_embeddings.projection"
    yield f"{projection}.weight", (width, config["num_channels"], edge, edge)
    yield f"{projection}.bias", (width,)
    for i in range(config["num_hidden_layers"]):
        linear: dict[str, tuple[int, ...]] = {f"attention.{x}_proj": (width, width) for x in "qkvo"}
        linear |= {"mlp.fc1": (inner, width), "mlp.fc2": (width, inner)}
        linear |= {"layernorm_before": (width,), "layernorm_after": (width,)}
        for name, shape in linear.items():
            yield f"layers.{i}.{name}.weight", shape
            yield f"layers.{i}.{name}.bias", shape[:1]
    yield "layernorm.weight", (width,)
    yield "layernorm.bias", (width,)
