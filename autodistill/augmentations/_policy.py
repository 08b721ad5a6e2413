"""Token edits and the policy that chooses them. Letters: B examples, T tokens, V rows, A edits."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from autodistill.activations import Said
from autodistill.augmentations._base import Unchanged, divergence, told
from autodistill.lazy import torch
from autodistill.models.lessons import Lesson, Scene
from autodistill.models.tokens import TokenBatch

EDITS = tuple(itertools.product(("delete", "swap", "mask"), (0.1, 0.3)))
"""Kinds of edit and shares of the words that are edited."""
DECAY = 0.9
"""Of the reward's running mean and mean square."""


class Policy:
    """A softmax over edits, whatever they do, that goes up the rewards it is told."""

    def __init__(self, num_edits: int, rate: float, entropy_weight: float) -> None:
        self.preference_A = np.zeros(num_edits)
        self.rate, self.entropy_weight = rate, entropy_weight
        self.mean, self.square, self.updates = 0.0, 0.0, 0

    @property
    def chances(self) -> NDArray[np.float64]:
        """Return the probability of each edit."""
        raised_A = np.exp(self.preference_A - self.preference_A.max())
        chances: NDArray[np.float64] = raised_A / raised_A.sum()
        return chances

    def draw(self, size: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """Return an edit for each example."""
        return rng.choice(len(self.preference_A), size, p=self.chances)

    def learn(self, edit_N: NDArray[np.int64], reward_N: NDArray[np.float64]) -> None:
        """Take one REINFORCE step from the rewards of some edits."""
        if not self.updates:
            self.mean, self.square = float(reward_N.mean()), float((reward_N**2).mean())
        spread = np.sqrt(max(self.square - self.mean**2, 0.0))
        # Where rewards do not differ there is nothing to learn but rounding.
        gain_N = (reward_N - self.mean) / spread if spread > 1e-6 * abs(self.mean) else 0 * reward_N
        chances = self.chances
        score_NA = np.eye(len(chances))[edit_N] - chances
        log_A = np.log(chances)
        entropy_A = -chances * (log_A - chances @ log_A)  # gradient of the entropy
        self.preference_A += self.rate * (
            (gain_N[:, None] * score_NA).mean(axis=0) + self.entropy_weight * entropy_A
        )
        self.mean = DECAY * self.mean + (1 - DECAY) * float(reward_N.mean())
        self.square = DECAY * self.square + (1 - DECAY) * float((reward_N**2).mean())
        self.updates += 1

    def state(self) -> list[Any]:
        """Return what has been learnt, as plain numbers."""
        return [self.preference_A.tolist(), self.mean, self.square, self.updates]

    def restore(self, state: list[Any]) -> None:
        """Take back what `state` returned."""
        preference, self.mean, self.square, self.updates = state
        self.preference_A = np.array(preference)


def editable(batch: TokenBatch) -> torch.Tensor:
    """Return which tokens are words: not those that begin, part or end texts, nor padding, (B, T).

    A text's first and last token are taken for what its tokenizer adds, wherever they occur.
    """
    last_B1 = batch.mask_BT.sum(dim=1, keepdim=True) - 1
    begins_BT = batch.ids_BT == batch.ids_BT[:, :1]
    return batch.mask_BT & ~begins_BT & (batch.ids_BT != batch.ids_BT.gather(1, last_B1))


def edited(batch: TokenBatch, edit_B: NDArray[np.int64]) -> TokenBatch:
    """Return a batch with one of `EDITS` made in each example, drawn from torch's generator.

    A deleted token leaves no gap; a masked one keeps its place and is hidden from attention; one
    that is swapped changes places with the next. A text never loses its last word.
    """
    place, free_BT = batch.ids_BT.device, editable(batch)
    kinds = np.array([kind for kind, _ in EDITS])[edit_B]
    share_B = torch.tensor([EDITS[edit][1] for edit in edit_B], device=place)

    def rows(kind: str) -> torch.Tensor:
        return torch.from_numpy(kinds == kind).to(place)[:, None]

    many_B1 = (free_BT.sum(dim=1) > 1)[:, None]
    right_BT = free_BT.roll(-1, dims=1)  # the first token is never free
    fit_BT = free_BT & many_B1 & (right_BT | ~rows("swap"))
    number_B1 = (share_B * free_BT.sum(dim=1)).round().clamp_min(1)[:, None]
    lot_BT = torch.rand(fit_BT.shape, device=place).masked_fill(~fit_BT, 2.0)
    chosen_BT = (lot_BT.argsort(dim=1).argsort(dim=1) < number_B1) & fit_BT
    left_BT = chosen_BT & rows("swap")
    left_BT = left_BT & ~left_BT.roll(1, dims=1)  # nothing moves twice
    gone_BT = chosen_BT & rows("delete")
    at_BT = torch.arange(free_BT.shape[1], device=place).expand_as(free_BT)
    order_BT = at_BT + left_BT.long() - left_BT.roll(1, dims=1).long()
    order_BT = order_BT.gather(1, gone_BT.long().argsort(dim=1, stable=True))
    kept_BT = at_BT < (batch.mask_BT & ~gone_BT).sum(dim=1, keepdim=True)
    return replace(
        batch,
        ids_BT=batch.ids_BT.gather(1, order_BT) * kept_BT,
        types_BT=batch.types_BT.gather(1, order_BT) * kept_BT,
        mask_BT=kept_BT & ~(chosen_BT & rows("mask")),
    )


class Editing(Unchanged):
    """Shows each batch a second time, edited, and learns from what was said of it."""

    def __init__(
        self,
        policy: Policy,
        *,
        weight: float,
        teacher_weight: float,
        update_every: int,
        classes: bool,
    ) -> None:
        self.policy, self.weight, self.teacher_weight = policy, weight, teacher_weight
        self.update_every, self.classes = update_every, classes
        self.edits: list[int] = []
        self.rewards: list[float] = []
        self.steps = 0

    @override
    def __call__(self, scene: Scene, rng: np.random.Generator) -> Lesson:
        edit_B = self.policy.draw(len(scene.teacher_batch.mask_BT), rng)
        self.edits += edit_B.tolist()
        assert isinstance(scene.teacher_batch, TokenBatch)  # images are refused
        batch = edited(scene.teacher_batch, edit_B)  # the student's as well: tokens are shared
        student, teacher = scene.student.of(batch), scene.teacher.of(batch)
        plain = scene.plain()
        with torch.no_grad():
            said = teacher.says(batch.inputs(teacher.speaker.model))
        changed = replace(
            plain,
            inputs=batch.inputs(student.speaker.model),
            student_mask_BT=batch.mask_BT,
            teacher_mask_BT=batch.mask_BT,
            teacher=said,
            target_VC=told(said, classes=self.classes),
        )
        return plain.followed_by(changed, self.weight)

    @override
    def observe(self, student: Said, lesson: Lesson) -> None:
        student_VC = student.logits_VC.detach().chunk(2)[1]
        before_VC, after_VC = lesson.teacher.logits_VC.chunk(2)
        gap_V = divergence(after_VC, student_VC, 1.0, classes=self.classes)
        moved_V = divergence(before_VC, after_VC, 1.0, classes=self.classes)
        self.rewards += (gap_V - self.teacher_weight * moved_V).tolist()
        self.steps += 1
        if self.steps == self.update_every:
            self.policy.learn(np.array(self.edits), np.array(self.rewards))
            self.edits, self.rewards, self.steps = [], [], 0

    @override
    def state_dict(self) -> dict[str, Any]:
        gathered = [list(self.edits), list(self.rewards), self.steps]
        return {"policy": self.policy.state(), "gathered": gathered}

    @override
    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.policy.restore(state["policy"])
        edits, rewards, self.steps = state["gathered"]
        self.edits, self.rewards = list(edits), list(rewards)
