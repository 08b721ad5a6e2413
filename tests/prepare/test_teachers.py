from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from autodistill.augmentations.mixup import Mixup
from autodistill.models.encoders import load
from autodistill.models.ensemble import Ensemble, averaged, load_teacher
from autodistill.models.inputs import read_inputs
from autodistill.models.outputs import outputs, read_outputs
from autodistill.models.scale import Scale
from autodistill.optimisation import Training
from autodistill.prepare import _teacher, prepare
from autodistill.prepare._teacher import School
from autodistill.record import PreparedTask
from autodistill.spec import TeacherSpec
from autodistill.task import Task
from autodistill.teachers import AnyTeacher
from autodistill.teachers.ensemble import EnsembleTeacher
from autodistill.teachers.fine_tuned import FineTuned
from autodistill.teachers.mcmi import MCMI
from autodistill.testing.prepared import STUDENT, TEACHER, tiny_job, tiny_trial
from autodistill.testing.tiny import tiny_dataset, tiny_encoder, tiny_model
from autodistill.trial import TrialRun

Heard = list[tuple[str, dict[str, Any]]]


def prepared(
    folder: Path, preparation: AnyTeacher, task: Task = Task.TEXT_CLASSIFICATION
) -> tuple[PreparedTask, Heard]:
    dataset, path = tiny_dataset(folder / "data", task)
    teacher, heard = tiny_model(tiny_encoder(folder / "encoder")), Heard()
    spec = tiny_job(
        dataset, teacher, teacher=TeacherSpec(model=teacher.id, preparation=preparation)
    )
    done = prepare(
        spec,
        dataset,
        teacher,
        {STUDENT.label: None},
        dataset_path=path,
        root=folder,
        progress=lambda kind, data: heard.append((kind, data)),
    )
    return done, heard


def said(folder: Path, task: PreparedTask) -> np.ndarray:
    return outputs(load(folder), read_inputs(task.tokens, "dev")).logits_VC


def kept(task: PreparedTask) -> np.ndarray:
    return read_outputs(task.outputs, "dev", read_inputs(task.tokens, "dev")).logits_VC


def softmax(logits: np.ndarray) -> np.ndarray:
    raised = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares: np.ndarray = raised / raised.sum(axis=-1, keepdims=True)
    return shares


def spread(folder: Path, weight: float, **changes: Any) -> tuple[PreparedTask, list[float]]:
    """Return a task whose teacher was spread, and the information before each of its epochs."""
    first = TEACHER.model_copy(update={"num_epochs": 3})
    task, heard = prepared(folder, MCMI(training=first, weight=weight, **changes))
    return task, [data["cmi"] for kind, data in heard if kind == "teacher_spreading"]


def test_in_small_steps_information_grows_with_the_weight_at_equal_training(
    tmp_path: Path,
) -> None:
    """Training on changes it as well, so what the weight does shows against weight 0 alone."""
    small: dict[str, Any] = {"spreading_epochs": 6, "slowing": 0.02}
    told = [spread(tmp_path / str(w), w, **small)[1] for w in (0.0, 0.5, 2.0)]
    assert [len(each) for each in told] == [6, 6, 6]
    start, end = ([each[at] for each in told] for at in (0, -1))
    assert start[0] == start[1] == start[2], "They start from the same teacher."
    assert end[0] < end[1] < end[2]


def test_without_weight_mcmi_is_cross_entropy_to_the_bit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weightless, _ = spread(tmp_path / "weightless", 0.0)
    monkeypatch.setattr(School, "_information", lambda *_: (0.0, None))
    plain, _ = spread(tmp_path / "plain", 0.5)
    np.testing.assert_array_equal(kept(weightless), kept(plain))


def test_an_epoch_that_dev_does_not_bear_is_undone_and_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = TEACHER.model_copy(update={"num_epochs": 3})
    before, _ = prepared(tmp_path / "before", FineTuned(training=first))
    monkeypatch.setattr(_teacher, "TOLERATED", -2.0)  # no accuracy is so much better
    after, told = spread(tmp_path / "after", 0.5, spreading_epochs=4)
    assert len(told) == 1
    np.testing.assert_array_equal(kept(after), kept(before))


@pytest.mark.parametrize("average", ["probability", "logit"])
def test_an_ensemble_teaches_the_average_of_different_members(tmp_path: Path, average: Any) -> None:
    task, heard = prepared(
        tmp_path, EnsembleTeacher(training=TEACHER, num_members=2, average=average)
    )
    assert [data["member"] for kind, data in heard if kind == "teacher"] == [1, 2]
    ensemble = load_teacher(task.teacher, Scale())
    assert isinstance(ensemble, Ensemble)
    folders = sorted(tmp_path.glob("prepared/teacher-*"))
    one, other = (said(folder, task) for folder in folders)
    assert np.abs(one - other).max() > 0.1
    if average == "probability":
        expected = (softmax(one) + softmax(other)) / 2
    else:
        expected = softmax((one + other) / 2)
    np.testing.assert_allclose(softmax(kept(task)), expected, atol=1e-5)
    assert task.teacher_scores["num_parameters"] == sum(
        p.numel() for folder in folders for p in load(folder).parameters()
    )


def test_members_of_values_are_averaged_as_they_are(tmp_path: Path) -> None:
    task, _ = prepared(tmp_path, EnsembleTeacher(training=TEACHER), Task.TEXT_REGRESSION)
    one, other = (said(folder, task) for folder in sorted(tmp_path.glob("prepared/teacher-*")))
    np.testing.assert_allclose(kept(task), (one + other) / 2, rtol=1e-4)


def test_the_average_of_divergences_differs_from_that_of_the_mean_by_a_constant() -> None:
    """So averaging members' KL terms has the gradient of one KL to the probability average."""
    random = torch.Generator().manual_seed(0)
    members = torch.randn(3, 5, 4, generator=random).double()
    log_p = averaged(members, "probability").log_softmax(dim=-1)

    def gap(seed: int) -> torch.Tensor:
        student = torch.randn(5, 4, generator=torch.Generator().manual_seed(seed)).double()
        log_q = student.log_softmax(dim=-1)
        each = members.log_softmax(dim=-1)
        apart = (each.exp() * (each - log_q)).sum(dim=-1).mean(dim=0)
        return apart - (log_p.exp() * (log_p - log_q)).sum(dim=-1)

    torch.testing.assert_close(gap(1), gap(2))


def test_one_member_is_that_member() -> None:
    logits_BC = torch.randn(4, 3, generator=torch.Generator().manual_seed(0))
    for average in ("probability", "logit"):
        alone = averaged(logits_BC[None], average).softmax(dim=-1)
        torch.testing.assert_close(alone, logits_BC.softmax(dim=-1))


def test_live_teaching_hears_every_member(tmp_path: Path) -> None:
    task, _ = prepared(tmp_path, EnsembleTeacher(training=TEACHER))
    ensemble = load_teacher(task.teacher, Scale()).eval()
    batch = read_inputs(task.tokens, "dev").batch(np.arange(6))
    with torch.no_grad():
        by_ids = ensemble(**batch.inputs(ensemble)).logits
        vectors = batch.embedded(ensemble)
        by_vectors = ensemble(**batch.inputs_of(ensemble, vectors, batch.mask_BT)).logits
    torch.testing.assert_close(by_vectors, by_ids)
    quick = Training(learning_rate=5e-3, num_epochs=1, batch_size=8)
    slots: dict[str, Any] = {"augmentation": Mixup(), "intermediate": {"kind": "mse"}}
    run = TrialRun(task, tiny_trial(training=quick, **slots), tmp_path / "trial")
    assert len(list(run)) == 1
    assert run.finish().dev["accuracy"] > 0
