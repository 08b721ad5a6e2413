"""One of the workers by which Hugging Face's Trainer and Optuna search, as anyone would start.

python -m benchmarks.engine.searching FOLDER TRIALS EPOCHS SEED: FOLDER holds `task.json` and the
study, which other workers share. Texts are batched by length, products computed in bfloat16, the
teacher asked at each step; trials are pruned by Optuna's default, the median.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import optuna
import torch
import transformers
from typing_extensions import override

from autodistill.data.table import read_split
from autodistill.record import PreparedTask
from benchmarks.engine.recipes import Recipe, distance, soft, without_operators
from benchmarks.engine.work import BATCH, LAYERS, MAX_LENGTH, STUDENT

STUDY, STORAGE = "distillation", "sqlite:///{folder}/study.db"
RANGES: dict[str, dict[str, Any]] = {
    "loss.weight": {"low": 0.1, "high": 1.0},
    "loss.temperature": {"low": 1.0, "high": 8.0, "log": True},
    "intermediate.weight": {"low": 0.01, "high": 1.0, "log": True},
    "training.learning_rate": {"low": 2e-5, "high": 6e-4, "log": True},
}
EXAMINED = 128
"""Dev examples at once."""


def sampler(seed: int) -> optuna.samplers.BaseSampler:
    """Return Optuna's default, which knows of trials under way."""
    return optuna.samplers.TPESampler(seed=seed, constant_liar=True)


def main(folder: Path, num_trials: int, num_epochs: int, seed: int) -> None:
    """Try settings until the study has so many trials."""
    without_operators()
    torch.set_num_threads(1)
    task = PreparedTask.model_validate_json((folder / "task.json").read_text())
    recipe = Recipe(task, None)
    dev = _dev(task)
    study = optuna.load_study(
        study_name=STUDY, storage=STORAGE.format(folder=folder), sampler=sampler(seed)
    )
    enough = optuna.study.MaxTrialsCallback(num_trials, states=None)

    def objective(trial: optuna.Trial) -> float:
        asked = {n: trial.suggest_float(n, **given) for n, given in RANGES.items()}
        return _train(task, recipe, dev, asked, trial, num_epochs)

    study.optimize(objective, n_trials=num_trials, callbacks=[enough])


def _train(
    task: PreparedTask,
    recipe: Recipe,
    dev: list[dict[str, torch.Tensor]],
    asked: dict[str, float],
    trial: optuna.Trial,
    num_epochs: int,
) -> float:
    share, temperature, weight, rate = asked.values()
    auto: Any = transformers.AutoModelForSequenceClassification
    base: Any = transformers.Trainer

    class Distiller(base):  # type: ignore[misc]  # untyped here
        def compute_loss(self, model: Any, inputs: dict[str, Any], **_: Any) -> Any:
            given = {k: v for k, v in inputs.items() if k != "labels"}
            with torch.no_grad():
                said = recipe.teacher(**given, output_hidden_states=True)
            own = model(**given, output_hidden_states=True)
            hard = torch.nn.functional.cross_entropy(own.logits, inputs["labels"])
            hidden = sum(
                distance(own.hidden_states[s], said.hidden_states[t], inputs["attention_mask"])
                for t, s in LAYERS
            )
            softened = soft(own.logits, said.logits, temperature)
            return share * softened + (1 - share) * hard + weight * hidden

    scores: list[float] = []

    class Report(transformers.TrainerCallback):
        @override
        def on_epoch_end(self, *_: Any, model: Any = None, **__: Any) -> None:
            scores.append(_accuracy(model, dev))
            trial.report(scores[-1], len(scores))
            if trial.should_prune():
                raise optuna.TrialPruned

    with tempfile.TemporaryDirectory() as scratch:
        settings: Any = transformers.TrainingArguments(
            output_dir=scratch,
            per_device_train_batch_size=BATCH,
            num_train_epochs=num_epochs,
            learning_rate=rate,
            weight_decay=0.01,
            lr_scheduler_type="linear",
            use_cpu=True,
            bf16=True,
            train_sampling_strategy="group_by_length",
            seed=trial.number,
            save_strategy="no",
            report_to=[],
            logging_strategy="no",
            disable_tqdm=True,
            remove_unused_columns=False,
        )
        Distiller(
            model=auto.from_pretrained(task.students[STUDENT.label]),
            args=settings,
            train_dataset=recipe.rows,
            data_collator=recipe.collate,
            callbacks=[Report()],
        ).train()
    return max(scores)


def _dev(task: PreparedTask) -> list[dict[str, torch.Tensor]]:
    """Return the dev split in batches of like length."""
    split = read_split(task.dataset, "dev")
    tokenizer: Any = transformers.AutoTokenizer.from_pretrained(task.teacher)
    coded = tokenizer(split.texts, truncation=True, max_length=MAX_LENGTH)
    rows = [
        {name: values[i] for name, values in coded.items()} | {"labels": int(label)}
        for i, label in enumerate(split.labels)
    ]
    rows.sort(key=lambda row: len(row["input_ids"]))
    collate: Any = transformers.DataCollatorWithPadding(tokenizer)
    return [collate(rows[i : i + EXAMINED]) for i in range(0, len(rows), EXAMINED)]


def _accuracy(model: Any, dev: list[dict[str, torch.Tensor]]) -> float:
    model.eval()
    right = total = 0
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        for batch in dev:
            given = {k: v for k, v in batch.items() if k != "labels"}
            right += int((model(**given).logits.argmax(dim=1) == batch["labels"]).sum())
            total += len(batch["labels"])
    model.train()
    return right / total


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:5]))
