from __future__ import annotations

from typing import Any

import torch

from autodistill.regularizers.quant_noise import QuantNoise
from autodistill.testing.contracts.components import FACTS
from autodistill.testing.pools import random_pool


def test_the_noise_has_mean_zero_and_the_variance_of_rounding() -> None:
    torch.manual_seed(0)
    student: Any = torch.nn.Sequential(torch.nn.Linear(300, 200))
    student.device = torch.device("cpu")  # as a transformer has
    weight = student[0].weight.detach().clone()
    regularising = QuantNoise(bits=4, start=0.5).build(random_pool(FACTS))
    regularising.attach(student)
    student.train()
    regularising.penalty(student, {}, 0.49)
    assert torch.equal(student[0].weight, weight), "It has not set in."
    regularising.penalty(student, {}, 0.5)
    noise = student[0].weight.detach() - weight
    step = (weight.max() - weight.min()) / 15
    assert noise.abs().max() <= step / 2 * 1.0001
    assert abs(noise.mean()) < 4 * step / (12 * noise.numel()) ** 0.5
    assert abs(noise.var() / (step**2 / 12) - 1) < 0.02
    assert torch.equal(student.eval()[0].weight, weight), "It is off in evaluation."
