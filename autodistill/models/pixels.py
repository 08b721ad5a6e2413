"""Images of a split, resized once, memory-mapped. N examples, B batch, H edge, T patches.

The one place that says how an image becomes numbers: RGB or grey, bilinearly resized to the model's
edge, from [0, 255] to [-1, 1]. What is exported says the same to transformers.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autodistill.data.table import Split
from autodistill.lazy import torch
from autodistill.models.device import device

MODES = {1: "L", 3: "RGB"}
"""What Pillow calls images of so many channels."""
BILINEAR = 2
MIDDLE = 0.5


@dataclass(frozen=True)
class Pixels:
    """N images as a vision transformer reads them: a state for each patch, and one before them."""

    pixels_NCHH: NDArray[np.uint8]
    patch_size: int

    def __len__(self) -> int:
        return len(self.pixels_NCHH)

    @property
    def num_states(self) -> int:
        """T: patches and the class token."""
        return int(self.pixels_NCHH.shape[-1] // self.patch_size) ** 2 + 1

    @property
    def offsets(self) -> NDArray[np.int64]:
        """Where the packed states of each image begin."""
        return np.arange(len(self) + 1) * self.num_states

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Number of states of each image."""
        return np.full(len(self), self.num_states)

    @property
    def row_offsets(self) -> NDArray[np.int64]:
        """Each image is one row."""
        return np.arange(len(self) + 1)

    def rows(self, positions_B: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the rows of some images."""
        return positions_B

    def labels(self, split: Split) -> NDArray[Any]:
        """Return the labels of the rows."""
        return split.labels

    def tagging(self, names: Sequence[str]) -> None:
        """Return nothing: no words are tagged."""

    def batch(self, positions_B: NDArray[np.int64]) -> PixelBatch:
        """Return some images on the device."""
        raw = torch.from_numpy(np.ascontiguousarray(self.pixels_NCHH[positions_B])).to(device())
        where_BT = positions_B[:, None] * self.num_states + np.arange(self.num_states)
        mask_BT = torch.ones(where_BT.shape, dtype=torch.bool, device=device())
        return PixelBatch(
            (raw.float() / 255 - MIDDLE) / MIDDLE, mask_BT, where_BT.ravel(), positions_B
        )


@dataclass(frozen=True)
class PixelBatch:
    """Images on the device, in [-1, 1]; their tokens are their patches."""

    pixels_BCHH: torch.Tensor
    mask_BT: torch.Tensor
    """True everywhere."""
    where: NDArray[np.int64]
    """Positions of the states in packed arrays."""
    rows_V: NDArray[np.int64]
    scored_BT: None = None
    """Each image is one row."""

    def inputs(self, model: Any) -> dict[str, torch.Tensor]:
        """Return the keyword arguments of a model's forward pass."""
        return {"pixel_values": self.pixels_BCHH}

    def embedded(self, model: Any) -> torch.Tensor:
        """Return what a model reads as real numbers: the pixels, (B, C, H, H)."""
        return self.pixels_BCHH

    def inputs_of(
        self, model: Any, vectors: torch.Tensor, mask_BT: torch.Tensor
    ) -> dict[str, torch.Tensor]:
        """Return the keyword arguments that make a model read these pixels instead."""
        return {"pixel_values": vectors}


@dataclass(frozen=True)
class ImageReader:
    """What a tokenizer is for texts: how a model takes images."""

    edge: int
    patch_size: int
    num_channels: int

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> ImageReader:
        """Return how a model with this configuration takes images."""
        return cls(config["image_size"], config["patch_size"], config["num_channels"])

    def read(self, split: Split) -> Pixels:
        """Decode and resize the images of a split."""
        from PIL import Image  # noqa: PLC0415  # with images only

        edge, mode = self.edge, MODES[self.num_channels]
        assert split.images is not None
        pixels = np.empty((len(split), self.num_channels, edge, edge), dtype=np.uint8)
        for i, content in enumerate(split.images):
            with Image.open(io.BytesIO(content)) as image:
                small = image.convert(mode).resize((edge, edge), Image.Resampling(BILINEAR))
            pixels[i] = np.asarray(small).reshape(edge, edge, -1).transpose(2, 0, 1)
        return Pixels(pixels, self.patch_size)

    def save_pretrained(self, folder: Path) -> None:
        """Tell transformers the same."""
        settings = {
            "image_processor_type": "ViTImageProcessor",
            "do_resize": True,
            "size": {"height": self.edge, "width": self.edge},
            "resample": BILINEAR,
            "do_rescale": True,
            "rescale_factor": 1 / 255,
            "do_normalize": True,
            "image_mean": [MIDDLE] * self.num_channels,
            "image_std": [MIDDLE] * self.num_channels,
        }
        (folder / "preprocessor_config.json").write_text(json.dumps(settings, indent=2))
