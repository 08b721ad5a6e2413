from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch

from autodistill.data.table import read_split
from autodistill.errors import InvalidModel
from autodistill.facts import task_facts
from autodistill.models.encoders import load, load_reader, load_with_fresh_head, save
from autodistill.models.outputs import outputs, read_outputs
from autodistill.models.tokens import read_tokens
from autodistill.prepare import prepare
from autodistill.record import Dataset, Model, PreparedTask
from autodistill.spec import JobRequest, JobSpec, PipelineSpec, RegisteredStudent, TeacherSpec
from autodistill.task import Task
from autodistill.teachers.as_is import AsIs
from autodistill.testing.prepared import STUDENT, tiny_job, tiny_trial
from autodistill.testing.tiny import tiny_dataset, tiny_encoder, tiny_model
from autodistill.trial import TrialRun


class World(NamedTuple):
    dataset: Dataset
    path: Path
    teacher: Model


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("world")
    return World(*tiny_dataset(folder), tiny_model(tiny_encoder(folder / "encoder")))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("root")


def run(
    world: World,
    root: Path,
    spec: JobSpec | None = None,
    students: Mapping[str, Model | None] | None = None,
    log: list[tuple[str, dict[str, Any]]] | None = None,
) -> PreparedTask:
    return prepare(
        spec or tiny_job(world.dataset, world.teacher),
        world.dataset,
        world.teacher,
        students or {STUDENT.label: None},
        dataset_path=world.path,
        root=root,
        progress=lambda kind, data: None if log is None else log.append((kind, data)),
    )


@pytest.fixture(scope="module")
def done(world: World, root: Path) -> PreparedTask:
    return run(world, root)


def test_it_tells_what_it_makes_and_a_second_call_makes_nothing(
    world: World, tmp_path: Path
) -> None:
    log: list[tuple[str, dict[str, Any]]] = []
    first = run(world, tmp_path, log=log)
    kinds = [kind for kind, _ in log]
    assert kinds == ["tokens", "teacher", *["teacher_epoch"] * 4, "cache", "student"]
    epoch = log[2][1]
    assert (epoch["epoch"], epoch["of"]) == (1, 4)
    assert 0 <= epoch["dev/accuracy"] <= 1
    log.clear()
    started = time.perf_counter()
    assert run(world, tmp_path, log=log) == first
    assert time.perf_counter() - started < 1
    assert log == []


def test_what_was_killed_half_way_is_made_again(world: World, tmp_path: Path) -> None:
    def killed(kind: str, data: dict[str, Any]) -> None:
        if kind == "teacher_epoch" and data["epoch"] == 2:
            raise KeyboardInterrupt

    spec = tiny_job(world.dataset, world.teacher)
    with pytest.raises(KeyboardInterrupt):
        prepare(
            spec,
            world.dataset,
            world.teacher,
            {STUDENT.label: None},
            dataset_path=world.path,
            root=tmp_path,
            progress=killed,
        )
    assert run(world, tmp_path).teacher.exists()


def test_the_teacher_is_the_same_wherever_it_is_made(
    world: World, done: PreparedTask, tmp_path: Path
) -> None:
    again = run(world, tmp_path)
    ours, theirs = load(done.teacher).state_dict(), load(again.teacher).state_dict()
    assert all(torch.equal(weight, theirs[name]) for name, weight in ours.items())
    assert again.teacher.name == done.teacher.name


def test_the_teachers_outputs_are_cached_for_every_example(
    world: World, done: PreparedTask
) -> None:
    teacher = load(done.teacher)
    for split in ("train", "dev", "test"):
        tokens = read_tokens(done.tokens, split)
        kept = read_outputs(done.outputs, split, tokens).logits_VC
        np.testing.assert_allclose(kept, outputs(teacher, tokens).logits_VC, atol=1e-6)
        right = kept.argmax(axis=1) == read_split(world.path, split).labels
        if split != "train":
            assert done.teacher_scores[f"{split}/accuracy"] == pytest.approx(right.mean())
    assert {"dev/nll", "num_parameters", "latency_ms"} <= set(done.teacher_scores)


def test_states_are_left_to_the_trials_that_need_them(done: PreparedTask, tmp_path: Path) -> None:
    def layers() -> dict[str, set[int]]:
        folders = done.outputs.parent.glob("states-*")
        return {f.name: {int(p.name.split(".")[2]) for p in f.glob("*.hidden.*")} for f in folders}

    assert not list(done.outputs.glob("*.hidden.*"))
    assert not layers()
    for mapping in ("last", "skip", "last"):
        spec = tiny_trial(intermediate={"kind": "mse", "mapping": {"kind": mapping}})
        next(iter(TrialRun(done, spec, tmp_path / mapping)))
    assert sorted(layers().values(), key=sorted) == [{0, 2, 4}, {3, 4}]


def test_a_job_may_use_some_of_the_training_examples(world: World, root: Path) -> None:
    spec = tiny_job(world.dataset, world.teacher, max_train_examples=20)
    task = run(world, root, spec)
    used = task.train_positions or ()
    assert len(used) == 20
    assert list(used) == sorted(set(used))
    kept = read_outputs(task.outputs, "train", read_tokens(task.tokens, "train")).logits_VC
    assert np.flatnonzero(np.isfinite(kept).all(axis=1)).tolist() == list(used)
    whole = tiny_job(world.dataset, world.teacher, max_train_examples=1000)
    assert run(world, root, whole).train_positions is None


def test_a_cut_student_starts_from_the_prepared_teacher(done: PreparedTask) -> None:
    teacher, student = load(done.teacher), load(done.students[STUDENT.label])
    assert torch.equal(student.classifier.weight, teacher.classifier.weight)
    theirs = teacher.bert.encoder.layer[2].state_dict()
    for name, weight in student.bert.encoder.layer[1].state_dict().items():
        assert torch.equal(weight, theirs[name])
    costs = done.student_costs[STUDENT.label]
    assert costs["num_parameters"] < done.teacher_scores["num_parameters"]
    assert costs["latency_ms"] > 0


def as_is(world: World, root: Path, model: Model) -> PreparedTask:
    preparation = TeacherSpec(model=model.id, preparation=AsIs())
    spec = tiny_job(world.dataset, model, teacher=preparation)
    return run(world._replace(teacher=model), root, spec)


def with_head(world: World, folder: Path, labels: tuple[str, ...]) -> Model:
    torch.manual_seed(1)
    model = load_with_fresh_head(Path(world.teacher.path), labels)
    save(model, load_reader(Path(world.teacher.path)), folder, max_length=32)
    return tiny_model(folder, "headed")


def test_a_teacher_as_it_is_keeps_its_weights(world: World, tmp_path: Path) -> None:
    model = with_head(world, tmp_path / "model", world.dataset.labels)
    task = as_is(world, tmp_path, model)
    theirs = load(Path(model.path)).state_dict()
    assert all(torch.equal(w, theirs[k]) for k, w in load(task.teacher).state_dict().items())


@pytest.mark.parametrize(
    ("labels", "known"),
    [
        (("sky", "food", "animal"), "sky, food, animal"),
        (("animal", "food"), "animal, food"),
    ],
)
def test_a_teacher_as_it_is_must_know_the_labels(
    labels: tuple[str, ...], known: str, world: World, tmp_path: Path
) -> None:
    model = with_head(world, tmp_path / "model", labels)
    with pytest.raises(InvalidModel) as caught:
        as_is(world, tmp_path, model)
    (problem,) = caught.value.problems
    assert problem.field == "teacher.model"
    assert f"knows {known}; the dataset's labels are animal, food, sky" in problem.message
    assert "fine_tuned" in problem.message


def test_a_teacher_without_a_head_cannot_teach_as_it_is(world: World, tmp_path: Path) -> None:
    with pytest.raises(InvalidModel, match="Its head knows nothing"):
        as_is(world, tmp_path, world.teacher)


def test_a_text_longer_than_the_model_reads_is_refused(world: World, root: Path) -> None:
    spec = tiny_job(world.dataset, world.teacher, max_length=129)
    with pytest.raises(InvalidModel, match="reads at most 128 tokens; got max_length=129"):
        run(world, root, spec)


def registered(world: World, root: Path, model: Model) -> tuple[PreparedTask, str]:
    student = RegisteredStudent(model=model.name)
    base = tiny_job(world.dataset, world.teacher)
    request = JobRequest(
        dataset=world.dataset.id,
        teacher=base.teacher,
        students=(student,),
        max_length=32,
    )
    spec = request.resolve([task_facts(world.dataset, world.teacher, student, model)])
    return run(world, root, spec, {student.label: model}), student.label


def test_a_registered_student_gets_a_head_for_the_labels(
    world: World, root: Path, tmp_path: Path
) -> None:
    model = tiny_model(tiny_encoder(tmp_path, num_layers=1, width=16), "narrow")
    task, label = registered(world, root, model)
    assert load(task.students[label]).config.id2label == {0: "animal", 1: "food", 2: "sky"}
    assert task.facts[label].student_width == 16
    assert task.student_tokens[label] == task.tokens


def test_a_registered_student_that_knows_the_labels_keeps_its_head(
    world: World, root: Path, tmp_path: Path
) -> None:
    model = with_head(world, tmp_path, world.dataset.labels)
    task, label = registered(world, root, model)
    kept = load(task.students[label]).classifier.weight
    assert torch.equal(kept, load(tmp_path).classifier.weight)


def test_a_student_with_a_tokenizer_of_its_own_is_taught_all_the_same(
    world: World, root: Path, tmp_path: Path
) -> None:
    encoder = tiny_encoder(tmp_path / "encoder", num_layers=2, width=16)
    tokenizer = json.loads((encoder / "tokenizer.json").read_text())
    template = tokenizer["post_processor"]["single"]
    template.append(template[-1])  # one more token at the end of each text
    (encoder / "tokenizer.json").write_text(json.dumps(tokenizer))
    task, label = registered(world, root, tiny_model(encoder, "foreign"))
    assert task.student_tokens[label] != task.tokens
    spec = tiny_trial(intermediate={"kind": "mi_alpha"}, augmentation={"kind": "mixup"})
    for changes in ({}, {"augmentation": {"kind": "random_edits"}}):
        pipeline = PipelineSpec.model_validate(spec.pipeline.model_dump() | changes)
        trial = spec.model_copy(update={"student": label, "pipeline": pipeline})
        run = TrialRun(task, trial, tmp_path / str(len(changes)))
        assert next(iter(run)).values["loss/total"] < 10
        assert list(run)
        assert run.finish().test["agreement"] >= 0


def test_regression_models_speak_on_the_scale_of_the_dataset(tmp_path: Path) -> None:
    dataset, path = tiny_dataset(tmp_path / "data", Task.TEXT_REGRESSION)
    teacher = tiny_model(tiny_encoder(tmp_path / "encoder"))
    task = run(World(dataset, path, teacher), tmp_path)
    labels = read_split(path, "dev").labels
    for folder in (task.teacher, *task.students.values()):
        values = outputs(load(folder), read_tokens(task.tokens, "dev")).logits_VC
        assert abs(values.mean() - labels.mean()) < labels.std()
        assert load(folder).config.problem_type == "regression"
    assert task.teacher_scores["dev/rmse"] < 1.2 * labels.std()
