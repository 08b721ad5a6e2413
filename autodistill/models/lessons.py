"""What is learnt from one batch: the student's inputs, what the teacher says of them, the targets.

Letters: B examples, T tokens, V rows, C outputs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from autodistill.activations import Said, joined
from autodistill.lazy import torch
from autodistill.models.inputs import Batch
from autodistill.models.speaking import Speaker


@dataclass(frozen=True)
class Lesson:
    """One batch. It may have parts of equal size, one after the other: labelled, then changed."""

    inputs: dict[str, torch.Tensor]
    """Keyword arguments of the student's forward pass."""
    scored_BT: torch.Tensor | None
    """Which of the student's tokens are rows; None where each example is one."""
    student_mask_BT: torch.Tensor
    teacher_mask_BT: torch.Tensor
    """True at real tokens."""
    teacher: Said
    """On the scale that the student learns on."""
    target_VC: torch.Tensor
    """The hard loss's; of changed parts what the teacher says, since they have no labels."""
    shared_tokens: bool
    """Whether teacher and student have the same tokens."""
    weights: tuple[float, ...] = (1.0,)
    """What each part counts in what is learnt from the teacher; only the first has labels."""

    def compared(self, student: Said, *, first_token: bool) -> tuple[Said, Said, torch.Tensor]:
        """Return student, teacher and a mask that holds for the states of both.

        Where the tokens differ, each text is shown as a single token: its first one, or the mean
        over its own.
        """
        if self.shared_tokens:
            return student, self.teacher, self.student_mask_BT
        whole_B1 = torch.ones_like(self.student_mask_BT[:, :1])
        mine = _told(student, self.student_mask_BT, first_token)
        theirs = _told(self.teacher, self.teacher_mask_BT, first_token)
        return mine, theirs, whole_B1

    def labelled(self, values: torch.Tensor) -> torch.Tensor:
        """Return the values of the part that has labels: the first."""
        return values[: len(values) // len(self.weights)]

    def of_labelled(self, said: Said) -> Said:
        """Return what was said of the part that has labels."""
        return Said(
            self.labelled(said.logits_VC),
            self.labelled(said.features_VE),
            {k: self.labelled(states) for k, states in said.states.items()},
            said.unbounded(self.labelled),
        )

    def mean(self, values: torch.Tensor) -> torch.Tensor:
        """Return the weighted sum of the parts' means."""
        if len(self.weights) == 1:
            return values.mean()
        parts = values.view(len(self.weights), -1).mean(dim=1)
        return (parts * parts.new_tensor(self.weights)).sum()

    def followed_by(self, changed: Lesson, weight: float) -> Lesson:
        """Return this lesson and a changed version of it, which teaches without labels."""
        scored = [m for m in (self.scored_BT, changed.scored_BT) if m is not None]
        return Lesson(
            inputs={k: torch.cat([v, changed.inputs[k]]) for k, v in self.inputs.items()},
            scored_BT=torch.cat(scored) if scored else None,
            student_mask_BT=torch.cat([self.student_mask_BT, changed.student_mask_BT]),
            teacher_mask_BT=torch.cat([self.teacher_mask_BT, changed.teacher_mask_BT]),
            teacher=joined([self.teacher, changed.teacher]),
            target_VC=torch.cat([self.target_VC, changed.target_VC]),
            shared_tokens=self.shared_tokens,
            weights=(*self.weights, weight),
        )


def _told(said: Said, mask_BT: torch.Tensor, first_token: bool) -> Said:  # noqa: FBT001
    """Return what was said with one vector for each text."""
    share_B1T = (mask_BT / mask_BT.sum(dim=1, keepdim=True))[:, None]
    states = {k: v[:, :1] if first_token else share_B1T @ v for k, v in said.states.items()}
    return replace(said, states=states)


@dataclass(frozen=True)
class Reading:
    """A model at a batch."""

    speaker: Speaker
    batch: Batch

    def vectors(self) -> torch.Tensor:
        """Return the batch as the model's embeddings, (B, T, width), or as pixels."""
        return self.batch.embedded(self.speaker.model)

    def inputs(
        self, vectors: torch.Tensor, mask_BT: torch.Tensor | None = None
    ) -> dict[str, torch.Tensor]:
        """Return the keyword arguments that make the model read these vectors instead."""
        mask_BT = self.batch.mask_BT if mask_BT is None else mask_BT
        return self.batch.inputs_of(self.speaker.model, vectors, mask_BT)

    def says(self, inputs: dict[str, torch.Tensor]) -> Said:
        """Return what the model says of some inputs, with gradient wherever the caller has it."""
        return self.speaker(inputs, self.batch.scored_BT)

    def of(self, batch: Batch) -> Reading:
        """Return the model at another batch."""
        return replace(self, batch=batch)


@dataclass(frozen=True)
class Scene:
    """A batch before anything is changed, and whom it is for."""

    student: Reading
    teacher_batch: Batch
    """The same object as the student's where they read the same tokens."""
    target_VC: torch.Tensor
    recall: Callable[[], Said]
    """Gives what the teacher says of the batch as it is, from its cache."""
    call_teacher: Callable[[], Speaker]
    """Gives the teacher itself, in evaluation mode and frozen."""

    @property
    def teacher(self) -> Reading:
        """The teacher at the batch; what it says costs a forward pass."""
        return Reading(self.call_teacher(), self.teacher_batch)

    @property
    def shared_tokens(self) -> bool:
        """Whether both read the same tokens."""
        return self.student.batch is self.teacher_batch

    def plain(self) -> Lesson:
        """Return the lesson on the batch as it is."""
        mine = self.student.batch
        return Lesson(
            inputs=mine.inputs(self.student.speaker.model),
            scored_BT=mine.scored_BT,
            student_mask_BT=mine.mask_BT,
            teacher_mask_BT=self.teacher_batch.mask_BT,
            teacher=self.recall(),
            target_VC=self.target_VC,
            shared_tokens=self.shared_tokens,
        )
