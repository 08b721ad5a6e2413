"""The steps of preparation: tokens, teacher, the teacher's outputs, students."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from autodistill.data.table import read_split
from autodistill.errors import InvalidModel, Problem
from autodistill.metrics import measure
from autodistill.models.costs import costs
from autodistill.models.encoders import cut, load, load_tokenizer, save
from autodistill.models.outputs import infer, read_outputs, write_outputs
from autodistill.models.tokens import read_tokens, tokenise, write_tokens
from autodistill.prepare._folders import folder, key
from autodistill.prepare._layers import teacher_layers
from autodistill.prepare._teacher import fine_tune
from autodistill.record import Dataset, Model, PreparedTask, task_facts
from autodistill.spec import CutStudent, JobSpec, RegisteredStudent

SPLITS = ("train", "dev", "test")
Progress = Callable[[str, dict[str, Any]], None]


def prepare(
    spec: JobSpec,
    dataset: Dataset,
    teacher: Model,
    students: Mapping[str, Model | None],
    *,
    dataset_path: Path,
    root: Path,
    progress: Progress,
) -> PreparedTask:
    """Ready a job's task on disk. A second call finds everything and returns at once.

    Args:
        spec: The admitted job.
        dataset: Its dataset.
        teacher: The registered model that the teacher starts from.
        students: By label, the registered model a student starts from; None for a cut student.
        dataset_path: The canonical Parquet file.
        root: Data root; everything is kept by content under `root/prepared`.
        progress: Told what happens: a kind and its data.

    Raises:
        InvalidModel: When teacher or student cannot serve the dataset.
    """
    base = root / "prepared"
    facts = {s.label: task_facts(dataset, teacher, s, students[s.label]) for s in spec.students}
    tokens_key = key("tokens", dataset.sha256, teacher.tokenizer_sha256, spec.max_length)
    tokens = folder(
        base / tokens_key, lambda to: _tokens(Path(teacher.path), dataset_path, spec, to)
    )
    positions = _train_positions(dataset, spec)
    about_teacher = [teacher.sha256, spec.teacher.preparation.model_dump(mode="json")]
    teacher_key = key("teacher", about_teacher, tokens_key, spec.max_train_examples, spec.seed)

    def make_teacher(to: Path) -> None:
        progress("teacher", {"model": teacher.name})
        _teacher(spec, dataset, Path(teacher.path), dataset_path, tokens, positions, to, progress)

    teacher_folder = folder(base / teacher_key, make_teacher)
    layers = teacher_layers(spec, list(facts.values()))
    outputs_key = key("outputs", teacher_key, layers)

    def make_outputs(to: Path) -> None:
        progress("cache", {"examples": sum(dataset.num_examples.values()), "layers": list(layers)})
        model = load(teacher_folder)
        for split in SPLITS:
            found = infer(model, read_tokens(tokens, split), layers if split == "train" else ())
            write_outputs(found, to, split)

    outputs = folder(base / outputs_key, make_outputs)
    scores = _scores(dataset, dataset_path, outputs)
    student_folders, student_costs = {}, {}
    for student in spec.students:
        model = students[student.label]
        path = _student(base, teacher_key, teacher_folder, student, model, dataset, tokens)
        student_folders[student.label] = path
        student_costs[student.label] = json.loads((path / "costs.json").read_text())
        progress("student", {"student": student.label, **student_costs[student.label]})
    return PreparedTask(
        dataset=dataset_path,
        task=dataset.task,
        labels=dataset.labels,
        tokens=tokens,
        teacher=teacher_folder,
        teacher_scores=scores | json.loads((teacher_folder / "costs.json").read_text()),
        outputs=outputs,
        students=student_folders,
        student_costs=student_costs,
        facts=facts,
        max_length=spec.max_length,
        train_positions=None if positions is None else tuple(positions.tolist()),
    )


def _tokens(teacher: Path, dataset_path: Path, spec: JobSpec, to: Path) -> None:
    tokenizer = load_tokenizer(teacher)
    for split in SPLITS:
        texts = read_split(dataset_path, split)
        write_tokens(tokenise(tokenizer, texts, spec.max_length), to, split)


def _train_positions(dataset: Dataset, spec: JobSpec) -> Any:
    """Return which training examples the job uses, or None for all."""
    available, wanted = dataset.num_examples["train"], spec.max_train_examples
    if wanted is None or wanted >= available:
        return None
    rng = np.random.default_rng([spec.seed, 1])
    return np.sort(rng.choice(available, wanted, replace=False))


def _teacher(  # noqa: PLR0913  # the steps share everything that a teacher is made from
    spec: JobSpec,
    dataset: Dataset,
    source: Path,
    dataset_path: Path,
    tokens: Path,
    positions: Any,
    to: Path,
    progress: Progress,
) -> None:
    training = spec.teacher.preparation.fine_tuning
    if training is None:
        model = load(source)
        _same_labels(model, dataset)
    else:
        model = fine_tune(
            load(source, dataset.labels),
            training,
            tokens={split: read_tokens(tokens, split) for split in SPLITS[:2]},
            labels={split: read_split(dataset_path, split).labels for split in SPLITS[:2]},
            positions=positions,
            task=dataset.task,
            seed=spec.seed,
            progress=progress,
        )
    save(model, load_tokenizer(source), to)
    (to / "costs.json").write_text(json.dumps(costs(model, read_tokens(tokens, "dev"))))


def _same_labels(model: Any, dataset: Dataset) -> None:
    theirs = tuple(model.config.id2label[i] for i in range(model.config.num_labels))
    if len(theirs) != dataset.num_outputs or (dataset.labels and theirs != dataset.labels):
        message = (
            f"Its head knows {', '.join(theirs)}; the dataset's labels are "
            f"{', '.join(dataset.labels) or 'numbers'}. Let the service fine-tune it instead."
        )
        raise InvalidModel(Problem(field="teacher.model", message=message))


def _scores(dataset: Dataset, dataset_path: Path, outputs: Path) -> dict[str, float]:
    """Return what the prepared teacher reaches, from its own cached outputs."""
    found = {}
    for split in ("dev", "test"):
        logits_NC = read_outputs(outputs, split).logits_NC
        values = measure(dataset.task, logits_NC, read_split(dataset_path, split).labels, None)
        found |= {f"{split}/{name}": value for name, value in values.items()}
    return found


def _student(
    base: Path,
    teacher_key: str,
    teacher: Path,
    student: RegisteredStudent | CutStudent,
    model: Model | None,
    dataset: Dataset,
    tokens: Path,
) -> Path:
    """Return the student's initial weights: layers of the prepared teacher, or a fresh head."""
    origin = model.sha256 if model else teacher_key

    def make(to: Path) -> None:
        torch.manual_seed(0)  # of the fresh head; trials differ by their own seeds
        if isinstance(student, CutStudent):
            made = cut(load(teacher), student.num_layers)
        else:
            assert model is not None
            made = load(Path(model.path), dataset.labels)
        save(made, load_tokenizer(teacher), to)
        (to / "costs.json").write_text(json.dumps(costs(made, read_tokens(tokens, "dev"))))

    return folder(base / key("student", origin, student.model_dump(), dataset.sha256), make)
