"""The door: what a job asks for is looked up, checked and frozen, or refused with reasons."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from api.advising import Question, advise, question
from autodistill.errors import InvalidInput, NotFound, Problem
from autodistill.explain.estimate import Estimate, estimate, pace
from autodistill.facts import task_facts
from autodistill.record import Dataset, Job, Model
from autodistill.spec import (
    Advised,
    Augmenters,
    CutStudent,
    JobRequest,
    JobSpec,
    Student,
    TeacherSpec,
)
from autodistill.store import Sought, Transaction
from autodistill.task import WHOLE_TEXTS, TaskFacts

LOOKED_AT, EARLIER, TIMED = 50, 5, 40
"""Newest jobs that are looked at, those with trials and trials of each that tell a job's time."""


def admit(
    tx: Transaction, asked: JobRequest, *, advising: bool
) -> tuple[JobSpec, dict[str, TaskFacts]]:
    """Return the job as it would be stored, with the facts of each student.

    Asking the recommender takes longer than all else, so that is left to whoever stores the job.

    Raises:
        InvalidInput: With a problem for each field that breaks a law.
    """
    dataset, teacher = _dataset(tx, asked.dataset), _teacher(tx, asked.teacher.model)
    problems = list(_of_teacher(asked.teacher, teacher, dataset))
    augmenters, found_wrong = _augmenters(tx, asked.augmenters)
    problems += found_wrong
    if dataset.task not in WHOLE_TEXTS and asked.augmenters != Augmenters():
        message = f"Augmenters rewrite whole texts; {dataset.task} has none. Leave them out."
        problems.append(Problem(field="augmenters", message=message))
    if asked.tryout and not asked.start:
        message = "A tryout is of the pipelines in `start`; name some, or leave `tryout` out."
        problems.append(Problem(field="tryout", message=message))
    if asked.probes and asked.runs == "elsewhere":
        message = "What is trained elsewhere cannot be probed here; leave the probes out."
        problems.append(Problem(field="probes", message=message))
    facts: dict[str, TaskFacts] = {}
    students: list[Student] = []
    for i, student in enumerate(asked.students):
        try:
            known, found = _student(
                tx, student, teacher, dataset, f"students.{i}", augmenters=asked.augmenters
            )
        except InvalidInput as error:
            problems += error.problems
        else:
            students.append(known)
            facts[known.label] = found
    if problems:
        raise InvalidInput(problems)
    named = asked.model_copy(
        update={
            "dataset": dataset.id,
            "teacher": asked.teacher.model_copy(update={"model": teacher.id}),
            "students": tuple(students),
            "augmenters": augmenters,
        }
    )
    advised: list[Advised] = []
    if advising and (k := asked.search.recommended):
        first = next(iter(facts.values()))
        asks = Question(
            dataset, first, named.teacher, students[0], asked.max_length, asked.max_train_examples
        )
        advice = advise(tx, asks, k=k, sees=lambda _: False).advice
        advised = [Advised(pipeline=a.pipeline, reason=a.reason) for a in advice]
    return named.resolve(list(facts.values()), advised), facts


def foresee(tx: Transaction, spec: JobSpec, facts: Mapping[str, TaskFacts]) -> Estimate:
    """Return what a job will take: by earlier jobs on its dataset, else by those of its teacher."""
    num_train = next(iter(facts.values())).num_train
    for registered, shared in ((spec.dataset, "dataset"), (spec.teacher.model, "teacher")):
        found = tx.jobs.list(Sought(registered=registered), limit=LOOKED_AT)
        jobs = [job for job in found if job.spec.runs == spec.runs]
        alike = [job for job in jobs if {s.label for s in job.spec.students} & facts.keys()]
        if paces := _paces(tx, alike) or _paces(tx, jobs):
            basis = f"From {len(paces)} trials of earlier jobs with the same {shared}."
            return estimate(spec, num_train, paces, basis)
    return estimate(spec, num_train, [], "No earlier job to tell the time from.")


def _paces(tx: Transaction, jobs: Sequence[Job]) -> list[float]:
    """Return the paces of the first few of these jobs that have trials to tell them from."""
    timed = ((job, trials) for job in jobs if (trials := tx.plain.newest(job.id, TIMED)))
    paces: list[float] = []
    for job, trials in islice(timed, EARLIER):
        used = next(iter(tx.jobs.facts(job.id).values())).num_train
        paces += pace(trials, min(used, job.spec.max_train_examples or used))
    return paces


def question_of(
    tx: Transaction, dataset: str, teacher: str, student: Student, *, project: str | None
) -> Question:
    """Return what is asked for a student, under the conditions of the newest job of its kind.

    Args:
        tx: Of the store.
        dataset: Id or name.
        teacher: Id or name of a model.
        student: Who is to learn.
        project: Whose jobs alone are looked at; None looks at all.

    Raises:
        InvalidInput: When one of them is unknown or they do not fit.
    """
    data, model = _dataset(tx, dataset), _teacher(tx, teacher)
    known, facts = _student(tx, student, model, data, "student")
    jobs = tx.jobs.list(Sought(registered=data.id, project=project), limit=LOOKED_AT)
    return question(data, facts, model, known, jobs)


def _dataset(tx: Transaction, name: str) -> Dataset:
    try:
        return tx.datasets.get(name)
    except NotFound as error:
        raise InvalidInput(_unknown("dataset", error)) from error


def _teacher(tx: Transaction, name: str) -> Model:
    return _encoder(tx, name, "teacher.model")


def _unknown(field: str, error: NotFound) -> Problem:
    return Problem(field=field, message=str(error), known=error.known)


def _of_teacher(asked: TeacherSpec, model: Model, dataset: Dataset) -> Iterator[Problem]:
    if problem := _unread(model, dataset, "teacher.model"):
        yield problem
    if dataset.task not in asked.preparation.tasks:
        served = ", ".join(sorted(asked.preparation.tasks))
        message = f"{asked.preparation.kind} serves {served}, not {dataset.task}; choose another."
        yield Problem(field="teacher.preparation", message=message)
    if asked.preparation.fine_tuning is None and not model.knows(dataset):
        theirs = ", ".join(model.labels[:10]) or "no head"
        if model.head not in ("", dataset.task.head):
            theirs = f"a head for {model.head}"
        message = (
            f"A teacher that is used as it is needs the dataset's labels "
            f"({', '.join(dataset.labels[:10]) or 'one number'}) in that order; this one has "
            f'{theirs}. Choose preparation "fine_tuned".'
        )
        yield Problem(field="teacher.preparation", message=message)


def _unread(model: Model, dataset: Dataset, field: str) -> Problem | None:
    """Say that a model reads texts where the dataset has images, or the other way round."""
    if model.reads_images == dataset.task.reads_images:
        return None
    reads, has = ("images", "texts") if model.reads_images else ("texts", "images")
    way_out = 'register a vision transformer, such as a source {"kind": "fresh"}'
    message = f"{model.name} reads {reads}, but {dataset.name} has {has}; choose another model"
    return Problem(field=field, message=f"{message}{f', or {way_out}' if has == 'images' else ''}.")


def _student(
    tx: Transaction,
    student: Student,
    teacher: Model,
    dataset: Dataset,
    field: str,
    *,
    augmenters: Augmenters | None = None,
) -> tuple[Student, TaskFacts]:
    if isinstance(student, CutStudent):
        if student.num_layers > teacher.num_layers:
            message = (
                f"The teacher has {teacher.num_layers} layers, so a student cut from it has "
                f"1 to {teacher.num_layers}, not {student.num_layers}."
            )
            raise InvalidInput(Problem(field=f"{field}.num_layers", message=message))
        return student, task_facts(dataset, teacher, student, None, augmenters)
    model = _encoder(tx, student.model, f"{field}.model")
    if problem := _unread(model, dataset, f"{field}.model"):
        raise InvalidInput(problem)
    if dataset.task.tags_words and model.tokenizer_sha256 != teacher.tokenizer_sha256:
        law = "Where words are tagged, teacher and student must share a tokenizer"
        message = f"{law}; {model.name} cuts otherwise than {teacher.name}. Choose another one."
        raise InvalidInput(Problem(field=f"{field}.model", message=message))
    known = student.model_copy(update={"model": model.id})
    return known, task_facts(dataset, teacher, known, model, augmenters)


def _encoder(tx: Transaction, name: str, field: str) -> Model:
    model = _model(tx, name, field)
    if model.translates:
        message = f"{model.name} translates, which serves augmenters.translation; name an encoder."
        raise InvalidInput(Problem(field=field, message=message))
    return model


def _translator(tx: Transaction, name: str, field: str) -> Model:
    model = _model(tx, name, field)
    if not model.translates:
        message = (
            f"{model.name} is no translation model (Marian) but {model.architecture}; name one."
        )
        raise InvalidInput(Problem(field=field, message=message))
    return model


def _model(tx: Transaction, name: str, field: str) -> Model:
    try:
        return tx.models.get(name)
    except NotFound as error:
        raise InvalidInput(_unknown(field, error)) from error


def _augmenters(tx: Transaction, asked: Augmenters) -> tuple[Augmenters, list[Problem]]:
    """Return the models by id, with what is wrong with their naming."""
    problems: list[Problem] = []

    def found(look: Callable[[Transaction, str, str], Model], name: str, field: str) -> str:
        try:
            return look(tx, name, f"augmenters.{field}").id
        except InvalidInput as error:
            problems.extend(error.problems)
            return name

    changes: dict[str, Any] = {}
    if asked.masked_lm is not None:
        changes["masked_lm"] = found(_encoder, asked.masked_lm, "masked_lm")
    if (by := asked.translation) is not None:
        there = found(_translator, by.there, "translation.there")
        back = found(_translator, by.back, "translation.back")
        changes["translation"] = by.model_copy(update={"there": there, "back": back})
    return asked.model_copy(update=changes), problems
