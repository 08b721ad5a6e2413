"""One trial: one pipeline, trained epoch by epoch, resumable after each."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from autodistill.data.table import read_split
from autodistill.metrics import LOWER_IS_BETTER, METRICS
from autodistill.models.encoders import load_reader, save
from autodistill.models.evaluation import Exam
from autodistill.models.inputs import read_inputs
from autodistill.models.memory import peak_bytes
from autodistill.models.outputs import read_outputs
from autodistill.models.scale import Scale
from autodistill.record import Measurement, Outcome, PreparedTask
from autodistill.spec import TrialSpec
from autodistill.trial._checkpoint import Checkpoints
from autodistill.trial._learner import Learner

MIB = 2**20


class TrialRun:
    """Trains one pipeline; iterate for its epochs, then `finish`.

    The same spec on one thread gives the same measurements, also when the trial was interrupted:
    a checkpoint is written after each epoch, before it is yielded, and the next start goes on from
    it. Epochs are measured in the precision of the spec, the outcome in float32. A finished trial
    keeps its student and its outcome, and no checkpoint.
    """

    def __init__(
        self, task: PreparedTask, spec: TrialSpec, folder: Path, *, slices: int = 1
    ) -> None:
        """Find what there is of the trial.

        Args:
            task: The prepared task.
            spec: Of the trial.
            folder: Its own.
            slices: Of each batch; more take less memory, see `Speaker`.
        """
        spec.pipeline.check(task.facts[spec.student])
        self._task, self._spec, self._folder, self._slices = task, spec, folder, slices
        self.num_epochs = spec.pipeline.training.num_epochs
        self._checkpoints = Checkpoints(folder, spec)
        self._outcome: Outcome | None = None
        self._history: list[Measurement] = []
        self._best_epoch = 0
        if concluded := self._checkpoints.concluded():
            self._outcome, self._history = concluded
        elif (state := self._checkpoints.load()) is not None:
            self._learner.load_state_dict(state["learner"])
            self._best_epoch = state["best_epoch"]
            self._history = [Measurement.model_validate_json(m) for m in state["history"]]

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
        if self._outcome is None:
            weights = self._checkpoints.load_best(self._best_epoch)
            probed = {}
            if "sharpness" in self._task.probes:
                probed = {"sharpness": self._learner.sharpness(weights)}
            student = self._learner.graduate(weights)
            exam = self._dev
            said = exam.answers(student, Scale())
            dev, test = exam.measure(said), self._exam("test")(student, Scale())
            label, path = self._spec.student, self._folder / "student"
            tokenizer = load_reader(self._task.students[label])
            save(student, tokenizer, path, self._task.max_length)
            dev |= self._task.student_costs[label] | probed
            self._outcome = Outcome(
                best_epoch=self._best_epoch,
                dev=dev,
                test=test,
                confusion=exam.confusion(said),
                student=path,
            )
            self._checkpoints.conclude(self._outcome, self._history)
        return self._outcome

    @cached_property
    def _learner(self) -> Learner:
        return Learner(self._task, self._spec, slices=self._slices)

    @cached_property
    def _dev(self) -> Exam:
        return self._exam("dev")

    def _exam(self, split: str) -> Exam:
        task = self._task
        tokens = read_inputs(task.student_tokens[self._spec.student], split)
        said = read_outputs(task.outputs, split, read_inputs(task.tokens, split))
        labels_V = tokens.labels(read_split(task.dataset, split))
        return Exam(task.task, tokens, labels_V, said, tokens.tagging(task.labels))

    def _epoch(self, epoch: int) -> Measurement:
        learner = self._learner
        learning_rate, started = learner.learning_rate, time.perf_counter()
        losses = learner.epoch(epoch)
        seconds = time.perf_counter() - started
        scoring = learner.scoring_seconds if epoch == 0 else 0.0
        low = self._spec.precision == "bfloat16"
        dev = self._dev(learner.student, learner.scale, low_precision=low)
        values = {f"loss/{name}": value for name, value in losses.items()}
        values |= {f"dev/{name}": value for name, value in dev.items()}
        values |= {
            "learning_rate": learning_rate,
            "seconds": seconds + scoring,
            "examples_per_s": learner.num_examples / seconds,
            "memory_mib": peak_bytes() / MIB,
            "predicted_memory_mib": learner.predicted_bytes / MIB,
        }
        if scoring:
            values["scoring_seconds"] = scoring
        measurement = Measurement(epoch=epoch + 1, values=values)
        self._history.append(measurement)
        self._keep(measurement)
        return measurement

    def _keep(self, measurement: Measurement) -> None:
        """Write this epoch's checkpoint, and its weights when none before was better."""
        if self._score(measurement) >= self._best_score:
            self._best_epoch = measurement.epoch
            weights = self._learner.student.state_dict()
            self._checkpoints.save_best(measurement.epoch, weights)
        state = {
            "learner": self._learner.state_dict(),
            "best_epoch": self._best_epoch,
            "history": [m.model_dump_json() for m in self._history],
        }
        self._checkpoints.save(state, self._best_epoch)

    def _score(self, measurement: Measurement) -> float:
        metric = METRICS[self._task.task][0]
        value = measurement.values[f"dev/{metric}"]
        return -value if metric in LOWER_IS_BETTER else value

    @property
    def _best_score(self) -> float:
        return self._score(self._history[self._best_epoch - 1]) if self._best_epoch else -math.inf
