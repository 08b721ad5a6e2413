from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from onnxruntime import InferenceSession
from tokenizers import Tokenizer
from typer.testing import CliRunner

from autodistill.cli import app
from autodistill.client import Client
from autodistill.errors import InvalidInput
from autodistill.lazy import pandas
from autodistill.record import Job, JobState, TrialState
from autodistill.testing.tiny import tiny_dataset, tiny_encoder

pytestmark = pytest.mark.e2e
SCORE = """
import json, sys, torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer
folder, rows = sys.argv[1], json.loads(sys.argv[2])
tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
hits = 0
for row in rows:
    with torch.no_grad():
        logits = model(**tokenizer(row["text"], return_tensors="pt")).logits
    hits += model.config.id2label[int(logits.argmax())] == row["label"]
print(hits / len(rows))
"""


@pytest.fixture(scope="module")
def job(service: Client, tmp_path_factory: pytest.TempPathFactory) -> Job:
    """A job of six trials, submitted and watched to its end."""
    folder = tmp_path_factory.mktemp("inputs")
    tiny_dataset(folder, num_train=64, num_held_out=32)
    service.upload_dataset(folder / "examples.parquet", name="topics", split_column="split")
    encoder = tiny_encoder(folder / "encoder")
    service.register_model("tiny", {"kind": "directory", "path": str(encoder)})
    asked = {
        "dataset": "topics",
        "teacher": {
            "model": "tiny",
            "preparation": {
                "kind": "fine_tuned",
                "training": {"learning_rate": 5e-3, "num_epochs": 4},
            },
        },
        "students": [{"kind": "cut", "num_layers": 2}],
        "space": {
            "training.learning_rate": {"type": "uniform", "low": 1e-3, "high": 2e-2, "log": True}
        },
        "budget": {"num_trials": 6, "max_epochs": 3},
        "confirmation_seeds": 2,
        "probes": ["sharpness", "klom"],
    }
    submitted = service.submit(asked, key="once")
    assert service.submit(asked, key="once").id == submitted.id
    kinds = [event.kind for event in service.watch(submitted.id)]
    assert kinds[0] == "job.queued"
    assert kinds[-1] == "job.succeeded", service.job(submitted.id).message
    assert "measurement" in kinds
    return service.job(submitted.id)


def test_every_trial_of_the_budget_ends(service: Client, job: Job) -> None:
    progress = service.progress(job.id)
    assert progress["complete"] + progress["pruned"] + progress["failed"] == progress["of"] == 6


def test_plain_fine_tuning_is_one_of_the_trials(service: Client, job: Job) -> None:
    first = service.trial(job.id, 0)
    assert first.origin == "baseline"
    assert not first.spec.pipeline.distils
    assert first.state is TrialState.COMPLETE
    assert len(first.curve) == 3
    assert "Epoch 3: loss/total" in service.trial_log(job.id, 0)


def test_events_are_numbered_without_gaps(service: Client, job: Job) -> None:
    assert [e.seq for e in service.watch(job.id)] == list(
        range(1, 1 + max(e.seq for e in service.watch(job.id)))
    )


def test_the_result_compares_fresh_seeds(job: Job) -> None:
    assert job.result is not None
    assert job.result.best.test.seeds == job.result.plain.test.seeds == 2
    assert job.result.gain == pytest.approx(job.result.best.test.mean - job.result.plain.test.mean)
    assert job.result.within_noise is not None


def test_what_was_asked_for_was_probed(service: Client, job: Job) -> None:
    assert job.result is not None
    assert job.result.klom is not None
    assert job.result.klom >= 0
    complete = [t for t in service.trials(job.id) if t.state is TrialState.COMPLETE]
    assert all("sharpness" in t.dev and "sharpness" not in t.test for t in complete)


def test_transformers_alone_reproduces_the_reported_score(
    service: Client, job: Job, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert job.result is not None
    student = service.download_student(job.id, tmp_path / "student")
    names = {p.name for p in student.iterdir()}
    assert {"model.safetensors", "config.json", "tokenizer.json", "README.md"} <= names
    inputs = next(tmp_path_factory.getbasetemp().glob("inputs*"))
    frame = pandas.read_parquet(inputs / "examples.parquet")
    rows = frame[frame["split"] == "test"][["text", "label"]].to_dict("records")
    command = [sys.executable, "-c", SCORE, str(student), json.dumps(rows)]
    score = float(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    assert score == pytest.approx(job.result.student["test/accuracy"], abs=1e-9)


def test_onnx_runtime_alone_reproduces_the_scores_of_the_graphs(
    service: Client, job: Job, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert job.result is not None
    assert job.result.graphs is not None, job.result.no_graphs
    folder = service.download_student(job.id, tmp_path / "onnx", form="onnx")
    inputs = next(tmp_path_factory.getbasetemp().glob("inputs*"))
    frame = pandas.read_parquet(inputs / "examples.parquet")
    rows = frame[frame["split"] == "test"][["text", "label"]].to_dict("records")
    names = [json.loads((folder / "config.json").read_text())["id2label"][f"{i}"] for i in range(3)]
    read = Tokenizer.from_file(str(folder / "tokenizer.json")).encode
    for file, of in (
        ("model.onnx", job.result.graphs.float32),
        ("model_int8.onnx", job.result.graphs.int8),
    ):
        session, hits = InferenceSession(folder / file), 0
        for row in rows:
            said = read(row["text"])
            ids, mask, types = said.ids, said.attention_mask, said.type_ids
            given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}
            (logits,) = session.run(None, {k: np.array([v]) for k, v in given.items()})
            hits += names[int(logits.argmax())] == row["label"]
        assert hits / len(rows) == pytest.approx(of["test/accuracy"], abs=1e-9)
    assert job.result.graphs.float32["test/accuracy"] == job.result.student["test/accuracy"]


def test_a_recommendation_names_a_reason_for_each_pipeline(service: Client, job: Job) -> None:
    advice = service.recommend("topics", "tiny", {"kind": "cut", "num_layers": 2}, k=3)
    assert job.state is JobState.SUCCEEDED
    assert advice.message
    assert len(advice.advice) == 3
    assert all(a.pipeline.distils and a.reason for a in advice.advice)


def test_short_trials_order_a_recommendation(service: Client, job: Job) -> None:
    assert job.state is JobState.SUCCEEDED
    words = "recommend --dataset topics --teacher tiny --cut 2 -k 2"
    url = ["--url", str(service._http.base_url)]
    said = CliRunner().invoke(app, [*words.split(), "--try-out", *url])
    assert said.exit_code == 0, said.output
    assert said.output.count("In a short trial on this dataset it reached") == 2, said.output
    found = service.recommend("topics", "tiny", {"kind": "cut", "num_layers": 2}, k=2)
    assert found.tryout is None
    best, second = (advice.tried or 0.0 for advice in found.advice)
    assert best >= second > 0


def test_a_wrong_job_is_refused_with_every_reason(service: Client, job: Job) -> None:
    with pytest.raises(InvalidInput) as refused:
        service.submit(
            {
                "dataset": job.spec.dataset,
                "teacher": {"model": "tiny"},
                "students": [{"kind": "cut", "num_layers": 9}],
            }
        )
    fields = {p.field for p in refused.value.problems}
    assert fields == {"teacher.preparation", "students.0.num_layers"}
