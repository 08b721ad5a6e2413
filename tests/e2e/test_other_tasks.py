"""Tagged words and images, from upload to a student that transformers alone can use."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from autodistill.client import Client
from autodistill.lazy import pandas
from autodistill.record import Job
from autodistill.task import Task
from autodistill.testing.tiny import tiny_dataset, tiny_encoder

pytestmark = pytest.mark.e2e
TAGS = """
import json, sys, torch
from transformers import AutoModelForTokenClassification, AutoTokenizer
folder, rows = sys.argv[1], json.loads(open(sys.argv[2]).read())
tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForTokenClassification.from_pretrained(folder).eval()
def entities(tags):
    found, start = set(), None
    for i, tag in enumerate([*tags, "O"]):
        if start is not None and not (tag[0] == "I" and tag[1:] == tags[start][1:]):
            found.add((start, i, tags[start][1:]))
            start = None
        if start is None and tag != "O":
            start = i
    return found
right = total = 0
for row in rows:
    coded = tokenizer(row["text"], is_split_into_words=True, return_tensors="pt")
    with torch.no_grad():
        guesses = model(**coded).logits[0].argmax(1).tolist()
    words = coded.word_ids()
    mine = [model.config.id2label[guesses[words.index(i)]] for i in range(len(row["text"]))]
    one, other = entities(mine), entities(row["label"])
    right, total = right + len(one & other), total + len(one) + len(other)
print(2 * right / total)
"""
IMAGES = """
import base64, io, json, sys, torch
from PIL import Image
from transformers import AutoImageProcessor, AutoModelForImageClassification
folder, rows = sys.argv[1], json.loads(open(sys.argv[2]).read())
reader = AutoImageProcessor.from_pretrained(folder)
model = AutoModelForImageClassification.from_pretrained(folder).eval()
hits = 0
for row in rows:
    image = Image.open(io.BytesIO(base64.b64decode(row["image"]))).convert("RGB")
    with torch.no_grad():
        logits = model(**reader(image, return_tensors="pt")).logits
    hits += model.config.id2label[int(logits.argmax())] == row["label"]
print(hits / len(rows))
"""
TRAINING = {"learning_rate": 5e-3, "num_epochs": 4}


def run(service: Client, dataset: str, teacher: str) -> Job:
    submitted = service.submit(
        {
            "dataset": dataset,
            "teacher": {
                "model": teacher,
                "preparation": {"kind": "fine_tuned", "training": TRAINING},
            },
            "students": [{"kind": "cut", "num_layers": 2}],
            "space": {"training.learning_rate": [5e-3]},
            "budget": {"num_trials": 3, "max_epochs": 3},
            "confirmation_seeds": 1,
        }
    )
    kinds = [event.kind for event in service.watch(submitted.id)]
    job = service.job(submitted.id)
    assert kinds[-1] == "job.succeeded", job.message
    return job


def score(script: str, student: Path, rows: list[dict[str, Any]], folder: Path) -> float:
    path = folder / "rows.json"
    path.write_text(json.dumps(rows))
    command = [sys.executable, "-c", script, str(student), str(path)]
    return float(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def test_words_are_tagged_by_a_student_that_scores_what_was_reported(
    service: Client, tmp_path: Path
) -> None:
    tiny_dataset(tmp_path / "data", Task.TOKEN_CLASSIFICATION)
    table = tmp_path / "data" / "examples.parquet"
    found = service.upload_dataset(table, name="tags", split_column="split")
    assert found.task is Task.TOKEN_CLASSIFICATION
    encoder = tiny_encoder(tmp_path / "encoder", seed=1)
    service.register_model("tagger", {"kind": "directory", "path": str(encoder)})
    job = run(service, "tags", "tagger")
    assert job.result is not None
    assert job.result.metric == "entity_f1"
    student = service.download_student(job.id, tmp_path / "student")
    frame = pandas.read_parquet(table).query("split == 'test'")
    rows = [
        {"text": list(t), "label": list(y)} for t, y in zip(frame.text, frame.label, strict=True)
    ]
    found_score = score(TAGS, student, rows, tmp_path)
    assert found_score == pytest.approx(job.result.student["test/entity_f1"], abs=1e-9)


def test_images_are_classified_by_a_fresh_transformer_and_its_student(
    service: Client, tmp_path: Path
) -> None:
    tiny_dataset(tmp_path / "data", Task.IMAGE_CLASSIFICATION)
    table = tmp_path / "data" / "examples.parquet"
    found = service.upload_dataset(table, name="thirds", image_column="image", split_column="split")
    assert found.task is Task.IMAGE_CLASSIFICATION
    sizes = {"image_size": 8, "num_layers": 4, "hidden_size": 32, "num_heads": 2}
    service.register_model("fresh", {"kind": "fresh", "patch_size": 4, **sizes})
    job = run(service, "thirds", "fresh")
    assert job.result is not None
    student = service.download_student(job.id, tmp_path / "student")
    frame = pandas.read_parquet(table).query("split == 'test'")
    rows = [
        {"image": base64.b64encode(x).decode(), "label": y}
        for x, y in zip(frame.image, frame.label, strict=True)
    ]
    found_score = score(IMAGES, student, rows, tmp_path)
    assert found_score == pytest.approx(job.result.student["test/accuracy"], abs=1e-9)
