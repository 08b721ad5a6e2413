from __future__ import annotations

import numpy as np
import pytest
import torch

from autodistill.errors import Diverged
from autodistill.models.fitting import POOL, Optimiser, batches, hard_loss, label_tensor
from autodistill.models.scale import Scale
from autodistill.optimisation import Training
from autodistill.task import Task


@pytest.mark.parametrize("number", [1, 7, 8, 9, 8 * POOL, 8 * POOL + 1, 1000])
def test_batches_hold_every_example_once_and_only_one_is_small(number: int) -> None:
    lengths = np.random.default_rng(0).integers(1, 50, number)
    found = batches(lengths, 8, np.random.default_rng(1))
    assert sorted(np.concatenate(found)) == list(range(number))
    assert len(found) == -(-number // 8)
    assert sum(len(b) < 8 for b in found) <= 1


def test_batches_hardly_pad() -> None:
    lengths = np.random.default_rng(0).geometric(1 / 25, 2000).clip(1, 128)
    found = batches(lengths, 32, np.random.default_rng(1))
    assert lengths.sum() / sum(lengths[b].max() * len(b) for b in found) > 0.9


def test_batches_differ_between_epochs_and_repeat_for_a_seed() -> None:
    lengths = np.random.default_rng(0).integers(1, 50, 300)
    one, same, other = (batches(lengths, 8, np.random.default_rng(s)) for s in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(one, same, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def courses(training: Training, num_examples: int, num_steps: int) -> list[float]:
    layer = torch.nn.Linear(2, 1)
    optimiser = Optimiser([layer], training, num_examples)
    rates = []
    for _ in range(num_steps):
        rates.append(optimiser.learning_rate)
        optimiser.step(layer(torch.ones(1, 2)).sum())
    return [*rates, optimiser.learning_rate]


def test_the_learning_rate_rises_peaks_and_ends_at_zero() -> None:
    training = Training(learning_rate=1e-2, num_epochs=2, batch_size=4, warmup_fraction=0.3)
    rates = courses(training, num_examples=19, num_steps=10)
    assert rates.index(max(rates)) == 3
    assert max(rates) == pytest.approx(1e-2)
    assert rates[0] > 0
    assert rates[-1] == 0.0


def test_without_warm_up_the_peak_is_the_first_step() -> None:
    training = Training(learning_rate=1e-2, num_epochs=1, batch_size=4, warmup_fraction=0.0)
    assert courses(training, num_examples=8, num_steps=2) == pytest.approx([1e-2, 5e-3, 0.0])


def test_vectors_are_not_decayed() -> None:
    layer = torch.nn.Linear(3, 3)
    torch.nn.init.constant_(layer.weight, 1.0)
    torch.nn.init.constant_(layer.bias, 1.0)
    training = Training(learning_rate=0.1, weight_decay=0.5, batch_size=1, warmup_fraction=0.0)
    Optimiser([layer], training, 10).step(0.0 * (layer.weight.sum() + layer.bias.sum()))
    assert layer.bias.tolist() == [1.0, 1.0, 1.0]
    torch.testing.assert_close(layer.weight, torch.full((3, 3), 0.95))


def test_steps_are_those_of_a_plain_loop() -> None:
    training = Training(learning_rate=0.01, weight_decay=0.0, num_epochs=1, warmup_fraction=0.0)
    ours, theirs = (torch.nn.Linear(4, 1) for _ in range(2))
    theirs.load_state_dict(ours.state_dict())
    optimiser = Optimiser([ours], training, 32 * 5)
    adamw = torch.optim.AdamW(theirs.parameters(), lr=0.01, weight_decay=0.0, fused=False)
    for step in range(5):
        inputs = torch.randn(8, 4, generator=torch.Generator().manual_seed(step))
        optimiser.step(ours(inputs).square().mean())
        adamw.param_groups[0]["lr"] = 0.01 * (5 - step) / 5
        adamw.zero_grad()
        theirs(inputs).square().mean().backward()
        torch.nn.utils.clip_grad_norm_(theirs.parameters(), 1.0)
        adamw.step()
    torch.testing.assert_close(ours.weight, theirs.weight)


def test_a_loss_that_is_not_finite_ends_training_with_a_sentence() -> None:
    layer = torch.nn.Linear(2, 1)
    with pytest.raises(Diverged, match=r"The loss is nan, .* lower the learning rate"):
        Optimiser([layer], Training(), 8).step(layer.weight.sum() * float("nan"))


def test_the_hard_loss_is_cross_entropy_or_squared_error() -> None:
    outputs, classes = torch.randn(4, 3), torch.tensor([0, 2, 1, 1])
    target = label_tensor(Task.TEXT_CLASSIFICATION, classes.numpy(), 3, Scale())
    torch.testing.assert_close(
        hard_loss(Task.TEXT_CLASSIFICATION, outputs, target),
        torch.nn.functional.cross_entropy(outputs, classes, reduction="none"),
    )
    values = np.array([3.0, 5.0])
    target = label_tensor(Task.TEXT_REGRESSION, values, 1, Scale(mean=4.0, deviation=2.0))
    zeros = torch.zeros(2, 1)
    assert hard_loss(Task.TEXT_REGRESSION, zeros, target).tolist() == [0.25, 0.25]
