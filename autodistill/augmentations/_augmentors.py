"""Networks that change inputs. Letters: B examples, T tokens, E width of embeddings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from autodistill.lazy import torch
from autodistill.models.device import device

NOISE, HIDDEN, POOLED = 8, 64, 8
"""Width of the noise, of the hidden layer, and edge of the image that is looked at."""


class Augmentor(Protocol):
    """Changes what student and teacher read, both alike."""

    modules: torch.nn.ModuleDict

    def __call__(
        self, theirs: torch.Tensor, own: torch.Tensor, radius: float
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the student's and the teacher's inputs, changed."""


def augmentor(theirs: Sequence[int], own: Sequence[int]) -> Augmentor:
    """Return a network for inputs of these shapes: pixels (B, 3, H, W) or embeddings (B, T, E)."""
    return AffineMap(theirs[1]) if len(theirs) == 4 else Shift(theirs[-1], own[-1])


class Shift:
    """Adds to each embedding a vector shorter than `radius` times its length."""

    def __init__(self, teacher_width: int, student_width: int) -> None:
        self.modules = torch.nn.ModuleDict({"read": torch.nn.Linear(teacher_width + NOISE, HIDDEN)})
        for width in {teacher_width, student_width}:
            self.modules[str(width)] = torch.nn.Linear(HIDDEN, width)
        self.modules.to(device())

    def __call__(
        self, theirs: torch.Tensor, own: torch.Tensor, radius: float
    ) -> tuple[torch.Tensor, torch.Tensor]:
        noise = torch.randn(*theirs.shape[:2], NOISE, device=theirs.device)
        seen = torch.nn.functional.layer_norm(theirs, theirs.shape[-1:])
        code = torch.tanh(self.modules["read"](torch.cat([seen, noise], dim=-1)))

        def shifted(vectors: torch.Tensor) -> torch.Tensor:
            way = self.modules[str(vectors.shape[-1])](code)
            bounded = way / (1 + way.norm(dim=-1, keepdim=True))
            length = vectors.detach().norm(dim=-1, keepdim=True)
            changed: torch.Tensor = vectors + radius * length * bounded
            return changed

        return shifted(own), shifted(theirs)


class AffineMap:
    """Moves, turns, scales and shears each image, by parameters within `radius` of the identity."""

    def __init__(self, channels: int) -> None:
        read = torch.nn.Linear(channels * POOLED**2 + NOISE, HIDDEN)
        self.modules = torch.nn.ModuleDict({"read": read, "head": torch.nn.Linear(HIDDEN, 6)})
        self.modules.to(device())

    def __call__(
        self, theirs: torch.Tensor, own: torch.Tensor, radius: float
    ) -> tuple[torch.Tensor, torch.Tensor]:
        functional = torch.nn.functional
        seen = functional.adaptive_avg_pool2d(theirs, POOLED).flatten(1)
        noise = torch.randn(len(theirs), NOISE, device=theirs.device)
        code = torch.tanh(self.modules["read"](torch.cat([seen, noise], dim=-1)))
        change_B23 = torch.tanh(self.modules["head"](code)).view(-1, 2, 3)
        map_B23 = torch.eye(2, 3, device=theirs.device) + radius * change_B23

        def moved(pixels: torch.Tensor) -> torch.Tensor:
            grid = functional.affine_grid(map_B23, list(pixels.shape), align_corners=False)
            return functional.grid_sample(pixels, grid, padding_mode="border", align_corners=False)

        return moved(own), moved(theirs)
