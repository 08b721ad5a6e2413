"""Scores an exported student with transformers alone: no code of ours, as its new owner would.

python -m examples.score STUDENT_FOLDER DATASET.jsonl MAX_LENGTH
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer


def main(folder: str, dataset: str, max_length: int) -> None:
    """Print the accuracy on the dataset's test split as one JSON line."""
    torch.set_num_threads(1)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    rows = [json.loads(line) for line in Path(dataset).read_text().splitlines()]
    test = [row for row in rows if row["split"] == "test"]
    hits = 0
    for row in test:
        tokens = tokenizer(row["text"], truncation=True, max_length=max_length, return_tensors="pt")
        with torch.no_grad():
            guess = int(model(**tokens).logits.argmax())
        hits += model.config.id2label[guess] == str(row["label"])
    print(json.dumps({"accuracy": hits / len(test), "examples": len(test)}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
