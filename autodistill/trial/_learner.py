"""The student at work: its objective, step by step through one epoch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from autodistill.activations import Said
from autodistill.data.table import read_split
from autodistill.models.device import device
from autodistill.models.encoders import load
from autodistill.models.ensemble import load_teacher
from autodistill.models.fitting import Optimiser, batches, hard_loss
from autodistill.models.inputs import read_inputs
from autodistill.models.lessons import Lesson
from autodistill.models.memory import forget_peak
from autodistill.models.scale import scale_of
from autodistill.models.speaking import Speaker
from autodistill.record import PreparedTask
from autodistill.spec import TrialSpec
from autodistill.trial._examples import examples
from autodistill.trial._memory import fit
from autodistill.trial._sharpness import MOST_EXAMPLES, PROBES, hutchinson_trace
from autodistill.trial._teaching import Teaching
from autodistill.trial._vocabulary import keep_own_words, restore_all_words

TERMS = ("total", "hard", "soft", "intermediate", "penalty")


class Learner:
    """Everything of a trial that changes while it trains, and what it learns from.

    Its objective weighs the batch's means of the hard, soft and intermediate terms by 1 - w, w and
    b, where w is the loss's KD weight and b the weight of the intermediate objective, and adds the
    regularizer's penalty. Random numbers come from (seed, epoch), so that no generator's state
    needs to be kept.
    """

    def __init__(self, task: PreparedTask, spec: TrialSpec, *, slices: int = 1) -> None:
        self._task, self._seed, self._pipeline = task.task, spec.seed, spec.pipeline
        pipeline, facts = spec.pipeline, task.facts[spec.student]
        split = read_split(task.dataset, "train")
        self.scale = scale_of(task.task, split.labels)
        pairs = pipeline.intermediate.pairs(facts)
        of_teacher = tuple(sorted({t for t, _ in pairs}))
        self._examples = examples(task, spec, of_teacher, self.scale, split)
        pool = self._examples.pool
        self.scoring_seconds = pool.scoring_seconds
        torch.manual_seed(spec.seed)
        self._loss = pipeline.loss.build(pool)
        self._objective = pipeline.intermediate.build(pool)
        self._targets = pipeline.targets.build(pool)
        self._balancer = pipeline.balancing.build()
        self._regularising = pipeline.regularizer.build(pool)
        self._augmenting = pipeline.augmentation.build(pool)
        self._teaching = Teaching(
            self._examples, of_teacher, self.scale, lambda: load_teacher(task.teacher, self.scale)
        )
        student = self.scale.unfold(load(task.students[spec.student]))
        held_out = [read_inputs(task.student_tokens[spec.student], x) for x in ("dev", "test")]
        self.student = keep_own_words(student, [self._examples.tokens, *held_out])
        self._regularising.attach(self.student)
        own = {*(s for _, s in pairs), *pipeline.targets.activations(facts)}
        low = spec.precision == "bfloat16"
        self._speaker = Speaker(self.student, own, low_precision=low, slices=slices)
        built = (self._loss, self._objective, self._targets)
        self._modules = torch.nn.ModuleList(part.modules for part in built).to(device())
        trained = [self.student, self._modules]
        self._optimiser = Optimiser(trained, pipeline.training, self.num_examples)
        forget_peak()
        self.predicted_bytes = fit(self._speaker, self._examples, pipeline, trained)
        share, weight = pipeline.loss.kd_weight, pipeline.intermediate.intermediate_weight
        self._weights_K = torch.tensor([1 - share, share, weight], device=device())

    @property
    def num_examples(self) -> int:
        """Examples of one epoch, rewritten copies included."""
        return len(self._examples.chosen_K)

    @property
    def learning_rate(self) -> float:
        """Of the next step."""
        return self._optimiser.learning_rate

    def epoch(self, epoch: int) -> dict[str, float]:
        """Go once over the examples and return the mean of each loss term.

        Raises:
            Diverged: When the loss is no longer finite.
        """
        training, examples = self._pipeline.training, self._examples
        rng = np.random.default_rng([self._seed, 3, epoch])
        torch.manual_seed(int(rng.integers(2**63)))
        self.student.train()
        sums = torch.zeros(len(TERMS), device=device())
        lengths_K = examples.tokens.lengths[examples.chosen_K]
        steps = batches(lengths_K, training.batch_size, rng)
        for step, chosen in enumerate(steps):
            chosen_B = examples.chosen_K[chosen]
            ids_V = torch.from_numpy(examples.ids_V[examples.tokens.rows(chosen_B)]).to(device())
            until = (epoch + 1) / training.num_epochs
            target_VC = self._targets(ids_V, examples.label_VC[ids_V], until)
            lesson = self._augmenting(self._teaching.scene(self._speaker, chosen_B, target_VC), rng)
            done = (epoch + step / len(steps)) / training.num_epochs
            penalty = self._regularising.penalty(self.student, lesson.inputs, done)
            terms_K = self._terms(lesson, ids_V)
            total = self._balancer(terms_K, self._weights_K) + penalty
            self._optimiser.step(total)
            sums += len(chosen) * torch.stack([total, *terms_K, penalty]).detach()
        means = (sums / self.num_examples).tolist()
        return dict(zip(TERMS, means, strict=True))

    def _terms(self, lesson: Lesson, ids_V: torch.Tensor) -> torch.Tensor:
        """Return the batch's hard, soft and intermediate term."""
        student = self._speaker(lesson.inputs, lesson.scored_BT)
        self._observe(student, lesson, ids_V)
        mine, target_VC = lesson.of_labelled(student), lesson.labelled(lesson.target_VC)
        hard_V = hard_loss(self._task, mine.logits_VC, target_VC)
        hard_V = hard_V + self._targets.further(mine, target_VC)
        soft_V = self._loss(student, lesson.teacher, lesson.target_VC)
        first = self._pipeline.intermediate.first_token
        compared = lesson.compared(student, first_token=first)
        middle = self._objective(*compared, lesson.target_VC)
        means = (hard_V.mean(), lesson.mean(soft_V), lesson.mean(middle))
        return torch.stack(means)

    def _observe(self, student: Said, lesson: Lesson, ids_V: torch.Tensor) -> None:
        self._augmenting.observe(student, lesson)
        said_VC = lesson.labelled(student.logits_VC).detach()
        self._targets.observe(
            ids_V, said_VC.softmax(dim=1) if self._task.is_classification else said_VC
        )

    def sharpness(self, weights: dict[str, Any]) -> float:
        """Return `eta tr(H) / 2` of the student with these weights.

        H is the Hessian of the hard loss on up to 1,000 training examples, so that pipelines of
        any objective compare, and eta the peak learning rate. Minima where plain gradient descent
        is stable have at most 1; of AdamW that is a yardstick and no law.
        """
        self.student.load_state_dict(weights)
        self.student.eval()
        chosen = np.unique(self._examples.chosen_K)
        if len(chosen) > MOST_EXAMPLES:
            rng = np.random.default_rng([self._seed, 4])
            chosen = rng.choice(chosen, MOST_EXAMPLES, replace=False)
        parameters = [p for p in self.student.parameters() if p.requires_grad]
        attention = torch.nn.attention
        with attention.sdpa_kernel(attention.SDPBackend.MATH):
            losses = self._hard_losses(chosen)
            trace = hutchinson_trace(losses, parameters, probes=PROBES, seed=self._seed)
        return self._pipeline.training.learning_rate * trace / 2

    def _hard_losses(self, chosen: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Iterator[Any]:
        """Yield parts of the mean hard loss over some examples."""
        examples, size = self._examples, self._pipeline.training.batch_size
        num_rows = len(examples.tokens.rows(chosen))
        for start in range(0, len(chosen), size):
            batch, _ = examples.batches(chosen[start : start + size])
            # By the student itself: what the speaker runs packed can be differentiated only once.
            logits_VC = self.student(**batch.inputs(self.student)).logits.float()
            if batch.scored_BT is not None:
                logits_VC = logits_VC[batch.scored_BT]
            label_VC = examples.label_VC[torch.from_numpy(examples.ids_V[batch.rows_V])]
            yield hard_loss(self._task, logits_VC, label_VC.to(device())).sum() / num_rows

    def graduate(self, weights: dict[str, Any]) -> Any:
        """Return the student with these weights, whole, finished and on the dataset's scale.

        The learner cannot go on afterwards.
        """
        self.student.load_state_dict(weights)
        self._speaker.close()
        self._regularising.detach(self.student)
        student = restore_all_words(self.student)
        self._pipeline.finishing.finish(student, self._rows_by_class())
        return self.scale.fold(student)

    def _rows_by_class(self) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        pool, examples = self._examples.pool, self._examples
        if not pool.num_classes:
            return np.zeros(0, dtype=np.int64)
        ids_V = examples.ids_V[examples.tokens.rows(examples.chosen_K)]
        label_V = examples.label_VC[torch.from_numpy(ids_V)].argmax(dim=1).cpu().numpy()
        return np.bincount(label_V, minlength=pool.num_classes)

    def state_dict(self) -> dict[str, Any]:
        """Return what a resumed trial needs."""
        return {
            "student": self.student.state_dict(),
            "modules": self._modules.state_dict(),
            "augmenting": self._augmenting.state_dict(),
            "targets": self._targets.state_dict(),
            "balancer": self._balancer.state_dict(),
            "regularising": self._regularising.state_dict(),
            "optimiser": self._optimiser.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back what `state_dict` returned."""
        self.student.load_state_dict(state["student"])
        self._modules.load_state_dict(state["modules"])
        self._augmenting.load_state_dict(state["augmenting"])
        self._targets.load_state_dict(state["targets"])
        self._balancer.load_state_dict(state["balancer"])
        self._regularising.load_state_dict(state["regularising"])
        self._optimiser.load_state_dict(state["optimiser"])
