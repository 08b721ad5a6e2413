"""Quantization noise."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Le, Lt
from typing_extensions import override

from autodistill.component import Choice, Uniform
from autodistill.lazy import torch
from autodistill.pool import Pool
from autodistill.regularizers._base import Regularising, Regularizer, Unregularised


class QuantNoise(Regularizer, title="Quantization noise"):
    """Adds uniform noise of half a rounding step to weights, as b-bit rounding would (QuantNAS).

    `w + U(-step / 2, step / 2)` with `step = (max w - min w) / (2^bits - 1)` for each matrix; in
    evaluation weights are as they are. The idea is from the paper's abstract, the details are ours.
    It serves students that will be quantized.
    """

    cost: ClassVar[str] = "a random number for each weight at every step"
    kind: Literal["quant_noise"] = "quant_noise"
    bits: Annotated[int, Ge(2), Le(16), Choice((4, 6, 8))] = 8
    """Width of the whole numbers that are imitated."""
    start: Annotated[float, Ge(0), Lt(1), Uniform(0.0, 0.75)] = 0.5
    """Share of the training after which the noise sets in."""

    @override
    def build(self, pool: Pool) -> Regularising:
        return _Noisy(self.bits, self.start)


class _Noisy(Unregularised):
    def __init__(self, bits: int, start: float) -> None:
        self.bits, self.start = bits, start
        self.noises: list[Any] = []

    @override
    def attach(self, student: Any) -> None:
        parametrize = torch.nn.utils.parametrize
        for module in [m for m in student.modules() if isinstance(m, torch.nn.Linear)]:
            noise = _noise(self.bits)
            parametrize.register_parametrization(module, "weight", noise)
            self.noises.append(noise)

    @override
    def detach(self, student: Any) -> None:
        parametrize = torch.nn.utils.parametrize
        student.eval()
        for module in [m for m in student.modules() if parametrize.is_parametrized(m, "weight")]:
            parametrize.remove_parametrizations(module, "weight")

    @override
    def penalty(self, student: Any, inputs: dict[str, Any], progress: float) -> torch.Tensor:
        for noise in self.noises:
            noise.active = progress >= self.start
        return super().penalty(student, inputs, progress)


def _noise(bits: int) -> Any:
    class Noise(torch.nn.Module):
        active = False

        @override
        def forward(self, weight: torch.Tensor) -> torch.Tensor:
            if not (self.training and self.active):
                return weight
            with torch.no_grad():
                step = (weight.max() - weight.min()) / (2**bits - 1)
                shift = (torch.rand_like(weight) - 0.5) * step
            noisy: torch.Tensor = weight + shift
            return noisy

    return Noise()
