"""Encoders with a head for the task: load, cut to some layers, save in Hugging Face layout."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from autodistill.errors import InvalidModel, Problem
from autodistill.lazy import torch, transformers
from autodistill.models.device import device
from autodistill.models.inspection import IMAGE_ARCHITECTURES, head, read_json
from autodistill.models.pixels import ImageReader
from autodistill.task import Task

HEAD_DEVIATION = 0.02
TANH_HEADS = ("camembert", "mpnet", "roberta", "xlm-roberta")
"""Architectures with a tanh in the head of their texts; BERT and its like have it in the pooler."""


def load(folder: Path) -> Any:
    """Load a model with the head that its configuration names, in float32, onto the device."""
    return _load(folder, head(read_json(folder / "config.json")))


def load_with_fresh_head(
    folder: Path, labels: Sequence[str], task: Task = Task.TEXT_CLASSIFICATION
) -> Any:
    """Load an encoder and give it an output layer of random weights, from torch's generator.

    Args:
        folder: A directory in Hugging Face layout.
        labels: Class names, () for regression.
        task: What the head is for.
    """
    named = (
        {"id2label": dict(enumerate(labels)), "label2id": {x: i for i, x in enumerate(labels)}}
        if labels
        else {}
    )
    fresh = {"num_labels": len(labels) or 1, "ignore_mismatched_sizes": True}
    model = _load(folder, task.head, **fresh, **named)
    model.config.problem_type = "single_label_classification" if labels else "regression"
    layer = output_layer(model)
    torch.nn.init.normal_(layer.weight, std=HEAD_DEVIATION)
    torch.nn.init.zeros_(layer.bias)
    return model


def load_reader(folder: Path) -> Any:
    """Load the fast tokenizer of a directory in Hugging Face layout, or how it takes images."""
    config = read_json(folder / "config.json")
    if config.get("model_type") in IMAGE_ARCHITECTURES:
        return ImageReader.of(config)
    with _loading("tokenizer"):
        return transformers.AutoTokenizer.from_pretrained(
            folder, use_fast=True, trust_remote_code=False, local_files_only=True
        )


def output_layer(model: Any) -> Any:
    """Return the linear layer that makes the logits.

    Raises:
        InvalidModel: When the head ends in something else.
    """
    model = getattr(model, "first", model)  # of an ensemble
    inside = set(model.base_model.modules())
    found = [
        module
        for module in model.modules()
        if module not in inside
        and isinstance(module, torch.nn.Linear)
        and module.out_features == model.config.num_labels
        and module.bias is not None
    ]
    if not found:
        raise _refused(f"The head of {type(model).__name__} does not end in a linear layer.")
    return found[-1]


def bounded_layer(model: Any) -> Any | None:
    """Return the linear layer whose tanh the output layer reads, None where there is no such."""
    model = getattr(model, "first", model)  # of an ensemble
    if model.config.model_type in TANH_HEADS:
        return getattr(model.classifier, "dense", None)
    pooler = getattr(model.base_model, "pooler", None)
    tanh = isinstance(getattr(pooler, "activation", None), torch.nn.Tanh)
    return getattr(pooler, "dense", None) if tanh else None


def cut(model: Any, num_layers: int) -> Any:
    """Return a copy with `num_layers` evenly spread layers; embeddings, pooler and head stay.

    Student layer i (from 0) is teacher layer floor(i M / N), as in DistilBERT. Ending with the
    teacher's last layer instead was neither better nor worse on TREC (two of six layers).
    """
    depth = model.config.num_hidden_layers
    if not 1 <= num_layers <= depth:
        raise _refused(f"A student cut from {depth} layers has 1 to {depth}, not {num_layers}.")
    student = copy.deepcopy(model)
    holder, name = layer_holder(student)
    kept = [i * depth // num_layers for i in range(num_layers)]
    layers = transformer_layers(student)
    setattr(holder, name, torch.nn.ModuleList([layers[i] for i in kept]))
    student.config.num_hidden_layers = num_layers
    for field, value in student.config.to_dict().items():
        if isinstance(value, list) and len(value) == depth and field.startswith("layer"):
            setattr(student.config, field, [value[i] for i in kept])  # such as `layer_types`
    return student


def save(model: Any, reader: Any, folder: Path, max_length: int) -> None:
    """Write weights (safetensors), configuration, and the tokenizer with the length it cuts to.

    An image model is written with how it takes images instead.
    """
    if not isinstance(reader, ImageReader):
        reader.model_max_length = max_length
    with quiet():
        model.save_pretrained(folder)
    reader.save_pretrained(folder)


def _load(folder: Path, head: str, **settings: Any) -> Any:
    auto = getattr(transformers, f"AutoModelFor{head}")
    with quiet(), _loading("model"):
        model = auto.from_pretrained(
            folder,
            dtype=torch.float32,
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=True,
            **settings,
        )
    return model.to(device())


def transformer_layers(model: Any) -> Any:
    """Return the list of a model's transformer layers."""
    holder, name = layer_holder(getattr(model, "first", model))  # of an ensemble
    return getattr(holder, name)


def layer_holder(model: Any) -> tuple[Any, str]:
    """Return the module that holds the transformer layers, and its attribute's name."""
    depth = model.config.num_hidden_layers
    for module in model.modules():
        for name, child in module.named_children():
            if isinstance(child, torch.nn.ModuleList) and len(child) == depth:
                return module, name
    raise _refused(f"{type(model).__name__} has no list of {depth} layers, so it cannot be cut.")


@contextlib.contextmanager
def _loading(what: str) -> Iterator[None]:
    """Say of a model that it cannot be loaded, where it is not the machine's fault.

    Raises:
        InvalidModel: With the first line of what transformers said, whatever it raised.
    """
    try:
        yield
    except (MemoryError, torch.OutOfMemoryError):
        raise
    except Exception as error:  # of tokenizers and transformers there are many kinds
        if isinstance(error, OSError) and error.errno is not None:
            raise
        said = (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
        raise _refused(f"Its {what} cannot be loaded: {said}") from error


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Silence reports on heads that are missing on purpose, and progress bars."""
    logging: Any = transformers.utils.logging
    verbosity, bar = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bar:
            logging.enable_progress_bar()


def _refused(message: str) -> InvalidModel:
    return InvalidModel(Problem(field="model", message=message))
