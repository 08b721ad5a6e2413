"""What a trial learns from: the objective, the examples, and what the teacher says of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers

from autodistill.activations import Activation, Said
from autodistill.augmentations.mixup import Mixup
from autodistill.data.table import Split, read_split
from autodistill.models.encoders import load
from autodistill.models.lessons import Lesson
from autodistill.models.scale import Scale
from autodistill.models.speaking import Speaker
from autodistill.record import PreparedTask
from autodistill.spec import TrialSpec
from autodistill.task import Task
from autodistill.testing.prepared import QUICK, tiny_trial
from autodistill.trial._examples import Examples, examples
from autodistill.trial._learner import Learner
from autodistill.trial._teaching import Teaching


def without_dropout(task: PreparedTask, tmp_path: Path) -> PreparedTask:
    model = load(task.students["cut-2"])
    model.config.hidden_dropout_prob = model.config.attention_probs_dropout_prob = 0.0
    model.save_pretrained(tmp_path)
    for path in task.students["cut-2"].glob("tokenizer*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return task.model_copy(update={"students": {"cut-2": tmp_path}})


def naive_losses(task: PreparedTask, weight: float, beta: float, steps: int) -> list[float]:
    """Distil with nothing but transformers: full batches, the teacher at each step."""
    auto: Any = transformers.AutoModelForSequenceClassification
    teacher, student = (
        auto.from_pretrained(task.teacher),
        auto.from_pretrained(task.students["cut-2"]),
    )
    teacher.eval()
    split = read_split(task.dataset, "train")
    coded = transformers.AutoTokenizer.from_pretrained(task.teacher)(
        split.texts, truncation=True, max_length=32, padding=True, return_tensors="pt"
    )
    labels, mask = torch.tensor(split.labels), coded["attention_mask"]
    optimiser = torch.optim.AdamW(student.parameters(), lr=1e-3, weight_decay=0.0)
    losses = []
    for step in range(steps):
        optimiser.param_groups[0]["lr"] = 1e-3 * (steps - step) / steps
        with torch.no_grad():
            said = teacher(**coded, output_hidden_states=True)
        out = student(**coded, output_hidden_states=True)
        hard = torch.nn.functional.cross_entropy(out.logits, labels)
        soft = 4.0 * torch.nn.functional.kl_div(
            torch.log_softmax(out.logits / 2, dim=1),
            torch.log_softmax(said.logits / 2, dim=1),
            log_target=True,
            reduction="batchmean",
        )
        hidden = 0.0
        for mine, theirs in ((0, 0), (1, 2), (2, 4)):
            gap = (out.hidden_states[mine] - said.hidden_states[theirs]).square().mean(dim=-1)
            hidden = hidden + ((gap * mask).sum(dim=1) / mask.sum(dim=1)).mean()
        loss = (1 - weight) * hard + weight * soft + beta * hidden
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        torch.nn.utils.clip_grad_norm_(student.parameters(), 1.0)
        optimiser.step()
        losses.append(loss.item())
    return losses


def test_losses_are_those_of_a_naive_loop(task: PreparedTask, tmp_path: Path) -> None:
    still = without_dropout(task, tmp_path)
    training = QUICK.model_copy(
        update={"batch_size": 96, "num_epochs": 3, "learning_rate": 1e-3, "weight_decay": 0.0}
    )
    spec = tiny_trial(
        loss={"kind": "softened_kl", "weight": 0.6, "temperature": 2.0},
        intermediate={"kind": "mse", "weight": 0.2},
        training=training,
    )
    learner = Learner(still, spec)
    ours = [learner.epoch(epoch)["total"] for epoch in range(3)]
    naive = naive_losses(still, weight=0.6, beta=0.2, steps=3)
    assert ours[0] == pytest.approx(naive[0], abs=1e-5)
    assert ours == pytest.approx(naive, abs=2e-4)  # early steps of Adam amplify float16 states


STATES = (Activation("hidden", 0), Activation("hidden", 4))


def gathered(task: PreparedTask, **slots: Any) -> tuple[Examples, Split]:
    split = read_split(task.dataset, "train")
    return examples(task, tiny_trial(**slots), STATES, Scale(), split), split


def test_every_available_example_is_there_once(task: PreparedTask) -> None:
    found, split = gathered(task)
    assert found.ids_V.tolist() == found.chosen_K.tolist() == list(range(len(split)))


def test_only_what_the_job_uses_and_the_selection_keeps_is_there(task: PreparedTask) -> None:
    some = task.model_copy(update={"train_positions": tuple(range(0, 96, 3))})
    found, _ = gathered(some, selection={"kind": "random", "keep_fraction": 0.5})
    assert len(found.chosen_K) == 16
    assert set(found.chosen_K.tolist()) <= set(some.train_positions or ())
    assert np.isfinite(found.outputs.logits_VC[found.chosen_K]).all()


def test_rewritten_copies_follow_their_originals_with_the_teachers_word_on_them(
    task: PreparedTask,
) -> None:
    found, split = gathered(task, augmentation={"kind": "random_edits", "copies": 2})
    number = len(split)
    assert found.ids_V.tolist() == [*range(number), *np.repeat(np.arange(number), 2)]
    assert torch.equal(
        found.label_VC[found.ids_V].argmax(1), torch.tensor(split.labels[found.ids_V])
    )
    teacher, rows = load(task.teacher).eval(), found.chosen_K[[0, number, number + 1]]
    batch = found.tokens.batch(rows)
    with torch.no_grad():
        out = teacher(output_hidden_states=True, **batch.inputs(teacher))
    np.testing.assert_allclose(found.outputs.logits_VC[rows], out.logits, atol=1e-5)
    states = out.hidden_states[4] * batch.mask_BT[:, :, None]
    torch.testing.assert_close(found.outputs.padded(STATES[1], batch), states, atol=5e-3, rtol=1e-3)


def test_copies_are_shared_by_trials_whatever_their_seed_and_selection(
    task: PreparedTask,
) -> None:
    slots = {"augmentation": {"kind": "random_edits", "edit_fraction": 0.3}}
    split = read_split(task.dataset, "train")
    whole = examples(task, tiny_trial(0, **slots), (), Scale(), split)
    caches = sorted(task.outputs.parent.glob("copies-*"))
    slots["selection"] = {"kind": "random", "keep_fraction": 0.25}
    part = examples(task, tiny_trial(1, **slots), (), Scale(), split)
    assert sorted(task.outputs.parent.glob("copies-*")) == caches
    assert len(part.chosen_K) == 48
    assert set(part.chosen_K.tolist()) <= set(whole.chosen_K.tolist())


def lessons(task: PreparedTask, augmentation: Mixup) -> tuple[Lesson, Lesson, Examples]:
    """Return the same examples taught from the cache and mixed."""
    found, _ = gathered(task)
    rows = np.array([3, 1, 4, 15, 9, 2, 6, 5])
    student = Speaker(load(task.students["cut-2"]).eval())
    teaching = Teaching(found, STATES, Scale(), lambda: load(task.teacher))
    scene = teaching.scene(student, rows, found.label_VC[found.ids_V[rows]])
    return scene.plain(), augmentation.build(found.pool)(scene, np.random.default_rng(0)), found


def test_mixing_nothing_is_the_cached_lesson(task: PreparedTask) -> None:
    cached, mixed, _ = lessons(task, Mixup(mixed_fraction=0.0))
    assert torch.equal(mixed.target_VC, cached.target_VC)
    assert torch.equal(mixed.student_mask_BT, cached.student_mask_BT)
    torch.testing.assert_close(
        mixed.teacher.logits_VC, cached.teacher.logits_VC, atol=1e-5, rtol=1e-5
    )
    real = cached.student_mask_BT
    torch.testing.assert_close(
        mixed.teacher.features_VE, cached.teacher.features_VE, atol=5e-3, rtol=1e-3
    )
    for state in STATES:
        live, kept = mixed.teacher.states[state][real], cached.teacher.states[state][real]
        torch.testing.assert_close(live, kept, atol=5e-3, rtol=1e-3)


def test_mixed_examples_have_the_targets_and_tokens_of_both_parents(task: PreparedTask) -> None:
    cached, mixed, _ = lessons(task, Mixup(mixed_fraction=1.0, beta=1.0))
    torch.testing.assert_close(mixed.target_VC.sum(dim=1), torch.ones(8))
    assert ((mixed.target_VC > 0) & (mixed.target_VC < 1)).any()
    assert (mixed.student_mask_BT >= cached.student_mask_BT).all()
    assert not torch.allclose(mixed.teacher.logits_VC, cached.teacher.logits_VC, atol=1e-3)
    assert mixed.inputs["inputs_embeds"].requires_grad
    assert not mixed.teacher.logits_VC.requires_grad


def test_texts_cut_into_other_tokens_are_compared_by_their_means_or_first_tokens() -> None:
    mine, theirs = torch.randn(2, 3, 4), torch.randn(2, 5, 4)
    lesson = Lesson(
        inputs={},
        scored_BT=None,
        student_mask_BT=torch.tensor([[True, True, False], [True, True, True]]),
        teacher_mask_BT=torch.tensor([[True] * 5, [True] + [False] * 4]),
        teacher=Said(torch.zeros(2, 2), torch.zeros(2, 4), {STATES[1]: theirs}),
        target_VC=torch.zeros(2, 2),
        shared_tokens=False,
    )
    second = Activation("hidden", 2)
    said = Said(torch.zeros(2, 2), torch.zeros(2, 4), {second: mine})
    student, teacher, mask = lesson.compared(said, first_token=False)
    assert mask.tolist() == [[True], [True]]
    torch.testing.assert_close(student.states[second][0, 0], mine[0, :2].mean(dim=0))
    torch.testing.assert_close(
        teacher.states[STATES[1]][:, 0], torch.stack([theirs[0].mean(0), theirs[1, 0]])
    )
    student, teacher, mask = lesson.compared(said, first_token=True)
    assert mask.tolist() == [[True], [True]]
    assert torch.equal(student.states[second], mine[:, :1])
    assert torch.equal(teacher.states[STATES[1]], theirs[:, :1])


def test_regression_teaches_on_the_scale_of_its_labels(
    prepared: Callable[[Task], PreparedTask],
) -> None:
    task = prepared(Task.TEXT_REGRESSION)
    spec = TrialSpec(
        pipeline=tiny_trial(loss={"kind": "logit_mse"}).pipeline, student="cut-2", seed=0
    )
    learner = Learner(task, spec)
    assert learner.scale.deviation > 5
    losses = learner.epoch(0)
    assert losses["hard"] < 3
    assert losses["soft"] < 3


def test_what_labels_teach_is_the_same_beside_changed_inputs(
    task: PreparedTask, tmp_path: Path
) -> None:
    still = QUICK.model_copy(update={"learning_rate": 1e-12})
    task = without_dropout(task, tmp_path)
    slots: dict[str, Any] = {"training": still, "targets": {"kind": "uskd"}}
    losses = [
        Learner(task, tiny_trial(**slots, augmentation={"kind": kind})).epoch(0)
        for kind in ("none", "policy_aug")
    ]
    assert losses[1]["hard"] == pytest.approx(losses[0]["hard"], abs=1e-5)
    assert losses[1]["soft"] > 1.5 * losses[0]["soft"]
