from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from autodistill.history import Standing, chronicle
from autodistill.spec import PipelineSpec
from autodistill.task import Task
from autodistill.testing.records import dataset_of, facts_of, past_of, trial_of
from benchmarks import prior
from benchmarks.prior import GROUNDS, Ground, cut, design
from examples.datasets import SOURCES

JOB: dict[str, Any] = {
    "dataset": "d",
    "teacher": {"model": "t"},
    "students": [{"kind": "cut", "num_layers": 2}],
}


@pytest.mark.parametrize("task", [t for t in Task if not t.reads_images])
def test_every_task_tries_valid_pipelines_a_tenth_of_the_trials_random(task: Task) -> None:
    facts = facts_of(task, layers=2, train=384)
    job = JOB | {"space": prior.space(facts)}
    found = design(job, facts)
    assert found == design(job, facts)
    assert not [p for p in found if p.problems(facts)]
    assert len(found) == len(set(found)) > prior.RANDOM
    assert 10 * prior.RANDOM >= 64


def test_a_cut_keeps_classes_that_train_knows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [
        {"text": f"{split} {i}", "label": "rare" if i == 3 else "ab"[i % 2], "split": split}
        for split in ("train", "dev", "test")
        for i in range(40)
    ]
    whole = tmp_path / "whole.jsonl"
    whole.write_text("".join(json.dumps(row) + "\n" for row in rows))
    monkeypatch.setattr(prior, "write", lambda *_: whole)
    path = cut("d", Ground(num_train=20), tmp_path)
    found = [json.loads(line) for line in path.read_text().splitlines()]
    assert {row["label"] for row in found} == {"a", "b"}
    assert sum(row["split"] == "train" for row in found) in (19, 20)
    assert cut("d", Ground(num_train=20), tmp_path).read_text() == path.read_text()


def test_another_machine_goes_on_from_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = facts_of(layers=1)
    trials = [trial_of(1, PipelineSpec(), student="cut-1", dev={"macro_f1": 0.5})]
    kept = [past_of(dataset_of(name, facts, {}), facts, trials) for name in ("trec", "newsgroups")]
    kept = [
        task.model_copy(update={"student": "cut-1", "kin": GROUNDS[task.dataset.name].kin})
        for task in kept
    ]
    shipped = tmp_path / "prior.parquet"
    shipped.write_bytes(b"".join(chronicle.write(kept)))
    (tmp_path / "tasks").mkdir()
    monkeypatch.setattr(prior, "FOLDER", tmp_path)
    prior.restore(shipped)
    assert prior.place("trec", 1).exists()
    assert not prior.place("trec", 2).exists()
    assert b"".join(chronicle.write(prior.gathered())) == shipped.read_bytes()


def test_the_datasheet_names_every_data_set_and_its_terms() -> None:
    sheet = (Path(__file__).parents[2] / "docs" / "prior.md").read_text()
    for name in GROUNDS:
        assert f"`{name}`" in sheet
        assert SOURCES[name].licence.partition(":")[0].partition(" (")[0] in sheet


def test_there_are_a_dozen_groups() -> None:
    assert len({ground.kin or name for name, ground in GROUNDS.items()}) >= 12


def test_what_comes_with_the_package_is_what_the_datasheet_says() -> None:
    tasks = chronicle.read(chronicle.SHIPPED, Standing.SHIPPED)
    sheet = (Path(__file__).parents[2] / "docs" / "prior.md").read_text()
    assert f"{len(tasks)} of {len(GROUNDS) * len(prior.LAYERS)} tasks are there" in sheet
    assert len({task.group for task in tasks}) >= 12
    for task in tasks:
        assert len(task.trials) >= 60
        assert all(len(t.curve) == t.spec.pipeline.training.num_epochs for t in task.trials)
