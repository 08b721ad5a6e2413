"""Transformer layers of the BERT family on real tokens only, differentiated by hand.

Letters: B examples, T tokens, S real tokens of the batch, D width.

This computes what transformers' layers compute, in fewer and larger steps: no padding goes through
a linear layer, query, key and value are one product, the backward pass keeps what it needs and
nothing else. Weights stay where they are, in the model's own modules.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from autodistill.activations import Activation, ActivationKind
from autodistill.lazy import torch, transformers
from autodistill.models.encoders import layer_holder, transformer_layers
from autodistill.models.layer import How, Layer
from autodistill.models.packing import Packing

BERT = (
    "attention.self.query",
    "attention.self.key",
    "attention.self.value",
    "attention.output.dense",
    "attention.output.LayerNorm",
    "intermediate.dense",
    "output.dense",
    "output.LayerNorm",
)
DISTILBERT = (
    "attention.q_lin",
    "attention.k_lin",
    "attention.v_lin",
    "attention.out_lin",
    "sa_layer_norm",
    "ffn.lin1",
    "ffn.lin2",
    "output_layer_norm",
)
FAMILY = {
    "bert": BERT,
    "roberta": BERT,
    "xlm-roberta": BERT,
    "electra": BERT,
    "distilbert": DISTILBERT,
}
"""What architectures call the parts of a layer, in the order of `Layer`."""


EMBEDDED = Activation("hidden", 0)
PROJECTED: tuple[ActivationKind, ...] = ("query", "key", "value")


class Layers:
    """A model's transformer layers, run packed in place of its own while a context is open."""

    def __init__(self, model: Any, dtype: torch.dtype) -> None:
        self._model, self._dtype = model, dtype
        config = model.config
        self._heads = config.num_attention_heads
        names = FAMILY[config.model_type]
        self._layers = [
            [layer.get_submodule(name) for name in names] for layer in transformer_layers(model)
        ]
        self._rates = (
            _rate(config, "attention_probs_dropout_prob", "attention_dropout"),
            _rate(config, "hidden_dropout_prob", "dropout"),
        )
        self._whole = not type(model).__name__.endswith("SequenceClassification")

    @contextmanager
    def in_place(
        self, mask_BT: torch.Tensor, wanted: Collection[Activation]
    ) -> Iterator[dict[Activation, torch.Tensor]]:
        """Yield a mapping that the model's next forward pass fills: (B, T, width) each.

        Args:
            mask_BT: True at real tokens, each example's first among them.
            wanted: What is asked for.
        """
        holder, _ = layer_holder(self._model)
        heard: dict[Activation, torch.Tensor] = {}

        def forward(hidden_states: torch.Tensor, *_: Any, **__: Any) -> Any:
            said = self._run(hidden_states, Packing(mask_BT, self._heads), wanted, heard)
            outputs: Any = transformers.modeling_outputs.BaseModelOutputWithPastAndCrossAttentions
            return outputs(last_hidden_state=said)

        holder.forward = forward
        try:
            yield heard
        finally:
            del holder.forward

    def _run(
        self,
        states_BTD: torch.Tensor,
        packing: Packing,
        wanted: Collection[Activation],
        heard: dict[Activation, torch.Tensor],
    ) -> torch.Tensor:
        attention, hidden = self._rates if self._model.training else (0.0, 0.0)
        if EMBEDDED in wanted:
            heard[EMBEDDED] = states_BTD
        apply: Any = Layer.apply
        states_SD, last = packing.packed(states_BTD), len(self._layers)
        first_only = not self._whole and not any(a.layer == last for a in wanted)
        for i, parts in enumerate(self._layers, start=1):
            weights = [w for part in parts for w in (part.weight, part.bias)]
            inside = [a for a in wanted if a.layer == i and a.kind in PROJECTED]
            first = first_only and i == last
            how = How(
                packing, self._dtype, attention, hidden, parts[4].eps, first, projected=bool(inside)
            )
            states_SD = apply(how, states_SD, *weights)
            if inside:
                states_SD, projected = states_SD
                each = dict(zip(PROJECTED, projected.chunk(3, dim=1), strict=True))
                heard |= {a: packing.padded(each[a.kind]) for a in inside}
            said = Activation("hidden", i)
            if said in wanted or (i == last and not first_only):
                states_BTD = packing.padded(states_SD)
            if said in wanted:
                heard[said] = states_BTD
        return states_SD[:, None] if first_only else states_BTD


def packs(model: Any) -> bool:
    """Return whether `Layers` computes what a model's own layers compute."""
    config = getattr(model, "config", None)
    return (
        getattr(config, "model_type", None) in FAMILY
        and getattr(config, "hidden_act", getattr(config, "activation", None)) == "gelu"
        and not getattr(config, "is_decoder", False)
        and not getattr(config, "chunk_size_feed_forward", 0)
        and hasattr(model, "base_model")
    )


def _rate(config: Any, *names: str) -> float:
    return float(next(getattr(config, name) for name in names if hasattr(config, name)))
