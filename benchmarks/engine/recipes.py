"""The recipes of others: a plain loop, Hugging Face's Trainer, TextBrewer and torchdistill.

They see texts, labels and two models, as anyone would start.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from numpy.typing import NDArray
from typing_extensions import override

from autodistill.data.table import Split, read_split
from autodistill.record import PreparedTask
from benchmarks.engine.gate import Gate
from benchmarks.engine.work import (
    BATCH,
    HIDDEN,
    LAYERS,
    LEARNING_RATE,
    LONG,
    MAX_LENGTH,
    SOFT,
    STUDENT,
    TEMPERATURE,
)


class Recipe:
    """What every recipe starts from."""

    def __init__(self, task: PreparedTask, steps: Sequence[NDArray[np.int64]] | None) -> None:
        """Load everything.

        Args:
            task: Where it lies.
            steps: Which examples each step of an epoch is to have; None for random batches.
        """
        self.steps = steps
        self.tokenizer: Any = transformers.AutoTokenizer.from_pretrained(task.teacher)
        split = read_split(task.dataset, "train")
        self.rows = self.coded(split.some(np.array(task.train_positions or range(len(split)))))
        self.collate: Any = transformers.DataCollatorWithPadding(self.tokenizer)
        self.teacher = model(task.teacher).eval().requires_grad_(requires_grad=False)
        self.student = model(task.students[STUDENT.label]).train()

    def coded(self, split: Split) -> list[dict[str, Any]]:
        """Return the tokens and the label of each text."""
        coded = self.tokenizer(split.texts, truncation=True, max_length=MAX_LENGTH)
        return [
            {name: values[i] for name, values in coded.items()} | {"labels": int(label)}
            for i, label in enumerate(split.labels)
        ]

    def loader(self) -> Any:
        """Return the batches, padded to the longest of each."""
        order: dict[str, Any] = {"batch_size": BATCH, "shuffle": True}
        if self.steps is not None:
            order = {"batch_sampler": [step.tolist() for step in self.steps]}
        return torch.utils.data.DataLoader(
            self.rows,  # type: ignore[arg-type]  # a list is a dataset
            collate_fn=self.collate,
            **order,
        )

    def adamw(self) -> torch.optim.Optimizer:
        """Return the optimiser with its defaults."""
        return torch.optim.AdamW(self.student.parameters(), lr=LEARNING_RATE, weight_decay=0.01)


def model(folder: Path) -> Any:
    """Return a classifier."""
    auto: Any = transformers.AutoModelForSequenceClassification
    return auto.from_pretrained(folder)


def without_operators() -> None:
    """Let torchvision be imported where it lacks compiled operators, which nobody here needs."""
    register = torch.library.register_fake
    torch.library.register_fake = lambda name, *rest, **more: (
        (lambda function: function)
        if str(name).startswith("torchvision::")
        else register(name, *rest, **more)
    )


def distance(student_BTD: Any, teacher_BTD: Any, mask: Any) -> Any:
    """Return the mean over examples of the mean over real tokens."""
    each_BT = (student_BTD - teacher_BTD).square().mean(dim=-1) * mask
    return (each_BT.sum(dim=1) / mask.sum(dim=1)).mean()


def soft(student_BC: Any, teacher_BC: Any, temperature: float) -> Any:
    """Return T^2 KL(teacher || student) of softened distributions."""
    functional = torch.nn.functional
    return temperature**2 * functional.kl_div(
        functional.log_softmax(student_BC / temperature, dim=1),
        functional.log_softmax(teacher_BC / temperature, dim=1),
        reduction="batchmean",
        log_target=True,
    )


def objective(
    student: Any,
    teacher: Any,
    batch: dict[str, Any],
    *,
    share: float = SOFT,
    temperature: float = TEMPERATURE,
    weight: float = HIDDEN,
) -> Any:
    """Return the loss of the work, as one would write it down."""
    hard = torch.nn.functional.cross_entropy(student.logits, batch["labels"])
    hidden = sum(
        distance(student.hidden_states[s], teacher.hidden_states[t], batch["attention_mask"])
        for t, s in LAYERS
    )
    softened = soft(student.logits, teacher.logits, temperature)
    return share * softened + (1 - share) * hard + weight * hidden


def distiller(
    recipe: Recipe, folder: Path, loss: Callable[..., Any], callbacks: Sequence[Any], **asked: Any
) -> Any:
    """Return a subclass of Hugging Face's Trainer; it writes to the folder, if anything."""
    base: Any = transformers.Trainer

    class Distiller(base):  # type: ignore[misc]  # untyped here
        def compute_loss(self, model: Any, inputs: dict[str, Any], **_: Any) -> Any:
            given = {k: v for k, v in inputs.items() if k != "labels"}
            with torch.no_grad():
                said = recipe.teacher(**given, output_hidden_states=True)
            return loss(model(**given, output_hidden_states=True), said, inputs)

        def get_train_dataloader(self) -> Any:
            return recipe.loader() if recipe.steps is not None else super().get_train_dataloader()

    settings: Any = transformers.TrainingArguments(
        output_dir=str(folder),
        per_device_train_batch_size=BATCH,
        weight_decay=0.01,
        lr_scheduler_type="linear",
        use_cpu=True,
        save_strategy="no",
        report_to=[],
        logging_strategy="no",
        disable_tqdm=True,
        remove_unused_columns=False,
        **asked,
    )
    return Distiller(
        model=recipe.student,
        args=settings,
        train_dataset=recipe.rows,
        data_collator=recipe.collate,
        callbacks=list(callbacks),
    )


def trainer(task: PreparedTask, gate: Gate, *, grouped: bool = False, bf16: bool = False) -> None:
    """Train by a subclass of Hugging Face's Trainer."""
    recipe = Recipe(task, gate.steps)
    with tempfile.TemporaryDirectory() as scratch:
        loop = distiller(
            recipe,
            Path(scratch),
            objective,
            (),
            num_train_epochs=LONG,
            learning_rate=LEARNING_RATE,
            bf16=bf16,
            train_sampling_strategy="group_by_length" if grouped else "random",
        )
        gate.open()
        loop.train()


def plain_loop(task: PreparedTask, gate: Gate) -> None:
    """Train by the loop that a tutorial writes."""
    recipe = Recipe(task, gate.steps)
    optimiser, loader = recipe.adamw(), recipe.loader()
    gate.open()
    for _ in range(LONG):
        for batch in loader:
            given = {k: v for k, v in batch.items() if k != "labels"}
            with torch.no_grad():
                said = recipe.teacher(**given, output_hidden_states=True)
            loss = objective(recipe.student(**given, output_hidden_states=True), said, batch)
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(recipe.student.parameters(), 1.0)
            optimiser.step()


def textbrewer(task: PreparedTask, gate: Gate) -> None:
    """Train by TextBrewer's GeneralDistiller."""
    brewer = import_module("textbrewer")
    recipe = Recipe(task, gate.steps)

    # Its own two losses are a cross-entropy without the square of the temperature, and a mean over
    # the tokens of all examples; with those of the work its losses compare.
    brewer.KD_LOSS_MAP["softened"] = soft
    brewer.MATCH_LOSS_MAP["distance"] = distance

    def adaptor(batch: Any, said: Any) -> dict[str, Any]:
        return {
            "logits": said.logits,
            "hidden": said.hidden_states,
            "inputs_mask": batch["attention_mask"],
            "losses": said.loss,
        }

    with tempfile.TemporaryDirectory() as scratch:
        matches = [
            {
                "layer_T": t,
                "layer_S": s,
                "feature": "hidden",
                "loss": "distance",
                "weight": HIDDEN,
            }
            for t, s in LAYERS
        ]
        distiller = brewer.GeneralDistiller(
            train_config=brewer.TrainingConfig(output_dir=scratch, device="cpu", ckpt_frequency=0),
            distill_config=brewer.DistillationConfig(
                temperature=TEMPERATURE,
                kd_loss_type="softened",
                kd_loss_weight=SOFT,
                hard_label_weight=1 - SOFT,
                intermediate_matches=matches,
            ),
            model_T=recipe.teacher,
            model_S=recipe.student,
            adaptor_T=adaptor,
            adaptor_S=adaptor,
        )
        gate.open()
        with distiller:
            distiller.train(
                recipe.adamw(),
                [dict(batch) for batch in recipe.loader()],
                num_epochs=LONG,
                max_grad_norm=1.0,
                output_hidden_states=True,
            )


def torchdistill(task: PreparedTask, gate: Gate) -> None:
    """Train by torchdistill's DistillationBox."""
    distillation = import_module("torchdistill.core.distillation")
    losses = import_module("torchdistill.losses.registry")
    functions = import_module("torchdistill.core.interfaces.registry")
    recipe = Recipe(task, gate.steps)

    class Whole(torch.nn.Module):
        @override
        def forward(self, student: Any, teacher: Any, targets: Any) -> Any:
            mine, theirs = student["."]["output"], teacher["."]["output"]
            return objective(mine, theirs, targets)

    losses.register_mid_level_loss(Whole, key="Whole")

    def forward(model: Any, batch: Any, *_: Any, **__: Any) -> Any:
        given = {k: v for k, v in batch.items() if k != "labels"}
        return model(**given, output_hidden_states=True)

    functions.register_forward_proc_func(forward, key="hidden")
    settings = {
        "num_epochs": LONG,
        "teacher": {"requires_grad": False, "forward_proc": "hidden"},
        "student": {"forward_proc": "hidden"},
        "optimizer": {
            "key": "AdamW",
            "kwargs": {"lr": LEARNING_RATE, "weight_decay": 0.01},
            "max_grad_norm": 1.0,
        },
        "criterion": {
            "key": "WeightedSumLoss",
            "kwargs": {
                "sub_terms": {"all": {"criterion": {"key": "Whole", "kwargs": {}}, "weight": 1.0}}
            },
        },
    }
    box = distillation.DistillationBox(
        recipe.teacher,
        recipe.student,
        {},
        settings,
        torch.device("cpu"),
        device_ids=None,
        distributed=False,
        lr_factor=1,
    )
    loader = recipe.loader()
    gate.open()
    for epoch in range(LONG):
        box.pre_epoch_process(epoch=epoch)
        for batch in loader:
            loss = box.forward_process(batch, batch)
            box.post_forward_process(loss=loss)
