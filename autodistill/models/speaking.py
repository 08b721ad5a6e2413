"""A model that tells what it says inside as well as at its end."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from autodistill.activations import Activation, Said, States, joined
from autodistill.errors import InvalidModel, Problem
from autodistill.lazy import torch
from autodistill.models.device import device
from autodistill.models.encoders import bounded_layer, output_layer, transformer_layers
from autodistill.models.inspection import PROJECTIONS


class Speaker:
    """Runs a model and returns what it says, with gradient wherever the caller has it on.

    Layers of the BERT family run packed.
    """

    def __init__(
        self,
        model: Any,
        activations: Iterable[Activation] = (),
        *,
        low_precision: bool = False,
        slices: int = 1,
    ) -> None:
        """Listen to a model until `close`.

        Args:
            model: An encoder with a head.
            activations: What of its inside is to be told.
            low_precision: Whether its matrix products are in bfloat16.
            slices: Of a batch, each of which is run again when it is differentiated, so that no
                more than one is remembered. The same mathematics for a third more time; dropout
                draws other numbers.

        Raises:
            InvalidModel: When its attention has no separate query, key and value.
        """
        self.model = model
        self._wanted = tuple(sorted(set(activations)))
        self._low, self.slices = low_precision, slices
        self._packed = packed(model, low_precision=low_precision)
        self._heard: dict[Any, torch.Tensor] = {}
        self._hooks = [output_layer(model).register_forward_pre_hook(self._note_features)]
        if (bounded := bounded_layer(model)) is not None:
            self._hooks.append(bounded.register_forward_hook(partial(self._note, "unbounded")))
        layers = transformer_layers(model)
        for wanted in self._wanted:
            if wanted.kind != "hidden" and self._packed is None:
                module = _projection(layers[wanted.layer - 1], wanted.kind)
                self._hooks.append(module.register_forward_hook(partial(self._note, wanted)))

    def __call__(self, inputs: dict[str, Any], scored_BT: torch.Tensor | None = None) -> Said:
        """Return what the model says of a batch.

        Args:
            inputs: Keyword arguments of its forward pass.
            scored_BT: Which tokens are rows; None where each example is one.
        """
        if self.slices == 1 or not torch.is_grad_enabled():
            return self._say(inputs, scored_BT)
        each = {name: value.chunk(self.slices) for name, value in inputs.items()}
        cut = zip(*each.values(), strict=True)
        parts = [dict(zip(each, values, strict=True)) for values in cut]
        scored = [None] * len(parts) if scored_BT is None else scored_BT.chunk(self.slices)
        again = torch.utils.checkpoint.checkpoint  # GradCache (Gao et al., 2021), by another name
        return joined(
            [again(self._say, *of, use_reentrant=False) for of in zip(parts, scored, strict=True)]
        )

    def remembers(self, inputs: dict[str, Any], scored_BT: torch.Tensor | None = None) -> int:
        """Return how many bytes a whole batch keeps for its gradient, weights left out."""
        weights = {p.untyped_storage().data_ptr() for p in self.model.parameters()}
        kept: dict[int, torch.Tensor] = {}

        def keep(x: torch.Tensor) -> torch.Tensor:
            # Kept here, so that nothing else comes to its place. A node that keeps its own output
            # as it is would never be given back.
            kept[x.untyped_storage().data_ptr()] = held = x.detach()
            return held

        hooks = torch.autograd.graph.saved_tensors_hooks(keep, lambda x: x)
        with torch.random.fork_rng(), torch.enable_grad(), hooks:
            self._say(inputs, scored_BT)
        sizes = {place: x.untyped_storage().nbytes() for place, x in kept.items()}
        return sum(size for place, size in sizes.items() if place not in weights)

    def _say(self, inputs: dict[str, Any], scored_BT: torch.Tensor | None) -> Said:
        self._heard.clear()
        out, states = self._run(inputs)
        logits, features = out.logits.float(), self._heard.pop("features").float()
        if scored_BT is not None:
            logits, features = logits[scored_BT], features[scored_BT]
        unbounded = self._heard.pop("unbounded", None)
        states = {a: states[a].float() for a in self._wanted}
        return Said(logits, features, states, None if unbounded is None else unbounded.float())

    def _run(self, inputs: dict[str, Any]) -> tuple[Any, States]:
        """Return the model's output, and what is wanted of its inside."""
        if self._packed is not None:
            with self._packed.in_place(inputs["attention_mask"].bool(), self._wanted) as heard:
                return self.model(**inputs), heard
        hidden = [a for a in self._wanted if a.kind == "hidden"]
        with torch.autocast(device().type, torch.bfloat16, enabled=self._low):
            out = self.model(output_hidden_states=bool(hidden), **inputs)
        noted = {a: self._heard.pop(a) for a in self._wanted if a.kind != "hidden"}
        return out, noted | {a: out.hidden_states[a.layer] for a in hidden}

    def close(self) -> None:
        """Stop listening; the model is as it was."""
        for hook in self._hooks:
            hook.remove()

    def _note_features(self, _: Any, given: tuple[torch.Tensor, ...]) -> None:
        self._heard["features"] = given[0]

    def _note(self, wanted: Any, *call: Any) -> None:
        self._heard[wanted] = call[-1]  # after the module and what it was given


def packed(model: Any, *, low_precision: bool) -> Any:
    """Return the model's layers as they run packed; None where they have to run as they are."""
    from autodistill.models.packed import Layers, packs  # noqa: PLC0415  # needs torch to exist

    if not packs(model):
        return None
    return Layers(model, torch.bfloat16 if low_precision else torch.float32)


def _projection(layer: Any, kind: str) -> Any:
    for name, module in layer.named_modules():
        if name.rpartition(".")[2] in PROJECTIONS[kind]:
            return module
    message = f"{type(layer).__name__} has no separate {kind} in its self-attention."
    raise InvalidModel(Problem(field="model", message=message))
