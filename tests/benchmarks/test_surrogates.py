from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn

from autodistill.component import Space, Uniform
from benchmarks import ignite, surrogates
from benchmarks.search.tables import Table


def network() -> nn.Sequential:
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1)).double()


def test_the_slope_of_the_norm_is_the_hessian_along_the_gradient() -> None:
    model, x = network(), torch.randn(20, 3, dtype=torch.float64)
    weights = [*model.parameters()]
    before = [w.detach().clone() for w in weights]
    norm, found = ignite.slope_of_norm(weights, lambda: model(x).square().mean(), radius=1e-4)
    assert all(torch.equal(w, b) for w, b in zip(weights, before, strict=True))

    gradients = torch.autograd.grad(model(x).square().mean(), weights, create_graph=True)
    length = torch.sqrt(sum((g.square().sum() for g in gradients), torch.zeros(())))
    exact = torch.autograd.grad(length, weights)
    assert norm == pytest.approx(float(length.detach()))
    for ours, theirs in zip(found, exact, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-2, atol=1e-3)


def test_a_flat_mean_has_no_slope() -> None:
    weights = [torch.zeros(3, requires_grad=True)]
    norm, found = ignite.slope_of_norm(weights, (0 * weights[0]).sum)
    assert norm == 0
    assert not found[0].any()


@pytest.mark.parametrize("bounded", [False, True])
def test_a_perceptron_learns_what_there_is_and_ignores_constant_columns(*, bounded: bool) -> None:
    rng = np.random.default_rng(0)
    rows = np.hstack([rng.normal(size=(300, 3)), np.full((300, 1), 7.0)])
    values = np.tanh(rows[:, 0]) - 0.5 * rows[:, 1]
    predict = ignite.fitted(rows[:200], values[:200], bounded=bounded)
    assert stats.spearmanr(predict(rows[200:]), values[200:]).statistic > 0.95
    far = rows[200:] + np.array([0, 0, 0, 5.0])
    np.testing.assert_array_equal(predict(far), predict(rows[200:]))


@pytest.fixture(scope="module")
def tasks() -> list[surrogates.Asked]:
    """Five tasks whose best setting moves with their feature."""
    rng = np.random.default_rng(0)
    configs, meta = rng.uniform(size=(80, 2)), np.linspace(0, 1, 5)[:, None]
    scores = -np.square(configs[None, :, 0] - meta) + 0.1 * configs[None, :, 1]
    space: Space = {name: Uniform(0, 1) for name in "ab"}
    table = Table(
        scores=scores[:, :, None],
        configs=configs,
        names=("a", "b"),
        space=space,
        tasks=tuple("tuvwx"),
        seconds=np.ones((5, 80)),
        meta=meta,
    )
    return surrogates.of_table(table, 40, seed=0)


MODELS = [name for name in surrogates.MODELS if name != "LambdaMART"]


def test_every_model_ranks_a_task_in_the_middle_of_others(tasks: list[surrogates.Asked]) -> None:
    past = [t.known for t in tasks if t is not tasks[2]]
    for name in MODELS:
        values = surrogates.MODELS[name](past, tasks[2])
        assert stats.spearmanr(values, tasks[2].reached).statistic > 0.5, name


def test_the_nested_choice_never_sees_the_group_it_is_judged_on(
    tasks: list[surrogates.Asked], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, set[str]]] = []

    def spy(past: Sequence[surrogates.Known], asked: surrogates.Asked) -> surrogates.Floats:
        seen.append((asked.known.group, {k.group for k in past}))
        return np.asarray(asked.reached if len(past) == 4 else -asked.reached)

    def blind(_: Sequence[surrogates.Known], asked: surrogates.Asked) -> surrogates.Floats:
        return np.zeros(len(asked.pool))

    monkeypatch.setattr(surrogates, "MODELS", {"blind": blind, "only outside": spy})
    found = surrogates.compare(tasks)
    assert all(group not in past for group, past in seen)
    assert {len(past) for _, past in seen} == {3, 4}
    np.testing.assert_array_equal(found["nested"], found["blind"])
    assert (found["only outside"][:, 0] == 1).all()


def test_two_groups_are_too_few_to_nest(tasks: list[surrogates.Asked]) -> None:
    with pytest.raises(ValueError, match="takes 3 groups of tasks; got 2"):
        surrogates.compare(tasks[:2])
