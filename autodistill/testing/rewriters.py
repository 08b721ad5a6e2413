"""Small models of random weights that rewrite texts: a masked language model and a translator."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

from autodistill.lazy import torch, transformers
from autodistill.models.encoders import load_reader, quiet, save
from autodistill.testing.tiny import WORDS, tiny_encoder

LENGTH = 64


def tiny_masked_lm(folder: Path, seed: int = 0) -> Path:
    """Write a BERT with a masked-LM head, in Hugging Face layout, and return its folder."""
    tokenizer = load_reader(tiny_encoder(folder / "encoder", num_layers=1))
    config = transformers.BertConfig(
        vocab_size=len(WORDS),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=128,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = transformers.BertForMaskedLM(config)
    save(model, tokenizer, folder, LENGTH)
    return folder


def tiny_translator(folder: Path, seed: int = 0) -> Path:
    """Write a Marian model whose language is that of the tiny datasets, and return its folder."""
    import sentencepiece  # noqa: PLC0415  # only here

    folder.mkdir(parents=True, exist_ok=True)
    made = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([" ".join(WORDS[5:])] * 20),
        model_writer=made,
        vocab_size=60,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    pieces = sentencepiece.SentencePieceProcessor(model_proto=made.getvalue())
    names = ["</s>", "<unk>", *(pieces.id_to_piece(i) for i in range(3, len(pieces))), "<pad>"]
    (folder / "vocab.json").write_text(json.dumps({name: i for i, name in enumerate(names)}))
    for side in ("source", "target"):
        (folder / f"{side}.spm").write_bytes(made.getvalue())
    config = transformers.MarianConfig(
        vocab_size=len(names),
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=16,
        decoder_ffn_dim=16,
        max_position_embeddings=LENGTH,
        pad_token_id=len(names) - 1,
        eos_token_id=0,
        decoder_start_token_id=len(names) - 1,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model: Any = transformers.MarianMTModel(config)
    with torch.no_grad():
        for matrix in (p for p in model.parameters() if p.ndim > 1):
            matrix.mul_(10)
    wrap: Any = transformers.MarianTokenizer
    paths = {f"{side}_spm": str(folder / f"{side}.spm") for side in ("source", "target")}
    with quiet():
        wrap(vocab=str(folder / "vocab.json"), model_max_length=LENGTH, **paths).save_pretrained(
            folder
        )
        model.save_pretrained(folder)
    return folder
