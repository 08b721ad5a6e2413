"""What memory a trial is expected to take, and takes."""

from __future__ import annotations

import gc
from pathlib import Path

import numpy as np
import pytest
import torch

from autodistill.models import memory
from autodistill.models.encoders import load
from autodistill.models.inputs import read_inputs
from autodistill.models.speaking import Speaker
from autodistill.record import PreparedTask
from autodistill.testing.prepared import STUDENT, tiny_trial
from autodistill.trial import TrialRun
from autodistill.trial._learner import Learner
from autodistill.trial._memory import FINEST

MIB = 2**20


def test_the_peak_is_what_was_taken_since_it_was_forgotten() -> None:
    taken = [np.ones(128 * MIB, dtype=np.uint8)]
    high = memory.peak_bytes()
    taken.clear()
    memory.forget_peak()
    low = memory.peak_bytes()
    assert high - low > 100 * MIB
    taken.append(np.ones(64 * MIB, dtype=np.uint8))
    assert memory.peak_bytes() - low > 50 * MIB
    assert memory.taken_bytes() <= memory.peak_bytes()
    assert 0 < memory.free_bytes() < 2**50


def test_a_batch_keeps_as_much_for_each_example(task: PreparedTask) -> None:
    student = load(task.students[STUDENT.label]).train()
    tokens = read_inputs(task.student_tokens[STUDENT.label], "train")
    state = torch.get_rng_state()
    exact, low = (
        [
            Speaker(student, low_precision=low).remembers(
                tokens.batch(np.zeros(n, dtype=np.int64)).inputs(student)
            )
            for n in (1, 2, 3)
        ]
        for low in (False, True)
    )
    assert exact[2] - exact[1] == pytest.approx(exact[1] - exact[0], rel=0.05)
    assert low[2] - low[1] < exact[2] - exact[1]
    assert torch.equal(state, torch.get_rng_state())


def test_where_memory_is_short_a_trial_begins_in_slices(
    task: PreparedTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Learner(task, tiny_trial())
    assert whole._speaker.slices == 1
    monkeypatch.setattr("autodistill.trial._memory.free_bytes", lambda: 0.0)
    assert Learner(task, tiny_trial())._speaker.slices == FINEST


def test_both_are_told_of_each_epoch(task: PreparedTask, tmp_path: Path) -> None:
    for measurement in TrialRun(task, tiny_trial(), tmp_path):
        taken, predicted = (
            measurement.values[name] for name in ("memory_mib", "predicted_memory_mib")
        )
        assert predicted == pytest.approx(taken, rel=0.5)


def test_a_trial_gives_everything_back(task: PreparedTask, tmp_path: Path) -> None:
    def alive() -> int:
        gc.collect()
        return sum(type(x) in (torch.Tensor, torch.nn.Parameter) for x in gc.get_objects())

    def attempt(folder: Path) -> None:
        run = TrialRun(task, tiny_trial(), folder)
        assert list(run)
        run.finish()

    attempt(tmp_path / "first")  # what is imported along the way stays
    before = alive()
    attempt(tmp_path / "second")
    assert alive() == before
