from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from autodistill.component import variants
from autodistill.data.table import read_split
from autodistill.errors import Diverged, InvalidPipeline
from autodistill.metrics import measured
from autodistill.record import Measurement, PreparedTask
from autodistill.spec import CutStudent, PipelineSpec, TrialSpec
from autodistill.task import Task
from autodistill.testing.prepared import QUICK, tiny_task, tiny_trial
from autodistill.trial import TrialRun
from autodistill.trial._learner import TERMS

CLOCK = ("seconds", "examples_per_s", "memory_mib", "predicted_memory_mib")
"""What differs between machines and moments."""
SCORES = {Task.TEXT_REGRESSION: "rmse", Task.TOKEN_CLASSIFICATION: "token_accuracy"}
"""A score that is quickly told; accuracy elsewhere."""
LOSS = {"kind": "softened_kl", "weight": 0.5}
PIPELINES: dict[str, dict[str, Any]] = {
    "hidden states": {"loss": LOSS, "intermediate": {"kind": "mse", "mapping": {"kind": "last"}}},
    "modules of its own": {"intermediate": {"kind": "mi_alpha"}},
    "another head": {"loss": {"kind": "lelp", "subclasses": 2}},
    "rows that see each other": {"loss": {"kind": "sinkd", "plan": "sparse"}},
    "a weak head in the middle": {"loss": LOSS, "targets": {"kind": "uskd"}},
    "targets from a graph": {"targets": {"kind": "laplacian"}},
    "a transformer that all layers share": {
        "intermediate": {"kind": "mi_alpha", "critic": "transformer", "critics": "shared"}
    },
    "every layer to every layer": {"intermediate": {"kind": "l2", "mapping": {"kind": "emd"}}},
    "class means": {"intermediate": {"kind": "nd"}},
    "targets that remember": {"targets": {"kind": "pskd", "alpha": 0.5}},
    "rewritten texts": {"augmentation": {"kind": "random_edits", "copies": 2}},
    "mixed embeddings": {"augmentation": {"kind": "mixup"}, "intermediate": {"kind": "mse"}},
    "a mixed cache": {
        "augmentation": {"kind": "mixup", "sides": "student"},
        "loss": LOSS,
        "intermediate": {"kind": "mse"},
    },
    "an augmentor that learns": {
        "augmentation": {"kind": "hard_aug", "student_steps": 4, "alternation": "steps"},
        "loss": LOSS,
        "intermediate": {"kind": "mse"},
        "targets": {"kind": "pskd"},
    },
    "an augmentor that learns by ratio": {
        "augmentation": {"kind": "hard_aug", "alternation": "ratio", "objective": "sensitivity"},
    },
    "a policy that learns": {"augmentation": {"kind": "policy_aug", "update_every": 5}},
    "weights with noise": {"regularizer": {"kind": "quant_noise", "bits": 4}},
    "weights that are companded": {
        "regularizer": {"kind": "weight_compander", "power": 0.5, "learnt": True}
    },
    "even sensitivity": {"regularizer": {"kind": "variation", "weight": 0.1}},
    "terms that are balanced": {
        "loss": LOSS,
        "intermediate": {"kind": "mse"},
        "balancing": {"kind": "concomitant"},
    },
    "chosen examples": {"selection": {"kind": "class_balanced", "keep_fraction": 0.5}},
    "examples chosen by a proxy": {
        "selection": {"kind": "grand", "keep_fraction": 0.4, "fixed": "steps"}
    },
}


def what_was_learnt(measurements: tuple[Measurement, ...]) -> list[dict[str, float]]:
    return [{k: v for k, v in m.values.items() if k not in CLOCK} for m in measurements]


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "model.safetensors")


def ran(task: PreparedTask, spec: TrialSpec, folder: Path) -> TrialRun:
    run = TrialRun(task, spec, folder)
    assert len(list(run)) == run.num_epochs
    return run


def assert_same(one: Path, other: Path) -> None:
    theirs = weights(other)
    for name, weight in weights(one).items():
        assert torch.equal(weight, theirs[name]), name


def test_an_epoch_says_losses_dev_metrics_and_speed(task: PreparedTask, folder: Path) -> None:
    run = ran(task, tiny_trial(), folder)
    assert [m.epoch for m in run.history] == [1, 2]
    losses = {f"loss/{term}" for term in TERMS}
    dev = {f"dev/{metric}" for metric in measured(task.task, 3)}
    assert set(run.history[0].values) == losses | dev | {"learning_rate", *CLOCK}


def test_a_student_learns(task: PreparedTask, folder: Path) -> None:
    training = QUICK.model_copy(update={"num_epochs": 5})
    outcome = ran(task, tiny_trial(training=training), folder).finish()
    assert outcome.dev["accuracy"] > 0.8
    assert outcome.test["accuracy"] > 0.8
    assert outcome.dev["num_parameters"] == task.student_costs["cut-2"]["num_parameters"]


@pytest.mark.parametrize("name", PIPELINES)
def test_a_resumed_trial_is_the_uninterrupted_one_to_the_bit(
    name: str, task: PreparedTask, tmp_path: Path
) -> None:
    slots = PIPELINES[name] | {"training": QUICK.model_copy(update={"num_epochs": 3})}
    spec = tiny_trial(seed=3, **slots)
    whole = ran(task, spec, tmp_path / "whole")
    for epochs in (1, 2):
        run = TrialRun(task, spec, tmp_path / "parts")
        assert len(run.history) == epochs - 1
        next(iter(run))
        torch.manual_seed(99)  # what others do to the global generator does not matter
    resumed = ran_to_the_end(TrialRun(task, spec, tmp_path / "parts"))
    assert what_was_learnt(resumed.history) == what_was_learnt(whole.history)
    assert_same(resumed.finish().student, whole.finish().student)


def ran_to_the_end(run: TrialRun) -> TrialRun:
    for _ in run:
        pass
    return run


@pytest.mark.parametrize("kind", ["attention", "channel_ce", "cka", "nd", "pkd", "relations"])
def test_each_objective_is_learnt(kind: str, task: PreparedTask, folder: Path) -> None:
    training = QUICK.model_copy(update={"num_epochs": 3})
    spec = tiny_trial(intermediate={"kind": kind, "weight": 1.0}, training=training)
    losses = [m.values["loss/intermediate"] for m in ran(task, spec, folder).history]
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("parts", ["all", "hidden"])
def test_an_anchor_keeps_a_student_of_the_teachers_shape_near_it(
    parts: str, tmp_path: Path
) -> None:
    """The student starts as its teacher; labels pull it away, and the anchor back."""
    task = tiny_task(tmp_path, student=CutStudent(num_layers=4))
    ends = []
    for weight in (1e-9, 10.0):
        anchor = {"kind": "anchor", "parts": parts, "weight": weight}
        spec = tiny_trial(loss={"kind": "none"}, intermediate=anchor)
        spec = spec.model_copy(update={"student": "cut-4"})
        ends.append(ran(task, spec, tmp_path / str(weight)).history[-1].values)
    free, anchored = ends
    assert anchored["loss/intermediate"] < 0.5 * free["loss/intermediate"]
    assert anchored["dev/cka"] > free["dev/cka"]
    assert 0 <= anchored["dev/forward_kl"] < free["dev/forward_kl"]


def test_seeds_decide_everything(task: PreparedTask, tmp_path: Path) -> None:
    runs = [ran(task, tiny_trial(seed), tmp_path / str(i)) for i, seed in enumerate((1, 1, 2))]
    one, same, other = (what_was_learnt(run.history) for run in runs)
    assert one == same
    assert one != other


def test_finishing_twice_says_the_same_and_needs_no_checkpoint(
    task: PreparedTask, folder: Path
) -> None:
    run = ran(task, tiny_trial(), folder)
    outcome = run.finish()
    again = TrialRun(task, tiny_trial(), folder)
    assert again.history == run.history
    assert list(again) == []
    assert again.finish() == outcome
    assert sorted(p.name for p in folder.iterdir()) == ["outcome.json", "student"]


def test_a_trial_that_was_killed_before_finishing_finishes_later(
    task: PreparedTask, tmp_path: Path
) -> None:
    outcome = ran(task, tiny_trial(), tmp_path / "whole").finish()
    ran(task, tiny_trial(), tmp_path / "killed")
    later = TrialRun(task, tiny_trial(), tmp_path / "killed")
    assert list(later) == []
    assert later.finish().dev == outcome.dev
    assert_same(tmp_path / "killed" / "student", outcome.student)


def test_the_checkpoint_is_written_before_the_epoch_is_told(
    task: PreparedTask, folder: Path
) -> None:
    measurement = next(iter(TrialRun(task, tiny_trial(), folder)))
    assert TrialRun(task, tiny_trial(), folder).history == (measurement,)


def test_the_best_epoch_is_kept(task: PreparedTask, folder: Path) -> None:
    spec = tiny_trial(training=QUICK.model_copy(update={"num_epochs": 4, "learning_rate": 0.02}))
    run = ran(task, spec, folder)
    assert len(list(folder.glob("best-*.pt"))) == 1
    outcome = run.finish()
    best = max(m.values["dev/accuracy"] for m in run.history)
    assert run.history[outcome.best_epoch - 1].values["dev/accuracy"] == best
    assert outcome.dev["accuracy"] == best


def test_a_folder_of_another_trial_is_refused(task: PreparedTask, folder: Path) -> None:
    next(iter(TrialRun(task, tiny_trial(seed=1), folder)))
    with pytest.raises(ValueError, match="holds another trial; give each trial a folder"):
        TrialRun(task, tiny_trial(seed=2), folder)


def test_a_pipeline_that_its_task_refuses_does_not_start(
    prepared: Callable[[Task], PreparedTask], folder: Path
) -> None:
    spec = tiny_trial(loss={"kind": "softened_kl"})
    with pytest.raises(InvalidPipeline, match=r"softened_kl serves .* not text_regression"):
        TrialRun(prepared(Task.TEXT_REGRESSION), spec, folder)


def test_a_student_that_is_no_longer_finite_has_diverged(
    task: PreparedTask, tmp_path: Path, folder: Path
) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    for path in task.students["cut-2"].iterdir():
        (broken / path.name).write_bytes(path.read_bytes())
    poisoned = {k: v * float("nan") for k, v in weights(broken).items()}
    save_file(poisoned, broken / "model.safetensors", metadata={"format": "pt"})
    poor = task.model_copy(update={"students": {"cut-2": broken}})
    with pytest.raises(Diverged, match=r"The loss is nan, .* lower the learning rate"):
        next(iter(TrialRun(poor, tiny_trial(), folder)))


def test_students_reproduce_their_scores_with_transformers_alone(
    prepared: Callable[[Task], PreparedTask], tmp_path: Path
) -> None:
    arguments, expected = [], []
    for kind in Task:
        loss = {"kind": "softened_kl"} if kind.is_classification else {"kind": "logit_mse"}
        outcome = ran(prepared(kind), tiny_trial(loss=loss), tmp_path / kind).finish()
        arguments += [str(outcome.student), str(prepared(kind).dataset)]
        expected += [outcome.test[SCORES.get(kind, "accuracy")]]
    alone = """
import io, sys, pandas, torch, transformers
from PIL import Image
for folder, table in zip(sys.argv[1::2], sys.argv[2::2]):
    frame = pandas.read_parquet(table).query("split == 'test'")
    if "image" in frame:
        reader = transformers.AutoImageProcessor.from_pretrained(folder)
        model = transformers.AutoModelForImageClassification.from_pretrained(folder)
        images = [Image.open(io.BytesIO(x)).convert("RGB") for x in frame.image]
        with torch.no_grad():
            guesses = model(**reader(images, return_tensors="pt")).logits.argmax(1)
        print((guesses == torch.tensor(frame.label.tolist())).double().mean().item())
        continue
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    if "words" in frame:
        model = transformers.AutoModelForTokenClassification.from_pretrained(folder)
        hits = []
        for words, tags in zip(frame.words, frame.tags):
            coded = tokenizer(
                list(words), is_split_into_words=True, truncation=True, return_tensors="pt"
            )
            of_tokens = coded.word_ids()
            with torch.no_grad():
                guesses = model(**coded).logits[0].argmax(1)
            for word in sorted(set(of_tokens) - {None}):
                hits.append(guesses[of_tokens.index(word)] == tags[word])
        print(torch.tensor(hits).double().mean().item())
        continue
    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder)
    texts = [frame.text.tolist()]
    if "text_pair" in frame:
        texts.append(frame.text_pair.tolist())
    coded = tokenizer(*texts, truncation=True, padding=True, return_tensors="pt")
    with torch.no_grad():
        logits = model(**coded).logits
    labels = torch.tensor(frame.label.tolist())
    if model.config.problem_type == "regression":
        print((logits[:, 0].double() - labels).square().mean().sqrt().item())
    else:
        print((logits.argmax(1) == labels).double().mean().item())
"""
    said = subprocess.run(
        [sys.executable, "-c", alone, *arguments], capture_output=True, text=True, check=True
    )
    assert [float(line) for line in said.stdout.split()] == pytest.approx(expected, rel=1e-5)


def test_values_far_from_zero_are_learnt_on_their_own_scale(
    prepared: Callable[[Task], PreparedTask], folder: Path
) -> None:
    task = prepared(Task.TEXT_REGRESSION)
    training = QUICK.model_copy(update={"num_epochs": 6})
    outcome = ran(task, tiny_trial(loss={"kind": "logit_mse"}, training=training), folder).finish()
    spread = float(read_split(task.dataset, "test").labels.std())
    assert outcome.test["pearson"] > 0.8
    assert outcome.test["rmse"] < 0.8 * spread


def test_tags_of_words_are_learnt_and_distilled(
    prepared: Callable[[Task], PreparedTask], folder: Path
) -> None:
    task = prepared(Task.TOKEN_CLASSIFICATION)
    outcome = ran(task, tiny_trial(loss=LOSS, intermediate={"kind": "mse"}), folder).finish()
    assert task.teacher_scores["test/entity_f1"] > 0.9
    assert outcome.test["entity_f1"] > 0.8
    assert outcome.test["agreement"] > 0.8


def kinds() -> list[tuple[str, str]]:
    fields = PipelineSpec.model_fields
    return [(slot, kind) for slot, info in fields.items() for kind in sorted(variants(info))]


@pytest.mark.parametrize(("slot", "kind"), kinds())
@pytest.mark.parametrize(
    "task_kind", [task for task in Task if task is not Task.TEXT_CLASSIFICATION]
)
def test_every_component_trains_on_every_task_that_it_serves(
    slot: str, kind: str, task_kind: Task, prepared: Callable[[Task], PreparedTask], folder: Path
) -> None:
    task = prepared(task_kind)
    slots: dict[str, Any] = {"loss": {"kind": "logit_mse"}, slot: {"kind": kind}}
    spec = tiny_trial(**slots)
    if spec.pipeline.problems(task.facts["cut-2"]):
        return
    measurement = next(iter(TrialRun(task, spec, folder)))
    assert all(torch.isfinite(torch.tensor(v)) for v in measurement.values.values())
