"""The steps of preparation: tokens, teacher, the teacher's outputs, students."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from autodistill.data.table import SPLITS, Split, read_split
from autodistill.errors import InvalidModel, Problem
from autodistill.facts import task_facts
from autodistill.metrics.measuring import Measure
from autodistill.models.costs import costs
from autodistill.models.encoders import cut, load, load_reader, load_with_fresh_head, save
from autodistill.models.ensemble import load_teacher, write_ensemble
from autodistill.models.evaluation import Exam
from autodistill.models.folders import folder, key
from autodistill.models.inputs import read_inputs, taken, write_inputs
from autodistill.models.outputs import read_outputs, write_outputs
from autodistill.models.rewriting import load_masked_lm
from autodistill.models.scale import Scale, scale_of
from autodistill.models.tokens import read_tokens
from autodistill.optimisation import Training
from autodistill.prepare._masked_lm import fit_head
from autodistill.prepare._teacher import School
from autodistill.record import Dataset, Model, PreparedTask
from autodistill.spec import CutStudent, JobSpec, RegisteredStudent

VERSION = 3
"""Grows when the same parts come to make other content."""
COSTS = "costs.json"
MEMBER_STEP = 7_919
"""Between the seeds of members, so that no job of a neighbouring seed has the same one."""
Progress = Callable[[str, dict[str, Any]], None]


def prepare(
    spec: JobSpec,
    dataset: Dataset,
    teacher: Model,
    students: Mapping[str, Model | None],
    augmenters: Mapping[str, Model] | None = None,
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
        augmenters: By id, the registered models that rewrite texts, where the job names some.
        dataset_path: The canonical Parquet file.
        root: Data root; everything is kept by content under `root/prepared`.
        progress: Told what is being made: a kind and its data.

    Raises:
        InvalidModel: When teacher or student cannot serve the dataset.
        Diverged: When the teacher's fine-tuning does.
    """
    parts = _Preparation(spec, dataset, teacher, dataset_path, root / "prepared", progress)
    origins = {s: students[s.label] for s in spec.students}
    for field, model in (("teacher.model", teacher), *(("students", m) for m in origins.values())):
        if model is not None:
            _fits(model, field, spec.max_length)
    facts = {
        s.label: task_facts(dataset, teacher, s, origin, spec.augmenters)
        for s, origin in origins.items()
    }
    outputs = parts.outputs
    ready = {s.label: parts.student(s, origin) for s, origin in origins.items()}
    chosen, available = parts.positions, dataset.num_examples["train"]
    return PreparedTask(
        dataset=dataset_path,
        task=dataset.task,
        labels=dataset.labels,
        tokens=parts.tokens(teacher),
        student_tokens={s.label: parts.tokens(origin or teacher) for s, origin in origins.items()},
        teacher=parts.teacher_folder,
        teacher_scores=parts.scores | _costs(parts.teacher_folder),
        outputs=outputs,
        students=ready,
        student_costs={label: _costs(path) for label, path in ready.items()},
        facts=facts,
        max_length=spec.max_length,
        probes=spec.probes,
        **parts.rewriters(augmenters or {}),
        train_positions=None if len(chosen) == available else tuple(chosen.tolist()),
    )


@dataclass(frozen=True)
class _Preparation:
    """One call of `prepare`; each folder's name is made from what its content depends on."""

    spec: JobSpec
    dataset: Dataset
    teacher: Model
    dataset_path: Path
    base: Path
    progress: Progress

    def split(self, split: str) -> Split:
        return read_split(self.dataset_path, split)

    @cached_property
    def positions(self) -> NDArray[np.int64]:
        """Which training examples the job uses."""
        available, wanted = self.dataset.num_examples["train"], self.spec.max_train_examples
        if wanted is None or wanted >= available:
            return np.arange(available)
        rng = np.random.default_rng(self.spec.seed)
        return np.sort(rng.choice(available, wanted, replace=False))

    @cached_property
    def scale(self) -> Scale:
        return scale_of(self.dataset.task, self.split("train").labels)

    def tokens(self, model: Model) -> Path:
        """Return the dataset's tokens as a model cuts them."""

        def make(to: Path) -> None:
            self.progress("tokens", {"model": model.name, "examples": self.dataset.num_examples})
            reader = load_reader(Path(model.path))
            for split in SPLITS:
                tokens = taken(reader, self.split(split), self.spec.max_length)
                write_inputs(tokens, to, split)

        parts = (VERSION, self.dataset.sha256, model.tokenizer_sha256, self.spec.max_length)
        return folder(self.base / key("tokens", *parts), make)

    @cached_property
    def teacher_folder(self) -> Path:
        """The prepared teacher; of several, the first with the names of the others."""
        number, average = self.spec.teacher.preparation.members
        if number == 1:
            return self.member(0)
        members = [self.member(k) for k in range(number)]

        def make(to: Path) -> None:
            shutil.copytree(members[0], to, dirs_exist_ok=True)
            write_ensemble(to, members[1:], average)
            self.keep_costs(load_teacher(to, Scale()), self.teacher, to)

        names = [member.name for member in members]
        return folder(self.base / key("ensemble", VERSION, names, average), make)

    def member(self, number: int) -> Path:
        """Return one prepared teacher; made from its training examples where it is trained."""
        preparation = self.spec.teacher.preparation
        training, tokens = preparation.fine_tuning, self.tokens(self.teacher)
        parts: list[Any] = [VERSION, self.teacher.sha256, tokens.name]
        if training is None:
            _same_labels(self.teacher, self.dataset)
        else:
            parts += [training.model_dump(), self.positions.tolist(), self.seed(number)]
        if (spreading := preparation.spreading) is not None:
            parts += [spreading[0].model_dump(), spreading[1]]

        def make(to: Path) -> None:
            self.progress("teacher", {"model": self.teacher.name, "member": number + 1})
            path = Path(self.teacher.path)
            ready = load(path) if training is None else self.taught(training, self.seed(number))
            self.keep(ready, self.teacher, to)

        return folder(self.base / key("teacher", *parts), make)

    def seed(self, number: int) -> int:
        """Return the seed of a member of the teachers; the first has the job's own."""
        return self.spec.seed + MEMBER_STEP * number

    def taught(self, training: Training, seed: int) -> Any:
        """Return the teacher with a fresh head, trained as the job asks."""
        torch.manual_seed(seed)
        model = load_with_fresh_head(
            Path(self.teacher.path), self.dataset.labels, self.dataset.task
        )
        tokens, dev = (read_inputs(self.tokens(self.teacher), x) for x in ("train", "dev"))
        true, tagging = dev.labels(self.split("dev")), dev.tagging(self.dataset.labels)
        school = School(
            tokens=tokens,
            labels_V=tokens.labels(self.split("train")),
            positions=self.positions,
            num_outputs=self.dataset.num_outputs,
            dev=Exam(self.dataset.task, dev, true, None, tagging),
            scale=self.scale,
            seed=seed,
            progress=self.progress,
        )
        school.fine_tune(model, training)
        if (spreading := self.spec.teacher.preparation.spreading) is not None:
            school.spread(model, *spreading)
        return self.scale.fold(model)

    @cached_property
    def outputs(self) -> Path:
        """What the prepared teacher says at its end on every example that the job uses."""
        teacher, tokens = self.teacher_folder, self.tokens(self.teacher)

        def make(to: Path) -> None:
            self.progress("cache", {"examples": self.dataset.num_examples})
            model = load_teacher(teacher, Scale())
            for split in SPLITS:
                of_split = read_inputs(tokens, split)
                positions = self.positions if split == "train" else np.arange(len(of_split))
                write_outputs(model, of_split, positions, (), to, split)

        parts = (VERSION, teacher.name, tokens.name, self.positions.tolist())
        return folder(self.base / key("outputs", *parts), make)

    @cached_property
    def scores(self) -> dict[str, float]:
        """What the prepared teacher reaches, from its own cached outputs."""
        found: dict[str, float] = {}
        for split in ("dev", "test"):
            tokens = read_inputs(self.tokens(self.teacher), split)
            true, tagging = tokens.labels(self.split(split)), tokens.tagging(self.dataset.labels)
            measure = Measure(self.dataset.task, true, tagging=tagging)
            values = measure(read_outputs(self.outputs, split, tokens))
            found |= {f"{split}/{name}": value for name, value in values.items()}
        return found

    def student(self, student: RegisteredStudent | CutStudent, origin: Model | None) -> Path:
        """Return a student's initial weights: layers of the prepared teacher, or its own."""
        parts: list[Any] = [VERSION, student.model_dump(), self.teacher_folder.name]
        if origin is not None:
            parts = [VERSION, origin.sha256, self.tokens(origin).name]

        def make(to: Path) -> None:
            if isinstance(student, CutStudent):
                model = cut(load(self.teacher_folder), student.num_layers)
            else:
                assert origin is not None
                torch.manual_seed(0)  # of a fresh head; trials differ by what follows
                model = self.with_head(origin)
            self.keep(model, origin or self.teacher, to)
            self.progress("student", {"student": student.label, **_costs(to)})

        return folder(self.base / key("student", *parts), make)

    def with_head(self, origin: Model) -> Any:
        """Return a registered model with a head for the dataset: its own if it has the labels."""
        path = Path(origin.path)
        if origin.knows(self.dataset):
            return load(path)
        fresh = load_with_fresh_head(path, self.dataset.labels, self.dataset.task)
        return self.scale.fold(fresh)

    def rewriters(self, models: Mapping[str, Model]) -> dict[str, Any]:
        """Return the models that rewrite texts, ready for use."""
        asked, found = self.spec.augmenters, dict[str, Any]()
        if asked.masked_lm is not None:
            found["masked_lm"] = self.masked_lm(models[asked.masked_lm])
        if (by := asked.translation) is not None:
            found["translators"] = tuple(Path(models[x].path) for x in (by.there, by.back))
            found["prefix"] = by.prefix
        return found

    def masked_lm(self, model: Model) -> Path:
        """Return a masked language model, with a head fitted on the job's texts if it has none."""
        origin = Path(model.path)
        ready, whole = load_masked_lm(origin)
        if whole:
            return origin
        tokens = self.tokens(model)

        def make(to: Path) -> None:
            self.progress("masked_lm", {"model": model.name})
            tokenizer = load_reader(origin)
            fit_head(ready, tokenizer, read_tokens(tokens, "train"), self.positions)
            save(ready, tokenizer, to, self.spec.max_length)

        parts = (VERSION, model.sha256, tokens.name, self.positions.tolist())
        return folder(self.base / key("masked_lm", *parts), make)

    def keep(self, model: Any, origin: Model, to: Path) -> None:
        """Write a model, its tokenizer and its costs."""
        save(model, load_reader(Path(origin.path)), to, self.spec.max_length)
        self.keep_costs(model, origin, to)

    def keep_costs(self, model: Any, origin: Model, to: Path) -> None:
        """Write what a model costs to use."""
        found = costs(model, read_inputs(self.tokens(origin), "dev"))
        (to / COSTS).write_text(json.dumps(found))


def _costs(of: Path) -> dict[str, float]:
    found: dict[str, float] = json.loads((of / COSTS).read_text())
    return found


def _same_labels(teacher: Model, dataset: Dataset) -> None:
    if not teacher.knows(dataset):
        message = (
            f"Its head knows {', '.join(teacher.labels) or 'nothing'}; the dataset's labels are "
            f"{', '.join(dataset.labels) or 'numbers'}, for {dataset.task.head}. "
            "Let it be fine-tuned first: "
            'preparation {"kind": "fine_tuned"}.'
        )
        raise InvalidModel(Problem(field="teacher.model", message=message))


def _fits(model: Model, field: str, max_length: int) -> None:
    config = json.loads((Path(model.path) / "config.json").read_text(encoding="utf-8"))
    limit = config.get("max_position_embeddings", max_length)
    if max_length > limit:
        message = f"{model.name} reads at most {limit} tokens; got max_length={max_length}."
        raise InvalidModel(Problem(field=field, message=message))
