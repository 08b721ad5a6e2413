"""A masked-LM head for an encoder that has none. Letters: B examples, T tokens, M masked ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from autodistill.models.device import device
from autodistill.models.fitting import Optimiser, batches
from autodistill.models.tokens import Tokens
from autodistill.optimisation import Training

FITTING = Training(num_epochs=4, learning_rate=1e-3, weight_decay=0.0)
"""How a head is fitted: a small layer over a frozen encoder."""
SHARE = 0.15
"""Of the tokens that are masked, as in BERT (Devlin et al., 2019)."""
SEED = 40


def fit_head(
    model: Any, tokenizer: Any, tokens: Tokens, positions: NDArray[np.int64]
) -> list[float]:
    """Teach the head of a masked language model to fill gaps in some examples.

    Its output layer is tied to the word embeddings and stays, like the encoder; what is trained is
    what lies between. So little text makes a weak model: words are likely ones of the dataset more
    than fitting ones. Returns the mean loss of each epoch.
    """
    torch.manual_seed(SEED)
    model.requires_grad_(requires_grad=False)
    embeddings = model.get_input_embeddings().weight
    inside = set(model.base_model.modules())
    for module in (m for m in model.modules() if m not in inside):
        for parameter in module.parameters(recurse=False):
            parameter.requires_grad_(requires_grad=parameter is not embeddings)
    special = torch.tensor(tokenizer.all_special_ids, device=device())
    optimiser = Optimiser([model], FITTING, len(positions))
    losses = []
    for epoch in range(FITTING.num_epochs):
        rng, total = np.random.default_rng([SEED, epoch]), 0.0
        steps = batches(tokens.lengths[positions], FITTING.batch_size, rng)
        for chosen in steps:
            batch = tokens.batch(positions[chosen])
            words_BT = batch.mask_BT & ~torch.isin(batch.ids_BT, special)
            hidden_BT = words_BT & (torch.rand(words_BT.shape, device=device()) < SHARE)
            if not hidden_BT.any():
                continue
            ids_BT = batch.ids_BT.masked_fill(hidden_BT, tokenizer.mask_token_id)
            logits_MW = model(**batch.inputs(model) | {"input_ids": ids_BT}).logits[hidden_BT]
            loss = torch.nn.functional.cross_entropy(logits_MW, batch.ids_BT[hidden_BT])
            optimiser.step(loss)
            total += loss.item() / len(steps)
        losses.append(total)
    return losses
