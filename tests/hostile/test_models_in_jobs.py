"""Models that pass the door and are still none: their jobs fail and say why."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from safetensors.numpy import load_file, save_file

from api.main import create_app
from api.settings import Settings
from autodistill.record import JobState
from autodistill.testing.tiny import tiny_dataset, tiny_encoder
from workers.claim import Driver
from workers.inline import run_inline

pytestmark = pytest.mark.e2e
Spoil = Callable[[Path], None]


def config(**changes: Any) -> Spoil:
    def spoil(folder: Path) -> None:
        path = folder / "config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return spoil


def tokenizer(text: str) -> Spoil:
    def spoil(folder: Path) -> None:
        (folder / "tokenizer.json").write_text(text)

    return spoil


def weights(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Spoil:
    def spoil(folder: Path) -> None:
        path = folder / "model.safetensors"
        save_file(change(load_file(path)), path, metadata={"format": "pt"})

    return spoil


MODELS: dict[str, tuple[Spoil, str]] = {
    "no tokenizer at all": (tokenizer('{"vocabulary": "words"}'), "tokenizer"),
    "tokenizer of an unknown kind": (tokenizer('{"model": {"type": "Magic"}}'), "tokenizer"),
    "unknown architecture": (config(model_type="bertt"), "bertt"),
    "no text encoder": (config(model_type="wav2vec2"), "wav2vec2"),
    "wider than its weights": (config(hidden_size=64), ""),
    "weights without layers": (
        weights(lambda w: {k: v for k, v in w.items() if "layer" not in k}),
        "",
    ),
    "weights that are NaN": (weights(lambda w: {k: v * np.nan for k, v in w.items()}), ""),
    "weights of strangers": (weights(lambda w: {f"x.{k}": v for k, v in w.items()}), ""),
}


@pytest.mark.parametrize("case", MODELS.values(), ids=MODELS)
def test_a_job_on_a_model_that_is_none_fails_and_says_why(
    tmp_path: Path, case: tuple[Spoil, str]
) -> None:
    spoil, says = case
    encoder = tiny_encoder(tmp_path / "encoder", num_layers=2)
    spoil(encoder)
    tiny_dataset(tmp_path, num_train=32, num_held_out=16)
    app = create_app(Settings(data_root=tmp_path / "root", allowed_roots=(tmp_path,)))
    with TestClient(app, "http://127.0.0.1") as http:
        model = {"kind": "directory", "path": str(encoder)}
        data = {"name": "d", "path": str(tmp_path / "examples.parquet"), "split_column": "split"}
        asked = {
            "dataset": "d",
            "teacher": {"model": "m", "preparation": {"kind": "fine_tuned"}},
            "students": [{"kind": "cut", "num_layers": 1}],
            "budget": {"num_trials": 1, "max_epochs": 1},
            "confirmation_seeds": 0,
        }
        for path, body in (
            ("/v1/models", {"name": "m", "source": model}),
            ("/v1/datasets/by-path", data),
            ("/v1/jobs", asked),
        ):
            answer = http.post(path, json=body)
            assert answer.is_success, answer.text
        store = app.state.store
        with store.write() as tx:
            job = tx.leases.claim("a test", 600)
            assert job is not None
            tx.leases.grant(job.id, job.owner_epoch, 1)
        calm = threading.Event()
        driver = Driver(store, tmp_path / "root", job, draining=calm, lost=threading.Event())
        driver.drive(run_inline)
        found = http.get(f"/v1/jobs/{job.id}").json()
    assert found["state"] == JobState.FAILED, found
    assert found["message"]
    assert says in found["message"]
    assert "Traceback" not in found["message"]
