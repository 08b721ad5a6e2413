from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from autodistill.losses.softened_kl import SoftenedKL
from autodistill.planning import within_noise
from autodistill.record import Contender, JobResult, Score
from autodistill.spec import PipelineSpec
from workers.card import in_words, verdict


@pytest.mark.parametrize("seed", range(20))
def test_noise_is_judged_as_welchs_test_does(seed: int) -> None:
    rng = np.random.default_rng(seed)
    ours, theirs = rng.normal(0.9, 0.01, 3), rng.normal(0.88, 0.03, 5)
    expected = stats.ttest_ind(ours, theirs, equal_var=False).pvalue >= 0.05
    assert within_noise(list(ours), list(theirs)) == expected


def test_noise_at_its_limits() -> None:
    assert within_noise([0.9], [0.8, 0.8]) is None
    assert within_noise([0.9, 0.9], [0.9, 0.9]) is True
    assert within_noise([0.9, 0.9], [0.8, 0.8]) is False
    assert within_noise([0.7 / 3] * 3, [0.7 / 3] * 3) is True


@pytest.mark.parametrize(
    ("gain", "said"),
    [
        (0.0312, "Distillation gained 0.0312 over plain fine-tuning."),
        (-0.02, "Distillation did not help: plain fine-tuning is better by 0.0200."),
        (0.0, "Distillation made no difference to plain fine-tuning."),
    ],
)
def test_a_loss_is_called_a_loss(gain: float, said: str) -> None:
    score = Score(mean=0.5, sd=None, seeds=1)
    side = Contender(trial=0, student="s", pipeline=PipelineSpec(), dev=score, test=score)
    result = JobResult(
        metric="accuracy",
        teacher={},
        plain=side,
        best=side,
        gain=gain,
        within_noise=False,
        student={},
        artifact="",
    )
    assert verdict(result) == f"{said} That is more than the noise of seeds."


def test_a_pipeline_in_words_names_each_choice_and_its_settings() -> None:
    lines = list(in_words(PipelineSpec()))
    loss = next(line for line in lines if line.startswith("- **loss**"))
    assert "Hinton" in loss
    assert f"temperature {SoftenedKL().temperature:.3g}" in loss
    assert any(line.startswith("- **training**") and "batch size 32" in line for line in lines)
