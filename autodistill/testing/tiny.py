"""A world small enough for tests: an encoder of random weights and texts that can be learnt."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from autodistill.data.ingest import DatasetRequest, ingest
from autodistill.lazy import pandas, torch, transformers
from autodistill.models.encoders import save
from autodistill.models.fresh import write_vit
from autodistill.models.inspection import inspect
from autodistill.record import Dataset, Model
from autodistill.task import Task

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
TOPICS = {
    "animal": ("cat", "dog", "horse", "sparrow", "salmon", "fox"),
    "food": ("bread", "apple", "cheese", "soup", "honey", "rice"),
    "sky": ("moon", "star", "cloud", "storm", "comet", "sun"),
}
FILLERS = ("the", "a", "we", "saw", "near", "and", "then", "very", "old", "small", "is", "that")
WORDS = (*SPECIAL, *FILLERS, *(word for topic in TOPICS.values() for word in topic))


def tiny_encoder(folder: Path, num_layers: int = 4, width: int = 32, seed: int = 0) -> Path:
    """Write a random BERT encoder without a head, in Hugging Face layout, and return its folder."""
    tokenizer = Tokenizer(
        models.WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="[UNK]")
    )
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    names = ("pad_token", "unk_token", "cls_token", "sep_token", "mask_token")
    wrap: Any = transformers.PreTrainedTokenizerFast
    fast = wrap(tokenizer_object=tokenizer, **dict(zip(names, SPECIAL, strict=True)))
    config = transformers.BertConfig(
        vocab_size=len(WORDS),
        hidden_size=width,
        num_hidden_layers=num_layers,
        num_attention_heads=2,
        intermediate_size=2 * width,
        max_position_embeddings=128,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = transformers.BertModel(config)
    save(model, fast, folder, config.max_position_embeddings)
    return folder


def tiny_vit(folder: Path, num_layers: int = 4, width: int = 32, seed: int = 0) -> Path:
    """Write a random vision transformer without a head, and return its folder."""
    folder.mkdir(parents=True)
    write_vit(
        folder,
        image_size=8,
        patch_size=4,
        num_channels=3,
        num_layers=num_layers,
        hidden_size=width,
        num_heads=2,
        seed=seed,
    )
    return folder


def tiny_model(folder: Path, name: str = "tiny") -> Model:
    """Return the record of an encoder that lies in `folder`."""
    found = inspect(folder)
    return Model(
        id=f"md_{found.sha256[:16]}",
        name=name,
        source={"kind": "directory", "path": str(folder)},
        path=str(folder),
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        **vars(found),
    )


def tiny_dataset(
    folder: Path,
    task: Task = Task.TEXT_CLASSIFICATION,
    *,
    num_train: int = 96,
    num_held_out: int = 24,
    seed: int = 0,
) -> tuple[Dataset, Path]:
    """Write a learnable dataset and return its record and its canonical Parquet file.

    A text is about the topic that most of its words come from; a pair asks whether both texts share
    a topic; a value is the number of animal words, on a scale far from zero; tags say which topic
    a word is of; an image is brightest at the top, in the middle or at the bottom.

    Args:
        folder: Where the files go.
        task: What is predicted.
        num_train: Training examples.
        num_held_out: Examples of dev, and again of test.
        seed: Of the texts.
    """
    rng = np.random.default_rng(seed)
    splits = ["train"] * num_train + ["dev"] * num_held_out + ["test"] * num_held_out
    rows = [{"split": split, **_row(task, rng)} for split in splits]
    folder.mkdir(parents=True, exist_ok=True)
    source = folder / "examples.parquet"
    pandas.DataFrame(rows).to_parquet(source)
    pair = "text_pair" if task is Task.TEXT_PAIR_CLASSIFICATION else None
    request = DatasetRequest(
        name="tiny",
        task=task,
        pair_column=pair,
        image_column="image" if task.reads_images else None,
        split_column="split",
    )
    found = ingest(source, request, folder)
    facts = {k: v for k, v in vars(found).items() if k != "path"}
    record = Dataset(
        id=f"ds_{found.sha256[:16]}",
        name="tiny",
        licence="",
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        **facts,
    )
    return record, found.path


def _row(task: Task, rng: np.random.Generator) -> dict[str, Any]:
    if task is Task.IMAGE_CLASSIFICATION:
        return _image(rng)
    topic = str(rng.choice(list(TOPICS)))
    if task is Task.TEXT_CLASSIFICATION:
        return {"text": _text(topic, rng), "label": topic}
    if task is Task.TEXT_PAIR_CLASSIFICATION:
        other = topic if rng.random() < 0.5 else str(rng.choice(list(TOPICS)))
        same = "same" if other == topic else "other"
        return {"text": _text(topic, rng), "text_pair": _text(other, rng), "label": same}
    text = _text(topic, rng)
    if task is Task.TOKEN_CLASSIFICATION:
        return {"text": text.split(), "label": _tags(text.split())}
    animals = sum(word in TOPICS["animal"] for word in text.split())
    return {"text": text, "label": 50.0 + 10.0 * animals}


def _image(rng: np.random.Generator) -> dict[str, Any]:
    """Return a noisy PNG of 12 x 12 pixels with a bright third, and which third that is."""
    thirds = ("top", "middle", "bottom")
    bright = int(rng.integers(len(thirds)))
    pixels = rng.integers(0, 120, (12, 12, 3), dtype=np.uint8)
    pixels[4 * bright : 4 * bright + 4] += 120
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return {"image": out.getvalue(), "label": thirds[bright]}


def _tags(words: list[str]) -> list[str]:
    """Return "O" for fillers, and "B-" or "I-" with the topic for its first and its last words."""
    tag = {word: "O" for word in FILLERS}
    for topic, own in TOPICS.items():
        tag |= {word: f"{'B' if i < len(own) / 2 else 'I'}-{topic}" for i, word in enumerate(own)}
    return [tag[word] for word in words]


def _text(topic: str, rng: np.random.Generator) -> str:
    """Return 3 to 14 words, of which about a half are about the topic."""
    chosen = (TOPICS[topic] if rng.random() < 0.5 else FILLERS for _ in range(rng.integers(2, 14)))
    words = [str(rng.choice(pool)) for pool in chosen]
    return " ".join([*words, str(rng.choice(TOPICS[topic]))])
