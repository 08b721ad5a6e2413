"""What a dataset asks for, and the facts about a job that decide which components may serve it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from annotated_types import Ge, Le
from pydantic import BaseModel, ConfigDict, StringConstraints

Name = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=100, pattern=r"^\w[\w .:+@()-]*$"
    ),
]
"""What a dataset or model is called: letters, digits and some marks; it is part of addresses."""
Size = Annotated[int, Ge(1), Le(10**6)]
"""Of a part of a model."""
DEFAULT_PROJECT = "default"
"""Whose jobs are that name no project."""


class Task(StrEnum):
    """The kind of prediction a dataset asks for."""

    TEXT_CLASSIFICATION = "text_classification"
    TEXT_PAIR_CLASSIFICATION = "text_pair_classification"
    TEXT_REGRESSION = "text_regression"
    TOKEN_CLASSIFICATION = "token_classification"
    IMAGE_CLASSIFICATION = "image_classification"

    @property
    def is_classification(self) -> bool:
        """True when labels are classes, so that logits have a softmax."""
        return self is not Task.TEXT_REGRESSION

    @property
    def tags_words(self) -> bool:
        """True when each word of an example has a label of its own."""
        return self is Task.TOKEN_CLASSIFICATION

    @property
    def reads_images(self) -> bool:
        """True when an example is an image."""
        return self is Task.IMAGE_CLASSIFICATION

    @property
    def head(self) -> str:
        """What transformers calls the head: `AutoModelFor<head>`."""
        if self.reads_images:
            return "ImageClassification"
        return "TokenClassification" if self.tags_words else "SequenceClassification"


CLASSIFICATION = frozenset(task for task in Task if task.is_classification)
EVERY_TASK = frozenset(Task)
ONE_ROW = frozenset(task for task in Task if not task.tags_words)
"""Tasks in which an example has one label."""
WHOLE_TEXTS = frozenset(task for task in ONE_ROW if not task.reads_images)
"""Tasks whose examples are texts that may be rewritten as a whole."""


class TaskFacts(BaseModel):
    """What validity rules may know: the task, and the shapes of teacher and students."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    task: Task
    num_outputs: int
    """Width of the logits: the number of classes, or 1 for regression."""
    num_levels: int = 0
    """Distinct training labels; 0 where that is not known."""
    num_train: int
    """Training examples before selection."""
    teacher_layers: Size
    """Transformer layers of the teacher, embeddings not counted."""
    student_layers: Size
    """Transformer layers of the student."""
    teacher_width: Size
    """Hidden size of the teacher."""
    student_width: Size
    """Hidden size of the student."""
    teacher_heads: int = 0
    """Attention heads of each of the teacher's layers; 0 where that is not known."""
    student_heads: int = 0
    """Attention heads of each of the student's layers; 0 where that is not known."""
    shared_tokenizer: bool
    """Whether teacher and students cut a text into the same tokens."""
    masked_lm: bool = False
    """Whether the job names a masked language model that rewrites texts."""
    translation: bool = False
    """Whether it names models that translate texts, there and back."""
