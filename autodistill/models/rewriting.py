"""Models that rewrite texts: masked language models that fill gaps, and translators."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autodistill.lazy import torch, transformers
from autodistill.models.device import device
from autodistill.models.encoders import load_reader, quiet

BATCH = 32
NUCLEUS = 0.8
"""Words are drawn from the likeliest ones that together have this probability (top-p)."""
CONTINUES, BEGINS = "##", ("Ġ", "▁")
"""How tokenizers mark a token that continues a word, or one that begins a word."""


def load_masked_lm(folder: Path) -> tuple[Any, bool]:
    """Load an encoder with a masked-LM head, and say whether the folder has the head's weights."""
    with quiet():
        model, info = transformers.AutoModelForMaskedLM.from_pretrained(
            folder,
            dtype=torch.float32,
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=True,
            output_loading_info=True,
        )
    return model.to(device()).eval(), not info["missing_keys"]


def filled(
    folder: Path,
    texts: Sequence[Sequence[str]],
    gaps: Sequence[NDArray[np.int64]],
    random: Sequence[np.random.Generator],
) -> Iterator[list[str]]:
    """Yield texts as words, those at the gaps drawn from what a masked LM says there.

    Every gap of a text is one mask token, all of them filled from one pass. Only tokens that are
    whole words are drawn. What lies beyond the model's length stays.
    """
    model, _ = load_masked_lm(folder)
    tokenizer = load_reader(folder)
    barred_W = torch.from_numpy(~_whole_words(tokenizer, model.config.vocab_size)).to(device())
    new = [list(words) for words in texts]
    holes = [[*words] for words in texts]
    for words, at in zip(holes, gaps, strict=True):
        for i in at:
            words[i] = tokenizer.mask_token
    for some in _batches([len(words) for words in texts]):
        coded = tokenizer(
            [" ".join(holes[n]) for n in some],
            truncation=True,
            max_length=_limit(tokenizer, model),
            padding=True,
            return_tensors="pt",
        ).to(device())
        with torch.inference_mode():
            logits = model(**coded).logits
        for row, n in enumerate(some):
            masks = coded["input_ids"][row] == tokenizer.mask_token_id
            if holes[n].count(tokenizer.mask_token) != len(gaps[n]):
                continue  # the text itself has such tokens
            chances_MW = logits[row][masks].masked_fill(barred_W, -torch.inf).softmax(dim=1)
            for i, chance_W in zip(gaps[n], chances_MW.double().cpu().numpy(), strict=False):
                new[n][i] = tokenizer.decode([drawn(chance_W, NUCLEUS, random[n])]).strip()
    yield from new


def drawn(chance_W: NDArray[np.float64], nucleus: float, rng: np.random.Generator) -> int:
    """Return a number drawn from the fewest likeliest ones that have a probability of `nucleus`."""
    order_W = np.argsort(-chance_W, kind="stable")
    total_W = np.cumsum(chance_W[order_W])
    size = int(np.searchsorted(total_W, nucleus * total_W[-1])) + 1
    at = np.searchsorted(total_W[:size], rng.random() * total_W[size - 1], side="right")
    return int(order_W[min(int(at), size - 1)])


def translated(folder: Path, texts: Sequence[str]) -> list[str]:
    """Return texts as a sequence-to-sequence model translates them, by its own beam search."""
    with quiet():
        model: Any = transformers.AutoModelForSeq2SeqLM.from_pretrained(
            folder,
            dtype=torch.float32,
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=True,
        )
    model.to(device()).eval()
    tokenizer: Any = transformers.MarianTokenizer.from_pretrained(folder, local_files_only=True)
    limit = _limit(tokenizer, model)
    new = [""] * len(texts)
    for some in _batches([len(text) for text in texts]):
        coded = tokenizer(
            [texts[n] for n in some],
            truncation=True,
            max_length=limit,
            padding=True,
            return_tensors="pt",
        ).to(device())
        with torch.inference_mode():
            ids = model.generate(**coded, max_length=limit)
        for n, text in zip(
            some, tokenizer.batch_decode(ids, skip_special_tokens=True), strict=True
        ):
            new[n] = text
    return new


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Yield numbers of texts of like length that are not empty."""
    order = [n for n in np.argsort(lengths, kind="stable").tolist() if lengths[n]]
    yield from (order[i : i + BATCH] for i in range(0, len(order), BATCH))


def _limit(tokenizer: Any, model: Any) -> int:
    limit: int = min(tokenizer.model_max_length, model.config.max_position_embeddings, 512)
    return limit


def _whole_words(tokenizer: Any, size: int) -> NDArray[np.bool_]:
    """Return which tokens of the vocabulary are words, letters or digits alone."""
    names = tokenizer.convert_ids_to_tokens(list(range(min(size, len(tokenizer)))))
    marked = any(name.startswith(BEGINS) for name in names)
    special = set(tokenizer.all_special_ids)
    whole_W = np.zeros(size, dtype=bool)
    for i, name in enumerate(names):
        begins = name.startswith(BEGINS) if marked else not name.startswith(CONTINUES)
        whole_W[i] = i not in special and begins and name.lstrip("".join(BEGINS)).isalnum()
    return whole_W
