"""The bounded function of a matrix's weights that weight compander trains through."""

from __future__ import annotations

from typing import Any, Protocol

from typing_extensions import override

from autodistill.lazy import torch

STEEPEST = 5.0
"""Slope at 0 above which b grows, since it multiplies the learning rate of small weights."""


class Settings(Protocol):
    """What the function depends on, see `WeightCompander`."""

    @property
    def power(self) -> float: ...
    @property
    def delta(self) -> float: ...
    @property
    def headroom(self) -> float: ...
    @property
    def learnt(self) -> bool: ...


def compander(settings: Settings, weight: torch.Tensor) -> Any:
    """Return psi for one matrix, a module with `forward` (v to w) and `right_inverse` (w to v)."""
    p, delta = settings.power, settings.delta
    floor = delta**p

    class Compander(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            a = settings.headroom * (weight.abs().max().clamp_min(1e-6))
            b = a * max(1.0, p * delta ** (p - 1) / STEEPEST)
            scales = torch.stack([a, b]).log()
            if settings.learnt:
                self.scales = torch.nn.Parameter(scales)
            else:
                self.register_buffer("scales", scales)

        @override
        def forward(self, v: torch.Tensor) -> torch.Tensor:
            a, b = self.scales.exp()
            w: torch.Tensor = a * v.sign() * torch.tanh((v.abs() / b + delta) ** p - floor)
            return w

        def right_inverse(self, w: torch.Tensor) -> torch.Tensor:
            a, b = self.scales.detach().exp()
            spread = (torch.atanh(w.abs() / a) + floor) ** (1 / p) - delta
            v: torch.Tensor = b * w.sign() * spread.clamp_min(0)
            return v

    return Compander()
