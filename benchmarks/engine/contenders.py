"""One training loop in a process of its own: ours, or the recipe of others on the same work.

python -m benchmarks.engine.contenders NAME FOLDER: FOLDER holds `task.json`. See `Gate` for what is
read and written. Recipes see texts, labels and two models, as anyone would start.
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from typing_extensions import override

from autodistill.data.table import read_split
from autodistill.record import PreparedTask
from autodistill.trial._learner import Learner
from benchmarks.engine.gate import Gate
from benchmarks.engine.work import (
    BATCH,
    HIDDEN,
    LAYERS,
    LEARNING_RATE,
    MAX_LENGTH,
    SOFT,
    STUDENT,
    TEMPERATURE,
    lengths,
    trial,
)

LONG = 1000
"""Epochs, more than are ever asked for."""


class Recipe:
    """What every recipe starts from."""

    def __init__(self, task: PreparedTask) -> None:
        split = read_split(task.dataset, "train")
        positions = np.array(task.train_positions or range(len(split)))
        tokenizer: Any = transformers.AutoTokenizer.from_pretrained(task.teacher)
        chosen = split.some(positions)
        coded = tokenizer(chosen.texts, truncation=True, max_length=MAX_LENGTH)
        self.rows = [
            {name: values[i] for name, values in coded.items()} | {"labels": int(label)}
            for i, label in enumerate(chosen.labels)
        ]
        self.collate: Any = transformers.DataCollatorWithPadding(tokenizer)
        auto: Any = transformers.AutoModelForSequenceClassification
        self.teacher = auto.from_pretrained(task.teacher).eval().requires_grad_(requires_grad=False)
        self.student = auto.from_pretrained(task.students[STUDENT.label]).train()

    def loader(self) -> Any:
        """Return random batches, padded to the longest of each."""
        return torch.utils.data.DataLoader(
            self.rows,  # type: ignore[arg-type]  # a list is a dataset
            BATCH,
            shuffle=True,
            collate_fn=self.collate,
        )

    def adamw(self) -> torch.optim.Optimizer:
        """Return the optimiser with its defaults."""
        return torch.optim.AdamW(self.student.parameters(), lr=LEARNING_RATE, weight_decay=0.01)


def distance(student_BTD: Any, teacher_BTD: Any, mask_BT: Any) -> Any:
    """Return the mean over examples of the mean over real tokens."""
    each_BT = (student_BTD - teacher_BTD).square().mean(dim=-1) * mask_BT
    return (each_BT.sum(dim=1) / mask_BT.sum(dim=1)).mean()


def objective(student: Any, teacher: Any, batch: dict[str, Any]) -> Any:
    """Return the loss of the work, as one would write it down."""
    functional = torch.nn.functional
    soft = TEMPERATURE**2 * functional.kl_div(
        functional.log_softmax(student.logits / TEMPERATURE, dim=1),
        functional.log_softmax(teacher.logits / TEMPERATURE, dim=1),
        reduction="batchmean",
        log_target=True,
    )
    hard = functional.cross_entropy(student.logits, batch["labels"])
    hidden = sum(
        distance(student.hidden_states[s], teacher.hidden_states[t], batch["attention_mask"])
        for t, s in LAYERS
    )
    return SOFT * soft + (1 - SOFT) * hard + HIDDEN * hidden


def ours(task: PreparedTask, gate: Gate, **more: Any) -> None:
    """Train as a trial does."""
    spec = trial(num_epochs=LONG).model_copy(update=more)
    learner = Learner(task, spec)
    gate.open()
    for epoch in range(LONG):
        learner.epoch(epoch)


def trainer(task: PreparedTask, gate: Gate, *, grouped: bool = False, bf16: bool = False) -> None:
    """Train by a subclass of Hugging Face's Trainer."""
    recipe = Recipe(task)
    base: Any = transformers.Trainer

    class Distiller(base):  # type: ignore[misc]  # untyped here
        def compute_loss(self, model: Any, inputs: dict[str, Any], **_: Any) -> Any:
            given = {k: v for k, v in inputs.items() if k != "labels"}
            with torch.no_grad():
                said = recipe.teacher(**given, output_hidden_states=True)
            return objective(model(**given, output_hidden_states=True), said, inputs)

    with tempfile.TemporaryDirectory() as scratch:
        settings: Any = transformers.TrainingArguments(
            output_dir=scratch,
            per_device_train_batch_size=BATCH,
            num_train_epochs=LONG,
            learning_rate=LEARNING_RATE,
            weight_decay=0.01,
            lr_scheduler_type="linear",
            use_cpu=True,
            bf16=bf16,
            train_sampling_strategy="group_by_length" if grouped else "random",
            save_strategy="no",
            report_to=[],
            logging_strategy="no",
            disable_tqdm=True,
            remove_unused_columns=False,
        )
        loop = Distiller(
            model=recipe.student,
            args=settings,
            train_dataset=recipe.rows,
            data_collator=recipe.collate,
        )
        gate.open()
        loop.train()


def plain_loop(task: PreparedTask, gate: Gate) -> None:
    """Train by the loop that a tutorial writes."""
    recipe = Recipe(task)
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
    recipe = Recipe(task)

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
                "loss": "hidden_mse",
                "weight": HIDDEN,
            }
            for t, s in LAYERS
        ]
        distiller = brewer.GeneralDistiller(
            train_config=brewer.TrainingConfig(output_dir=scratch, device="cpu", ckpt_frequency=0),
            distill_config=brewer.DistillationConfig(
                temperature=TEMPERATURE,
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
    recipe = Recipe(task)

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


def floor(task: PreparedTask, gate: Gate, dtype: torch.dtype) -> None:
    """Do the matrix products of the student's forward and backward pass on real tokens, alone."""
    config: Any = transformers.AutoConfig.from_pretrained(task.students[STUDENT.label])
    width, inner, heads = (
        config.hidden_size,
        config.intermediate_size,
        config.num_attention_heads,
    )
    length = round(lengths(task)["mean"])
    tokens = BATCH * length

    def product(left: tuple[int, ...], right: tuple[int, ...]) -> Callable[[], Any]:
        a, b = torch.randn(left).to(dtype), torch.randn(right).to(dtype)
        out = torch.matmul(a, b)
        return lambda: torch.matmul(a, b, out=out)

    products = []
    for _ in range(config.num_hidden_layers):
        for inputs, outputs in ((width, 3 * width), (width, width), (width, inner), (inner, width)):
            products += [
                product((tokens, inputs), (inputs, outputs)),
                product((tokens, outputs), (outputs, inputs)),
                product((outputs, tokens), (tokens, inputs)),
            ]
        many, head = BATCH * heads, width // heads
        products += [
            product((many, length, head), (many, head, length)),
            product((many, length, length), (many, length, head)),
        ] * 3
    gate.open()
    while True:
        for multiply in products:
            multiply()
        gate.step()


CONTENDERS: dict[str, Callable[[PreparedTask, Gate], None]] = {
    "ours": ours,
    "ours_bf16": lambda task, gate: ours(task, gate, precision="bfloat16"),
    "floor": lambda task, gate: floor(task, gate, torch.float32),
    "floor_bf16": lambda task, gate: floor(task, gate, torch.bfloat16),
    "hf": trainer,
    "hf_grouped": lambda task, gate: trainer(task, gate, grouped=True),
    "hf_grouped_bf16": lambda task, gate: trainer(task, gate, grouped=True, bf16=True),
    "loop": plain_loop,
    "textbrewer": textbrewer,
    "torchdistill": torchdistill,
}


def without_operators() -> None:
    """Let torchvision be imported where it lacks compiled operators, which nobody here needs."""
    register = torch.library.register_fake
    torch.library.register_fake = lambda name, *rest, **more: (
        (lambda function: function)
        if str(name).startswith("torchvision::")
        else register(name, *rest, **more)
    )


def main(name: str, folder: Path) -> None:
    """Run one contender until nothing more is asked of it."""
    gate = Gate()
    without_operators()
    torch.manual_seed(0)
    torch.set_num_threads(1)
    task = PreparedTask.model_validate_json((folder / "task.json").read_text())
    with contextlib.redirect_stdout(sys.stderr):
        CONTENDERS[name](task, gate)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
