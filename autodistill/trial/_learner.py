"""The student at work: its objective, step by step through one epoch."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from autodistill.data.table import read_split
from autodistill.models.device import device
from autodistill.models.encoders import load
from autodistill.models.fitting import Optimiser, batches, hard_loss
from autodistill.models.scale import scale_of
from autodistill.models.tokens import read_tokens
from autodistill.record import PreparedTask
from autodistill.spec import TrialSpec
from autodistill.trial._examples import examples
from autodistill.trial._teaching import CachedTeaching, Lesson, MixedTeaching
from autodistill.trial._vocabulary import keep_own_words, restore_all_words

TERMS = ("total", "hard", "soft", "intermediate")


class Learner:
    """Everything of a trial that changes while it trains, and what it learns from.

    Its objective is the batch's mean of `(1 - w) hard + w soft + b intermediate`, where w is the
    loss's KD weight and b the weight of the intermediate objective. Random numbers come from (seed,
    epoch), so that no generator's state needs to be kept.
    """

    def __init__(self, task: PreparedTask, spec: TrialSpec) -> None:
        self._task, self._seed, self._pipeline = task.task, spec.seed, spec.pipeline
        pipeline, facts = spec.pipeline, task.facts[spec.student]
        split = read_split(task.dataset, "train")
        self.scale = scale_of(task.task, split.labels)
        torch.manual_seed(spec.seed)
        self._objective = pipeline.intermediate.build(facts)
        self._objective.modules.to(device())
        self._targets = pipeline.targets.build(facts)
        pairs = pipeline.intermediate.layer_pairs(facts)
        self._layers = sorted({s for _, s in pairs})
        layers = tuple(sorted({t for t, _ in pairs}))
        self._examples = examples(task, spec, layers, self.scale, split)
        self._teaching = (
            MixedTeaching(
                self.scale.unfold(load(task.teacher)),
                pipeline.augmentation,
                self._examples,
                layers,
            )
            if pipeline.augmentation.mixes
            else CachedTeaching(self._examples, layers, self.scale)
        )
        student = self.scale.unfold(load(task.students[spec.student]))
        held_out = [read_tokens(task.student_tokens[spec.student], x) for x in ("dev", "test")]
        occurring = [tokens.ids for tokens in (self._examples.tokens, *held_out)]
        self.student = keep_own_words(student, np.concatenate(occurring))
        trained = [self.student, self._objective.modules]
        self._optimiser = Optimiser(trained, pipeline.training, self.num_examples)

    @property
    def num_examples(self) -> int:
        """Examples of one epoch, rewritten copies included."""
        return len(self._examples.rows_K)

    @property
    def learning_rate(self) -> float:
        """Of the next step."""
        return self._optimiser.learning_rate

    def epoch(self, epoch: int) -> dict[str, float]:
        """Go once over the examples and return the mean of each loss term.

        Raises:
            Diverged: When the loss is no longer finite.
        """
        training = self._pipeline.training
        rng = np.random.default_rng([self._seed, 3, epoch])
        torch.manual_seed(int(rng.integers(2**63)))
        progress = (epoch + 1) / training.num_epochs
        self.student.train()
        sums = torch.zeros(len(TERMS), device=device())
        lengths_K = self._examples.tokens.lengths[self._examples.rows_K]
        for chosen in batches(lengths_K, training.batch_size, rng):
            ids_B = torch.from_numpy(self._examples.ids_K[chosen]).to(device())
            target_BC = self._targets(ids_B, self._examples.label_NC[ids_B], progress)
            rows_B = self._examples.rows_K[chosen]
            lesson = self._teaching(self.student, rows_B, target_BC, rng)
            terms = self._terms(lesson, ids_B)
            self._optimiser.step(terms[0])
            sums += len(chosen) * torch.stack(terms).detach()
        means = (sums / self.num_examples).tolist()
        return dict(zip(TERMS, means, strict=True))

    def _terms(self, lesson: Lesson, ids_B: torch.Tensor) -> list[torch.Tensor]:
        """Return the batch's total loss and its three terms."""
        pipeline = self._pipeline
        out = self.student(output_hidden_states=bool(self._layers), **lesson.inputs)
        student_BC = out.logits.float()
        said_BC = student_BC.detach()
        self._targets.observe(
            ids_B, said_BC.softmax(1) if self._task.is_classification else said_BC
        )
        hidden = {k: out.hidden_states[k].float() for k in self._layers}
        hard = hard_loss(self._task, student_BC, lesson.target_BC).mean()
        soft = pipeline.loss(student_BC, lesson.teacher_BC, lesson.target_BC).mean()
        middle = self._objective(*lesson.states(hidden)).mean()
        share = pipeline.loss.kd_weight
        total = (1 - share) * hard + share * soft
        total = total + pipeline.intermediate.intermediate_weight * middle
        return [total, hard, soft, middle]

    def graduate(self, weights: dict[str, Any]) -> Any:
        """Return the student with these weights, whole and on the dataset's scale.

        The learner cannot go on afterwards.
        """
        self.student.load_state_dict(weights)
        return self.scale.fold(restore_all_words(self.student))

    def state_dict(self) -> dict[str, Any]:
        """Return what a resumed trial needs."""
        return {
            "student": self.student.state_dict(),
            "modules": self._objective.modules.state_dict(),
            "targets": self._targets.state_dict(),
            "optimiser": self._optimiser.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back what `state_dict` returned."""
        self.student.load_state_dict(state["student"])
        self._objective.modules.load_state_dict(state["modules"])
        self._targets.load_state_dict(state["targets"])
        self._optimiser.load_state_dict(state["optimiser"])
