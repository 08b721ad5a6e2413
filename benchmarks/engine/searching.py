"""One of the workers by which Hugging Face's Trainer and Optuna search, as anyone would start.

python -m benchmarks.engine.searching FOLDER TRIALS EPOCHS SEED: FOLDER holds `task.json` and the
study, which other workers share. Texts are batched by length, products computed in bfloat16, the
teacher asked at each step; trials are pruned by Optuna's default, the median. What a trial's best
epoch left is kept in FOLDER.
"""

from __future__ import annotations

import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import optuna
import torch
import transformers
from typing_extensions import override

from autodistill.data.table import read_split
from autodistill.record import PreparedTask
from benchmarks.engine.recipes import Recipe, distiller, model, objective, without_operators
from benchmarks.engine.work import STUDENT

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
    dev = _dev(task, recipe)
    study = optuna.load_study(
        study_name=STUDY, storage=STORAGE.format(folder=folder), sampler=sampler(seed)
    )
    enough = optuna.study.MaxTrialsCallback(num_trials, states=None)

    def tried(trial: optuna.Trial) -> float:
        asked = {n: trial.suggest_float(n, **given) for n, given in RANGES.items()}
        return _train(task, recipe, dev, asked, trial, num_epochs, folder / f"{trial.number}")

    study.optimize(tried, n_trials=num_trials, callbacks=[enough])


def _train(
    task: PreparedTask,
    recipe: Recipe,
    dev: list[dict[str, torch.Tensor]],
    asked: dict[str, float],
    trial: optuna.Trial,
    num_epochs: int,
    kept: Path,
) -> float:
    share, temperature, weight, rate = asked.values()
    loss = partial(objective, share=share, temperature=temperature, weight=weight)
    scores: list[float] = []

    class Report(transformers.TrainerCallback):
        @override
        def on_epoch_end(self, *_: Any, model: Any = None, **__: Any) -> None:
            scores.append(_accuracy(model, dev))
            if scores[-1] == max(scores):
                model.save_pretrained(kept)
            trial.report(scores[-1], len(scores))
            if trial.should_prune():
                raise optuna.TrialPruned

    recipe.student = model(task.students[STUDENT.label])
    with tempfile.TemporaryDirectory() as scratch:
        distiller(
            recipe,
            Path(scratch),
            loss,
            [Report()],
            num_train_epochs=num_epochs,
            learning_rate=rate,
            bf16=True,
            train_sampling_strategy="group_by_length",
            seed=trial.number,
        ).train()
    return max(scores)


def _dev(task: PreparedTask, recipe: Recipe) -> list[dict[str, torch.Tensor]]:
    """Return the dev split in batches of like length."""
    rows = recipe.coded(read_split(task.dataset, "dev"))
    rows.sort(key=lambda row: len(row["input_ids"]))
    return [recipe.collate(rows[i : i + EXAMINED]) for i in range(0, len(rows), EXAMINED)]


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
