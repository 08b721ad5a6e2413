"""Encoders with a head for the task: load, cut to some layers, save in Hugging Face layout."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from autodistill.errors import InvalidModel, Problem
from autodistill.lazy import torch, transformers


def load(folder: Path, labels: Sequence[str] | None = None) -> Any:
    """Load a sequence classifier (or regressor) from safetensors.

    Args:
        folder: A directory in Hugging Face layout.
        labels: Class names of a fresh head, () for regression; None keeps the head that is there.
    """
    settings: dict[str, Any] = {}
    if labels is not None:
        settings = {"num_labels": len(labels) or 1}
        if labels:
            settings["id2label"] = dict(enumerate(labels))
            settings["label2id"] = {label: i for i, label in enumerate(labels)}
            settings["problem_type"] = "single_label_classification"
        else:
            settings["problem_type"] = "regression"
    return transformers.AutoModelForSequenceClassification.from_pretrained(
        folder, use_safetensors=True, trust_remote_code=False, local_files_only=True, **settings
    )


def layers_of(model: Any) -> tuple[Any, str]:
    """Return the module that holds the transformer layers, and its attribute's name.

    Raises:
        InvalidModel: When no list of `num_hidden_layers` layers is found.
    """
    depth = model.config.num_hidden_layers
    for module in model.modules():
        for name, child in module.named_children():
            if isinstance(child, torch.nn.ModuleList) and len(child) == depth:
                return module, name
    message = f"No list of {depth} layers in {type(model).__name__}; such a model cannot be cut."
    raise InvalidModel(Problem(field="students", message=message))


def cut(model: Any, num_layers: int) -> Any:
    """Return a copy with `num_layers` evenly spread layers; embeddings, pooler and head stay.

    Student layer i (from 0) is teacher layer floor(i M / N), the initialisation of DistilBERT and PKD.
    """
    depth = model.config.num_hidden_layers
    if not 1 <= num_layers <= depth:
        message = f"A student cut from {depth} layers has 1 to {depth} of them, not {num_layers}."
        raise InvalidModel(Problem(field="students", message=message))
    student = copy.deepcopy(model)
    holder, name = layers_of(student)
    layers = getattr(holder, name)
    kept = [layers[i * depth // num_layers] for i in range(num_layers)]
    setattr(holder, name, torch.nn.ModuleList(kept))
    student.config.num_hidden_layers = num_layers
    return student


def save(model: Any, tokenizer: Any, folder: Path) -> None:
    """Write weights (safetensors), configuration and tokenizer."""
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def load_tokenizer(folder: Path) -> Any:
    """Load the fast tokenizer of a directory in Hugging Face layout."""
    return transformers.AutoTokenizer.from_pretrained(
        folder, use_fast=True, trust_remote_code=False, local_files_only=True
    )
