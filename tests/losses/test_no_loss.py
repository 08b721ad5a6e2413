from __future__ import annotations

import torch

from autodistill.losses.none import NoLoss
from autodistill.optimisation import Training
from autodistill.spec import plain_fine_tuning


def test_without_a_loss_nothing_is_learnt_from_the_teacher() -> None:
    assert NoLoss().kd_weight == 0
    assert NoLoss()(torch.ones(3, 2), torch.zeros(3, 2), torch.zeros(3, 2)).tolist() == [0, 0, 0]
    assert not plain_fine_tuning(Training()).distils
