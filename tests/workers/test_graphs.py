from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from autodistill.losses.logit_mse import LogitMSE
from autodistill.record import Graphs
from autodistill.task import Task
from autodistill.testing.prepared import STUDENT, tiny_task, tiny_trial
from autodistill.trial import TrialRun
from workers.graphs import FLOAT32, INT8, graphs


def test_the_graphs_of_a_student_score_as_it_does(tmp_path: Path) -> None:
    task = tiny_task(tmp_path, Task.TEXT_REGRESSION)
    run = TrialRun(task, tiny_trial(loss=LogitMSE()), tmp_path / "trial")
    list(run)
    outcome, folder = run.finish(), tmp_path / "graphs"
    folder.mkdir()
    (folder / FLOAT32).write_text("left by a crash half-way")
    made = graphs(task, STUDENT.label, outcome.student, folder)
    assert isinstance(made, Graphs), made
    assert made.difference < 1e-4
    for of, least in ((made.float32, 1e-3), (made.int8, 3.0)):
        for split, scores in (("dev", outcome.dev), ("test", outcome.test)):
            expected = scores["rmse"]  # the values are from 50 to 180
            assert of[f"{split}/rmse"] == pytest.approx(expected, abs=least)
        assert of["latency_ms"] > 0
    assert made.int8["mib"] < made.float32["mib"]
    kept = {path.name for path in folder.iterdir()}
    assert {FLOAT32, INT8, "config.json", "tokenizer.json"} <= kept
    assert "model.safetensors" not in kept
    shutil.rmtree(outcome.student)
    said = graphs(task, STUDENT.label, outcome.student, tmp_path / "others")
    assert isinstance(said, str)
    assert said == "InvalidModel: source: The directory has no config.json."
