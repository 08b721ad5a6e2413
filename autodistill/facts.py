"""From a job's records to the facts that decide which components may serve it."""

from __future__ import annotations

from autodistill.record import Dataset, Model
from autodistill.spec import Augmenters, CutStudent, StudentSpec
from autodistill.task import TaskFacts


def task_facts(
    dataset: Dataset,
    teacher: Model,
    student: StudentSpec,
    student_model: Model | None,
    augmenters: Augmenters | None = None,
) -> TaskFacts:
    """Return the facts of one student of a job; `student_model` is None for a cut student."""
    named = augmenters or Augmenters()
    cut = student if isinstance(student, CutStudent) else None
    like = student_model or teacher
    return TaskFacts(
        task=dataset.task,
        num_outputs=dataset.num_outputs,
        num_levels=int(dataset.meta_features.get("num_levels", 0)),
        num_train=dataset.num_examples["train"],
        teacher_layers=teacher.num_layers,
        student_layers=cut.num_layers if cut else like.num_layers,
        teacher_width=teacher.hidden_size,
        student_width=like.hidden_size,
        teacher_heads=teacher.num_heads,
        student_heads=like.num_heads,
        shared_tokenizer=like.tokenizer_sha256 == teacher.tokenizer_sha256,
        masked_lm=named.masked_lm is not None,
        translation=named.translation is not None,
    )
