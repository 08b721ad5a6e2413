"""What models read: tokens of texts, or pixels of images."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from autodistill.data.table import Split
from autodistill.models.pixels import ImageReader, PixelBatch, Pixels
from autodistill.models.tokens import TokenBatch, Tokens, read_tokens, tokenise, write_tokens

Inputs: TypeAlias = Tokens | Pixels
Batch: TypeAlias = TokenBatch | PixelBatch


def taken(reader: Any, split: Split, max_length: int) -> Inputs:
    """Return a split as a model takes it, by its tokenizer or image reader."""
    if isinstance(reader, ImageReader):
        return reader.read(split)
    return tokenise(reader, split, max_length)


def write_inputs(inputs: Inputs, folder: Path, split: str) -> None:
    """Write one split's arrays."""
    if isinstance(inputs, Tokens):
        write_tokens(inputs, folder, split)
    else:
        np.save(folder / f"{split}.pixels.npy", inputs.pixels_NCHH)
        np.save(folder / f"{split}.patch_size.npy", inputs.patch_size)


def read_inputs(folder: Path, split: str) -> Inputs:
    """Map one split's arrays into memory."""
    pixels = folder / f"{split}.pixels.npy"
    if not pixels.exists():
        return read_tokens(folder, split)
    patch_size = int(np.load(folder / f"{split}.patch_size.npy"))
    return Pixels(np.load(pixels, mmap_mode="r"), patch_size)
