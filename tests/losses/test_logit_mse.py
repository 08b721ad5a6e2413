from __future__ import annotations

import numpy as np
import torch

from autodistill.losses.logit_mse import LogitMSE
from autodistill.task import EVERY_TASK


def test_it_is_the_mean_squared_difference() -> None:
    student_BC, teacher_BC = torch.randn(2, 6, 4, generator=torch.Generator().manual_seed(0))
    found_B = LogitMSE()(student_BC, teacher_BC, torch.zeros(6, 4))
    expected = np.mean((student_BC.numpy() - teacher_BC.numpy()) ** 2, axis=1)
    np.testing.assert_allclose(found_B, expected, rtol=1e-5)


def test_it_serves_regression_as_the_squared_error_of_scores() -> None:
    assert LogitMSE.tasks == EVERY_TASK
    found_B = LogitMSE()(
        torch.tensor([[1.0], [-2.0]]), torch.tensor([[3.0], [-2.0]]), torch.ones(2, 1)
    )
    assert found_B.tolist() == [4.0, 0.0]
