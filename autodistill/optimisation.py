"""How a model is trained: optimiser settings, shared by students and teachers."""

from __future__ import annotations

from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le, Lt

from autodistill.component import Component, IntUniform, Uniform


class Training(Component, title="Training"):
    """AdamW with linear warm-up and linear decay to zero (Loshchilov & Hutter, 2019)."""

    kind: Literal["adamw"] = "adamw"
    learning_rate: Annotated[float, Gt(0), Lt(1), Uniform(2e-5, 6e-4, log=True)] = 1e-4
    """Peak learning rate, reached at the end of the warm-up."""
    weight_decay: Annotated[float, Ge(0), Le(10), Uniform(1e-4, 0.3, log=True)] = 0.01
    """Decoupled weight decay; biases and normalisation layers are not decayed."""
    num_epochs: Annotated[int, Ge(1), Le(1000), IntUniform(3, 10)] = 6
    """Passes over the selected training examples. Where a selection keeps the number of steps
    instead, each epoch has as many examples as without it."""
    warmup_fraction: Annotated[float, Ge(0), Lt(1), Uniform(0.0, 0.3)] = 0.1
    """Share of the steps during which the learning rate rises from zero."""
    batch_size: Annotated[int, Ge(1), Le(4096)] = 32
    """Examples in one optimiser step."""
