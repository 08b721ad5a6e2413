"""The packed layers against transformers' own, in double precision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import transformers

from autodistill.activations import Activation
from autodistill.models import products
from autodistill.models.encoders import transformer_layers
from autodistill.models.layer import dropout_mask
from autodistill.models.packed import FAMILY, PROJECTED, Layers, packs

SIZES: dict[str, Any] = {
    "hidden_size": 24,
    "num_hidden_layers": 3,
    "num_attention_heads": 3,
    "vocab_size": 50,
}
BERT: dict[str, Any] = SIZES | {
    "intermediate_size": 40,
    "max_position_embeddings": 40,
    "num_labels": 3,
}
DISTILBERT: dict[str, Any] = {"dim": 24, "n_layers": 3, "n_heads": 3, "hidden_dim": 40} | {
    "vocab_size": 50,
    "num_labels": 3,
}
MODELS: dict[str, Callable[[], Any]] = {
    "bert": lambda: _model("BertForSequenceClassification", transformers.BertConfig(**BERT)),
    "roberta": lambda: _model(
        "RobertaForSequenceClassification", transformers.RobertaConfig(**BERT)
    ),
    "electra": lambda: _model(
        "ElectraForSequenceClassification", transformers.ElectraConfig(**BERT)
    ),
    "tags": lambda: _model("BertForTokenClassification", transformers.BertConfig(**BERT)),
    "distilbert": lambda: _model(
        "DistilBertForSequenceClassification",
        transformers.DistilBertConfig(**DISTILBERT),
    ),
}
LENGTHS = (5, 9, 2, 9, 1)


def _model(name: str, config: Any) -> Any:
    torch.manual_seed(0)
    model = getattr(transformers, name)(config).double()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return model.eval()


def batch() -> dict[str, torch.Tensor]:
    times = torch.arange(max(LENGTHS))
    mask = (times < torch.tensor(LENGTHS)[:, None]).long()
    ids = torch.randint(4, 50, mask.shape, generator=torch.Generator().manual_seed(1)) * mask
    return {"input_ids": ids + (1 - mask), "attention_mask": mask}


def said(
    model: Any,
    wanted: tuple[Activation, ...],
    *,
    packed: bool,
    dtype: torch.dtype = torch.float64,
) -> tuple[list[Any], list[Any]]:
    """Return logits and states, and the gradients of a function of both."""
    inputs = batch()
    mask = inputs["attention_mask"].bool()
    if packed:
        with Layers(model, dtype).in_place(mask, wanted) as heard:
            logits = model(**inputs).logits
        states = [heard[a] for a in wanted]
    else:
        inside: dict[Activation, torch.Tensor] = {}
        for a in wanted:
            if a.kind != "hidden":
                place = list(PROJECTED).index(a.kind)
                module = transformer_layers(model)[a.layer - 1].get_submodule(
                    FAMILY[model.config.model_type][place]
                )
                module.register_forward_hook(lambda *call, a=a: inside.update({a: call[2]}))
        out = model(**inputs, output_hidden_states=True)
        logits = out.logits
        states = [out.hidden_states[a.layer] if a.kind == "hidden" else inside[a] for a in wanted]
    if logits.ndim == 3:
        logits = logits[mask]
    seen = [logits, *(s[mask] for s in states)]
    model.zero_grad(set_to_none=True)
    torch.stack([(x.sin() * (i + 1)).sum() for i, x in enumerate(seen)]).sum().backward()  # type: ignore[no-untyped-call]
    grads = [p.grad for p in model.parameters()]
    return [x.detach() for x in seen], [torch.zeros(1) if g is None else g for g in grads]


def hidden(*layers: int) -> tuple[Activation, ...]:
    return tuple(Activation("hidden", i) for i in layers)


INSIDE = (Activation("query", 1), Activation("key", 1), Activation("value", 3))


@pytest.mark.parametrize(
    "wanted", [(), hidden(0, 2), hidden(1, 3), INSIDE, (*hidden(3), Activation("key", 2))], ids=str
)
@pytest.mark.parametrize("name", MODELS)
def test_packed_layers_say_and_learn_what_the_model_s_own_do(
    name: str, wanted: tuple[Activation, ...]
) -> None:
    model = MODELS[name]()
    assert packs(model)
    mine, own = (said(model, wanted, packed=packed) for packed in (True, False))
    for a, b in zip(mine[0] + mine[1], own[0] + own[1], strict=True):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-9)
    assert "forward" not in vars(model.base_model.get_submodule(_encoder(model)))


@pytest.mark.parametrize("wanted", [(), (*hidden(3), *INSIDE)], ids=str)
def test_products_by_onednn_teach_the_same(
    wanted: tuple[Activation, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(products, "LEAST", 0)
    exact = said(MODELS["bert"](), wanted, packed=False)
    single = said(MODELS["bert"]().float(), wanted, packed=True, dtype=torch.float32)
    for a, b in zip(single[0] + single[1], exact[0] + exact[1], strict=True):
        torch.testing.assert_close(a.double(), b.double(), rtol=1e-3, atol=1e-3)


def _encoder(model: Any) -> str:
    return "transformer" if hasattr(model.base_model, "transformer") else "encoder"


@pytest.mark.parametrize("rate", [0.1, 0.5])
def test_dropout_keeps_the_rate_and_the_mean(rate: float) -> None:
    torch.manual_seed(0)
    mask = dropout_mask(torch.empty(1_000_003), rate)
    assert mask is not None
    dropped = (mask == 0).double().mean().item()
    assert dropped == pytest.approx(rate, abs=4 * (rate * (1 - rate) / 1e6) ** 0.5)
    assert mask.mean().item() == pytest.approx(1, abs=0.005)
    lanes = [(mask[i::4] == 0).double().mean().item() for i in range(4)]
    assert lanes == pytest.approx([rate] * 4, abs=0.004)
    assert dropout_mask(mask, 0.0) is None


def test_a_model_of_another_family_is_left_to_itself() -> None:
    assert not packs(
        _model(
            "BertForSequenceClassification",
            transformers.BertConfig(**BERT | {"hidden_act": "relu"}),
        )
    )
    assert not packs(torch.nn.Linear(1, 1))


def test_a_second_derivative_is_refused() -> None:
    model, inputs = MODELS["bert"](), batch()
    with Layers(model, torch.float64).in_place(inputs["attention_mask"].bool(), ()):
        loss = model(**inputs).logits.sum()
    parameters = list(model.parameters())
    with pytest.raises(RuntimeError, match=r"differentiated once; got create_graph"):
        torch.autograd.grad(loss, parameters, create_graph=True, materialize_grads=True)
