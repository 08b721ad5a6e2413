"""Texts that are rewritten by models: from the job that names them to a trained student."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from autodistill.models.rewriting import load_masked_lm
from autodistill.record import PreparedTask
from autodistill.spec import Augmenters, Translation
from autodistill.task import Task
from autodistill.testing.prepared import tiny_task, tiny_trial
from autodistill.testing.rewriters import tiny_translator
from autodistill.testing.tiny import tiny_encoder, tiny_model
from autodistill.trial import TrialRun

EVERYTHING = {
    "kind": "text_chain",
    "order": "back_translation+contextual+synonym+random",
    "copies": 2,
}


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> PreparedTask:
    folder = tmp_path_factory.mktemp("rewriting")
    paths = {
        "there": tiny_translator(folder / "there"),
        "back": tiny_translator(folder / "back", 1),
    }
    paths["encoder"] = tiny_encoder(folder / "plain", num_layers=1, seed=5)
    models = {name: tiny_model(path, name) for name, path in paths.items()}
    named = Augmenters(
        masked_lm=models["encoder"].id,
        translation=Translation(there=models["there"].id, back=models["back"].id),
    )
    by_id = {model.id: model for model in models.values()}
    return tiny_task(folder, models=by_id, augmenters=named)


def test_an_encoder_without_a_head_got_one_that_has_learnt(task: PreparedTask) -> None:
    assert task.masked_lm is not None
    model, whole = load_masked_lm(task.masked_lm)
    assert whole
    assert model.get_output_embeddings().weight is model.get_input_embeddings().weight
    encoder = load_masked_lm(task.masked_lm.parent.parent / "plain")[0].base_model.state_dict()
    kept = model.base_model.state_dict()
    assert all(torch.equal(kept[name], weight) for name, weight in encoder.items())


def test_copies_are_rewritten_once_for_all_trials(task: PreparedTask, tmp_path: Path) -> None:
    run = TrialRun(task, tiny_trial(1, augmentation=EVERYTHING), tmp_path / "one")
    measurement = next(iter(run))
    assert np.isfinite(list(measurement.values.values())).all()
    (made,) = task.outputs.parent.glob("copies-*/copies.json")
    texts = json.loads(made.read_text())["texts"]
    assert len(texts) == 2 * 96
    assert all(text.split() for text in texts)
    written = made.stat().st_mtime_ns
    assert len(list(TrialRun(task, tiny_trial(2, augmentation=EVERYTHING), tmp_path / "two"))) == 2
    assert made.stat().st_mtime_ns == written


def test_a_pair_is_rewritten_on_both_sides(
    prepared: Callable[[Task], PreparedTask], tmp_path: Path
) -> None:
    pairs = prepared(Task.TEXT_PAIR_CLASSIFICATION)
    chain = {"kind": "text_chain", "order": "random", "copies": 1, "edit_fraction": 0.37}
    spec = tiny_trial(augmentation=chain)
    before = set(pairs.outputs.parent.glob("copies-*/copies.json"))
    next(iter(TrialRun(pairs, spec, tmp_path / "trial")))
    (made,) = set(pairs.outputs.parent.glob("copies-*/copies.json")) - before
    found = json.loads(made.read_text())
    assert len(found["texts"]) == len(found["pairs"]) == 96
    assert found["texts"] != found["pairs"]
