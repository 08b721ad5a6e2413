from __future__ import annotations

from pathlib import Path

import pytest

from autodistill.errors import LeaseLost
from autodistill.testing.prepared import tiny_task, tiny_trial
from autodistill.trial import TrialRun
from workers.folders import TrialFolders


def test_a_new_claim_takes_the_folders_of_the_last(tmp_path: Path) -> None:
    former = TrialFolders(tmp_path, "job_1", 1)
    former.of(0).mkdir()
    (former.of(0) / "checkpoint.pt").write_text("epoch 3")
    later = TrialFolders(tmp_path, "job_1", 4)
    assert (later.of(0) / "checkpoint.pt").read_text() == "epoch 3"
    assert not former.of(0).exists()


def test_a_claim_that_is_over_cannot_take_them_back(tmp_path: Path) -> None:
    TrialFolders(tmp_path, "job_1", 2)
    with pytest.raises(LeaseLost, match="Claim 1 of job job_1 is over; claim 2 goes on"):
        TrialFolders(tmp_path, "job_1", 1)


def test_what_a_sleeper_begins_late_is_deleted_at_the_next_claim(tmp_path: Path) -> None:
    former = TrialFolders(tmp_path, "job_1", 1)
    TrialFolders(tmp_path, "job_1", 2)
    former.of(5).mkdir(parents=True)
    TrialFolders(tmp_path, "job_1", 3)
    assert [p.name for p in (tmp_path / "trials" / "job_1").iterdir()] == ["3"]


def test_a_trial_that_wakes_up_late_leaves_its_successor_alone(tmp_path: Path) -> None:
    task, spec = tiny_task(tmp_path), tiny_trial()
    former = TrialFolders(tmp_path, "job_1", 1)
    asleep = TrialRun(task, spec, former.of(0))
    epochs = iter(asleep)
    next(epochs)
    later = TrialFolders(tmp_path, "job_1", 2)
    heir = TrialRun(task, spec, later.of(0))
    with pytest.raises(FileNotFoundError):
        next(epochs)
    assert [m.epoch for m in heir.history] == [1]
    assert [m.epoch for m in heir] == [2]
    assert heir.finish().student == later.of(0) / "student"
    assert not list(later.of(0).glob("*.tmp"))
