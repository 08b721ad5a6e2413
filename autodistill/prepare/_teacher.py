"""Fine-tuning of the teacher on the job's dataset."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from autodistill.metrics import LOWER_IS_BETTER, METRICS
from autodistill.models.device import device
from autodistill.models.evaluation import Exam
from autodistill.models.fitting import Optimiser, batches, hard_loss, label_tensor
from autodistill.models.inputs import Inputs
from autodistill.models.scale import Scale
from autodistill.models.speaking import Speaker
from autodistill.optimisation import Training


def fine_tune(  # noqa: PLR0913  # each is a different fact
    model: Any,
    training: Training,
    *,
    tokens: Inputs,
    labels_V: NDArray[Any],
    positions: NDArray[np.int64],
    dev: Exam,
    scale: Scale,
    seed: int,
    progress: Callable[[str, dict[str, Any]], None],
) -> None:
    """Train a model on the hard labels of some examples, and leave it as after its best epoch.

    Raises:
        Diverged: When the loss is no longer finite.
    """
    task = dev.task
    torch.manual_seed(seed)
    label_VC = label_tensor(task, labels_V, model.config.num_labels, scale)
    optimiser, speaker = Optimiser([model], training, len(positions)), Speaker(model)
    metric = METRICS[task][0]
    sign = -1 if metric in LOWER_IS_BETTER else 1
    best, best_state = -np.inf, model.state_dict()
    for epoch in range(training.num_epochs):
        model.train()
        rng = np.random.default_rng([seed, epoch])
        for chosen in batches(tokens.lengths[positions], training.batch_size, rng):
            batch = tokens.batch(positions[chosen])
            said = speaker(batch.inputs(model), batch.scored_BT)
            target_VC = label_VC[torch.from_numpy(batch.rows_V).to(device())]
            optimiser.step(hard_loss(task, said.logits_VC, target_VC).mean())
        found = dev(model, scale)
        on_dev = {f"dev/{name}": value for name, value in found.items()}
        progress("teacher_epoch", {"epoch": epoch + 1, "of": training.num_epochs, **on_dev})
        if sign * found[metric] >= best:
            best, best_state = sign * found[metric], copy.deepcopy(model.state_dict())
    speaker.close()
    model.load_state_dict(best_state)
