"""One trial: one pipeline, trained epoch by epoch, resumable after each."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from autodistill.data.table import read_split
from autodistill.errors import Diverged
from autodistill.metrics import measure
from autodistill.models.device import device
from autodistill.models.encoders import load, load_tokenizer, save
from autodistill.models.fitting import Optimiser, batches, hard_loss
from autodistill.models.outputs import infer, read_outputs
from autodistill.models.tokens import read_tokens
from autodistill.record import Measurement, Outcome, PreparedTask
from autodistill.spec import LOWER_IS_BETTER, METRICS, TrialSpec
from autodistill.trial._checkpoint import Checkpoints
from autodistill.trial._examples import examples
from autodistill.trial._teaching import CachedTeaching, Lesson, MixedTeaching

TERMS = ("total", "hard", "soft", "intermediate")


class TrialRun:
    """Trains one pipeline; iterate for its epochs, then `finish`.

    The same spec on one thread gives the same measurements, also when the trial was interrupted: a
    checkpoint is written after each epoch, before it is yielded, and the next start goes on from it.
    Random numbers come from (seed, epoch), so that nothing of a generator needs to be kept.
    """

    def __init__(self, task: PreparedTask, spec: TrialSpec, folder: Path) -> None:
        self._task, self._spec, self._folder = task, spec, folder
        self._checkpoints = Checkpoints(folder)
        pipeline, facts = spec.pipeline, task.facts[spec.student]
        self._classes = task.task.is_classification
        self.num_epochs = pipeline.training.num_epochs
        torch.manual_seed(spec.seed)
        self._student = load(task.students[spec.student]).to(device())
        self._objective = pipeline.intermediate.build(facts)
        self._objective.modules.to(device())
        self._targets = pipeline.targets.build(facts)
        self._student_layers = tuple(s for _, s in pipeline.intermediate.layer_pairs(facts))
        layers = tuple(sorted({t for t, _ in pipeline.intermediate.layer_pairs(facts)}))
        self._examples = examples(task, spec, layers)
        self._teaching = (
            MixedTeaching(task, pipeline.augmentation, self._examples, layers)
            if pipeline.augmentation.mixes
            else CachedTeaching(self._examples, layers)
        )
        steps = -(-len(self._examples.rows_K) // pipeline.training.batch_size)
        self._optimiser = Optimiser(
            [self._student, self._objective.modules], pipeline.training, steps * self.num_epochs
        )
        self._history: list[Measurement] = []
        self._best_epoch = 0
        self._resume()

    @property
    def history(self) -> tuple[Measurement, ...]:
        """The epochs that have been measured, before this start as well."""
        return tuple(self._history)

    def __iter__(self) -> Iterator[Measurement]:
        """Train the epochs that are left, one for each measurement.

        Raises:
            Diverged: When the loss is no longer finite.
        """
        while len(self._history) < self.num_epochs:
            yield self._epoch(len(self._history))

    def finish(self) -> Outcome:
        """Measure the best epoch's student on dev and test, and save it in Hugging Face layout."""
        self._student.load_state_dict(self._checkpoints.load_best(self._best_epoch))
        dev, test = self._measure("dev"), self._measure("test")
        student = self._folder / "student"
        save(self._student, load_tokenizer(self._task.teacher), student)
        costs = self._task.student_costs[self._spec.student]
        return Outcome(best_epoch=self._best_epoch, dev=dev | costs, test=test, student=student)

    def _epoch(self, epoch: int) -> Measurement:
        started = time.perf_counter()
        learning_rate = self._optimiser.learning_rate
        terms = self._train(epoch)
        seconds = time.perf_counter() - started
        dev = self._measure("dev")
        values = {f"loss/{name}": value for name, value in zip(TERMS, terms, strict=True)}
        values |= {f"dev/{name}": value for name, value in dev.items()}
        values |= {
            "learning_rate": learning_rate,
            "seconds": seconds,
            "examples_per_s": len(self._examples.rows_K) / seconds,
        }
        measurement = Measurement(epoch=epoch + 1, values=values)
        self._history.append(measurement)
        self._keep(measurement)
        return measurement

    def _train(self, epoch: int) -> list[float]:
        """Go once over the examples and return the mean of each loss term."""
        pipeline, rows_K = self._spec.pipeline, self._examples.rows_K
        torch.manual_seed(self._spec.seed * 1009 + epoch)
        rng = np.random.default_rng([self._spec.seed, 3, epoch])
        progress = (epoch + 1) / self.num_epochs
        self._student.train()
        sums = torch.zeros(len(TERMS), device=device())
        lengths = self._examples.tokens.lengths[rows_K]
        for chosen in batches(lengths, pipeline.training.batch_size, rng):
            ids_B = torch.from_numpy(self._examples.ids_K[chosen]).to(device())
            target_BC = self._targets(ids_B, self._examples.labels_NC[ids_B], progress)
            lesson = self._teaching(self._student, rows_K[chosen], target_BC, rng)
            terms = self._terms(lesson, ids_B)
            self._optimiser.step(terms[0])
            sums += len(chosen) * torch.stack(terms).detach()
        if not torch.isfinite(sums).all():
            message = f"The loss is no longer finite in epoch {epoch + 1}; lower the learning rate."
            raise Diverged(message)
        means: list[float] = (sums / len(rows_K)).tolist()
        return means

    def _terms(self, lesson: Lesson, ids_B: torch.Tensor) -> list[torch.Tensor]:
        """Return the batch's total loss and its three terms."""
        pipeline = self._spec.pipeline
        out = self._student(output_hidden_states=bool(self._student_layers), **lesson.inputs)
        student_BC = out.logits.float()
        said_BC = student_BC.detach().softmax(dim=1) if self._classes else student_BC.detach()
        self._targets.observe(ids_B, said_BC)
        hidden = {k: out.hidden_states[k].float() for k in self._student_layers}
        share = pipeline.loss.kd_weight
        hard = hard_loss(student_BC, lesson.target_BC, classes=self._classes).mean()
        soft = pipeline.loss(student_BC, lesson.teacher_BC, lesson.target_BC).mean()
        middle = self._objective(hidden, lesson.teacher_hidden, lesson.mask_BT).mean()
        total = (1 - share) * hard + share * soft
        total = total + pipeline.intermediate.intermediate_weight * middle
        return [total, hard, soft, middle]

    def _measure(self, split: str) -> dict[str, float]:
        labels_N = read_split(self._task.dataset, split).labels
        teacher_NC = read_outputs(self._task.outputs, split).logits_NC
        student_NC = infer(self._student, read_tokens(self._task.tokens, split)).logits_NC
        if not np.isfinite(student_NC).all():
            raise Diverged("The student's outputs are no longer finite; lower the learning rate.")
        return measure(self._task.task, student_NC, labels_N, teacher_NC)

    def _keep(self, measurement: Measurement) -> None:
        """Write this epoch's checkpoint, and its weights when it is the best so far."""
        if self._score(measurement) > self._score_of(self._best_epoch):
            self._best_epoch = measurement.epoch
            self._checkpoints.save_best(measurement.epoch, self._student.state_dict())
        self._checkpoints.save(
            {
                "spec": self._spec.sha256,
                "student": self._student.state_dict(),
                "modules": self._objective.modules.state_dict(),
                "targets": self._targets.state_dict(),
                "optimiser": self._optimiser.state_dict(),
                "best_epoch": self._best_epoch,
                "history": [m.model_dump_json() for m in self._history],
            }
        )

    def _resume(self) -> None:
        state: dict[str, Any] | None = self._checkpoints.load()
        if state is None:
            return
        if state["spec"] != self._spec.sha256:
            message = f"The checkpoint in {self._folder} belongs to another pipeline."
            raise ValueError(message)
        self._student.load_state_dict(state["student"])
        self._objective.modules.load_state_dict(state["modules"])
        self._targets.load_state_dict(state["targets"])
        self._optimiser.load_state_dict(state["optimiser"])
        self._best_epoch = state["best_epoch"]
        self._history = [Measurement.model_validate_json(m) for m in state["history"]]

    def _score(self, measurement: Measurement) -> float:
        metric = METRICS[self._task.task][0]
        value = measurement.values[f"dev/{metric}"]
        return -value if metric in LOWER_IS_BETTER else value

    def _score_of(self, epoch: int) -> float:
        return self._score(self._history[epoch - 1]) if epoch else -np.inf
