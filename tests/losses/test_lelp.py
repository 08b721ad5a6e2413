from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import rel_entr, softmax

from autodistill.activations import Said
from autodistill.losses._subclasses import Expanded, Splitting, null_space, subclasses
from autodistill.losses.lelp import LELP
from autodistill.losses.softened_kl import SoftenedKL
from autodistill.pool import Pool
from autodistill.spec import PipelineSpec
from autodistill.testing.contracts.components import FACTS
from autodistill.testing.pools import random_pool

DIRECTIONS = ("pca", "random", "kmeans")
RNG = np.random.default_rng(0)
WEIGHTS_CE = RNG.normal(size=(3, 16)).astype(np.float32)


def linear_pool(size: int = 300) -> Pool:
    """Return a pool whose logits are linear in its features, as an output layer makes them."""
    pool = random_pool(FACTS, num_examples=size)
    return replace(pool, logits_VC=pool.features_VE @ WEIGHTS_CE.T + np.float32(0.5))


def said(seed: int, rows: int = 7) -> Said:
    random = torch.Generator().manual_seed(seed)
    features_VE = torch.randn(rows, 16, generator=random)
    return Said(torch.randn(rows, 3, generator=random), features_VE, {})


def expanded(pool: Pool, weight: float = 1.0, **how: Any) -> Expanded:
    torch.manual_seed(0)
    usual: dict[str, Any] = {"num": 4, "directions": "pca", "temperature": 1.0}
    return Expanded(SoftenedKL(temperature=1.0), Splitting(**usual | how), 1.0, weight, pool)


def test_what_the_output_layer_sees_is_taken_out() -> None:
    pool = linear_pool()
    unseen = null_space(pool.features_VE.astype(float), pool.logits_VC.astype(float))
    np.testing.assert_allclose(WEIGHTS_CE @ unseen, 0, atol=1e-5)
    np.testing.assert_allclose(unseen @ unseen, unseen, atol=1e-10)
    assert np.linalg.matrix_rank(unseen, tol=0.5) == 16 - 3


@pytest.mark.parametrize("directions", DIRECTIONS)
def test_subclass_logits_do_not_depend_on_what_the_output_layer_sees(directions: Any) -> None:
    built = expanded(linear_pool(), directions=directions)
    features_VE = said(1).features_VE
    moved_VE = features_VE + torch.randn(7, 3) @ torch.from_numpy(WEIGHTS_CE)
    torch.testing.assert_close(built.taught(moved_VE), built.taught(features_VE), atol=1e-3, rtol=0)
    assert built.taught(features_VE).std() > 0.1


def test_the_loss_is_the_divergence_of_all_subclasses_at_once() -> None:
    built, student, teacher = expanded(linear_pool()), said(1), said(2)
    with torch.no_grad():
        found_V = built(student, teacher, torch.zeros(7, 3))
        learnt = built.modules.head(student.features_VE).view(7, 3, 4).double().numpy()
        taught = built.taught(teacher.features_VE).double().numpy()
    p, q = (softmax(x.logits_VC.double().numpy(), axis=1)[:, :, None] for x in (teacher, student))
    all_p, all_q = p * softmax(taught, axis=2), q * softmax(learnt, axis=2)
    np.testing.assert_allclose(all_p.sum(axis=2), p[:, :, 0])  # marginalised, it is the teacher
    np.testing.assert_allclose(found_V, rel_entr(all_p, all_q).sum(axis=(1, 2)), rtol=1e-4)


def test_one_subclass_is_plain_distillation() -> None:
    built = expanded(linear_pool(), num=1)
    found_V = built(said(1), said(2), torch.zeros(7, 3))
    expected_V = SoftenedKL(temperature=1.0)(
        said(1).logits_VC, said(2).logits_VC, torch.zeros(7, 3)
    )
    torch.testing.assert_close(found_V, expected_V)


def test_without_weight_it_is_plain_distillation_at_any_temperature() -> None:
    built = LELP(subclass_weight=0.0, temperature=3.0).build(linear_pool())
    found_V = built(said(1), said(2), torch.zeros(7, 3))
    plain = SoftenedKL(temperature=3.0)
    torch.testing.assert_close(
        found_V, plain(said(1).logits_VC, said(2).logits_VC, torch.zeros(7, 3))
    )


def test_the_order_of_subclasses_does_not_matter() -> None:
    built = expanded(linear_pool())
    expected_V = built(said(1), said(2), torch.zeros(7, 3))
    order_S = torch.tensor([2, 0, 3, 1])
    head = built.modules.head
    with torch.no_grad():
        built.modules.directions_CES.copy_(built.modules.directions_CES[:, :, order_S])
        built.modules.offsets_CS.copy_(built.modules.offsets_CS[:, order_S])
        head.weight.copy_(head.weight.view(3, 4, -1)[:, order_S].flatten(0, 1))
        head.bias.copy_(head.bias.view(3, 4)[:, order_S].flatten())
    torch.testing.assert_close(built(said(1), said(2), torch.zeros(7, 3)), expected_V)


def test_principal_axes_hold_the_most_variance_and_rotation_shares_it() -> None:
    pool = linear_pool()
    features = pool.features_VE.astype(float)
    features[:, 10] *= 30  # one axis would outshine the others
    pool = replace(pool, read_features=lambda: features.astype(np.float32))
    found = subclasses(pool, 4, "pca")
    for label in range(3):
        mine = features[pool.labels_V == label]
        logits = mine @ found.directions_CES[label] + found.offsets_CS[label]
        assert (logits - logits.mean(axis=1, keepdims=True)).std() == pytest.approx(1)
        np.testing.assert_allclose(logits.mean(axis=0), 0, atol=1e-4)  # of its own class
        unseen = null_space(features, pool.logits_VC.astype(float))
        leading = np.linalg.svd((mine - mine.mean(axis=0)) @ unseen)[2][0]
        assert (np.abs(leading @ found.directions_CES[label]) > 0).all()  # each has its part


def test_centroids_are_nearer_the_larger_their_logit() -> None:
    pool = linear_pool()
    found = subclasses(pool, 2, "kmeans")
    mine = pool.features_VE[pool.labels_V == 1].astype(float)
    logits = mine @ found.directions_CES[1] + found.offsets_CS[1]
    first = logits.argmax(axis=1) == 0
    residual = (mine - mine.mean(axis=0)) @ null_space(
        pool.features_VE.astype(float), pool.logits_VC.astype(float)
    )
    centres = np.stack([residual[first].mean(axis=0), residual[~first].mean(axis=0)])
    nearest = np.square(residual[:, None] - centres).sum(axis=2).argmin(axis=1)
    np.testing.assert_array_equal(nearest == 0, first)  # k-means is at rest


@pytest.mark.parametrize("directions", DIRECTIONS)
def test_the_same_pool_has_the_same_subclasses(directions: Any) -> None:
    one, same = (subclasses(linear_pool(), 4, directions) for _ in range(2))
    np.testing.assert_array_equal(one.directions_CES, same.directions_CES)
    np.testing.assert_array_equal(one.offsets_CS, same.offsets_CS)


def test_a_class_of_too_few_examples_is_not_split() -> None:
    pool = random_pool(FACTS, num_examples=9)
    assert not subclasses(pool, 4, "pca").directions_CES.any()
    found_V = expanded(pool)(said(1), said(2), torch.zeros(7, 3))
    assert torch.isfinite(found_V).all()


def test_too_many_subclasses_are_refused() -> None:
    many = FACTS.model_copy(update={"num_outputs": 30})
    (problem,) = PipelineSpec(loss=LELP(subclasses=8)).problems(many)
    assert problem.field == "loss"
    assert problem.message == (
        "lelp has at most 200 subclasses in all; got 240, 8 for each of 30 classes."
    )
    assert PipelineSpec(loss=LELP(subclasses=4)).problems(many) == []
    assert LELP.unsuitable(FACTS.model_copy(update={"num_outputs": 101})) == (
        "lelp has at most 200 subclasses in all; got 202, 2 for each of 101 classes."
    )
