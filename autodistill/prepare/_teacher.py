"""Fine-tuning of the teacher on the job's dataset."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from autodistill.errors import Diverged
from autodistill.metrics import measure
from autodistill.models.device import device
from autodistill.models.fitting import Optimiser, batches, hard_loss, label_tensor
from autodistill.models.outputs import infer
from autodistill.models.tokens import Tokens
from autodistill.optimisation import Training
from autodistill.spec import LOWER_IS_BETTER, METRICS
from autodistill.task import Task


def fine_tune(
    model: Any,
    training: Training,
    *,
    tokens: Mapping[str, Tokens],
    labels: Mapping[str, NDArray[Any]],
    positions: NDArray[np.int64] | None,
    task: Task,
    seed: int,
    progress: Callable[[str, dict[str, Any]], None],
) -> Any:
    """Train on the hard labels of `train` and return the model of the epoch best on `dev`.

    Raises:
        Diverged: When the loss is no longer finite.
    """
    torch.manual_seed(seed)
    model = model.to(device())
    kept = np.arange(len(tokens["train"])) if positions is None else positions
    target_NC = label_tensor(
        labels["train"], model.config.num_labels, classes=task.is_classification
    ).to(device())
    steps = -(-len(kept) // training.batch_size)
    optimiser = Optimiser([model], training, steps * training.num_epochs)
    metric = METRICS[task][0]
    sign = -1 if metric in LOWER_IS_BETTER else 1
    best, best_state = -np.inf, model.state_dict()
    for epoch in range(training.num_epochs):
        model.train()
        rng = np.random.default_rng([seed, 2, epoch])
        for chosen in batches(tokens["train"].lengths[kept], training.batch_size, rng):
            batch = tokens["train"].batch(kept[chosen])
            logits_BC = model(input_ids=batch.ids_BT, **batch.inputs(model)).logits
            target_BC = target_NC[torch.from_numpy(kept[chosen])]
            loss = hard_loss(logits_BC, target_BC, classes=task.is_classification).mean()
            optimiser.step(loss)
        if not torch.isfinite(loss):
            raise Diverged("The teacher's loss is no longer finite; lower its learning rate.")
        dev = measure(task, infer(model, tokens["dev"]).logits_NC, labels["dev"], None)
        progress(
            "teacher_epoch",
            {"epoch": epoch + 1, "of": training.num_epochs, f"dev/{metric}": dev[metric]},
        )
        if sign * dev[metric] > best:
            best, best_state = sign * dev[metric], copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return model
