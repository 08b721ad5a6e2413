from __future__ import annotations

from pathlib import Path

import pytest

from autodistill.errors import InvalidInput
from autodistill.history import chronicle, distiller
from autodistill.task import Task

HEADER = ",".join(distiller.COLUMNS)
ROWS = (
    "TinyBERT4,BERT_BASE,mi,0.9,skip,mse,FALSE,1,0.3,393000,0.8,mnli,0,0,0",
    "TinyBERT4,BERT_BASE,pkd,0.1,skip,ce,TRUE,1,0.3,393000,0.7,mnli,1,0,2",
    "TinyBERT4,BERT_BASE,cos,0.1,emd,ce,FALSE,1,0.5,393000,0.6,mnli,2,1,0",
    "BERT_TINY,Roberta-large,pkd,0.1,last,ce,FALSE,1,0.3,5750,0.5,stsb,0,0,0",
)
"""Made up, in the form of the table."""


def table(folder: Path, *rows: str, header: str = HEADER) -> Path:
    path = folder / "table.csv"
    path.write_text("\n".join([header, *rows]), encoding="utf-8-sig")
    return path


def test_runs_become_the_trials_of_a_task_teacher_and_student(tmp_path: Path) -> None:
    mnli, stsb = distiller.read(table(tmp_path, *ROWS))
    assert (mnli.dataset.name, mnli.student, mnli.group) == ("GLUE mnli", "TinyBERT4", "glue mnli")
    assert (mnli.facts.task, mnli.facts.num_outputs) == (Task.TEXT_PAIR_CLASSIFICATION, 3)
    assert (mnli.facts.student_layers, mnli.facts.student_width) == (4, 312)
    assert [t.dev["accuracy"] for t in mnli.trials] == [0.8, 0.7, 0.6]
    first, second, third = (t.spec.pipeline for t in mnli.trials)
    assert (first.intermediate.kind, first.loss.kind) == ("mi_alpha", "logit_mse")
    assert (second.intermediate.kind, second.augmentation.kind) == ("pkd", "mixup")
    assert third.augmentation.model_dump() == {
        "kind": "text_chain",
        "order": "back_translation+contextual",
        "edit_fraction": 0.5,
        "copies": 1,
    }
    assert (stsb.facts.task, stsb.facts.shared_tokenizer) == (Task.TEXT_REGRESSION, False)
    for past in (mnli, stsb):
        assert not [p for t in past.trials for p in t.spec.pipeline.problems(past.facts)]


def test_they_are_a_history_like_any_other(tmp_path: Path) -> None:
    tasks = distiller.read(table(tmp_path, *ROWS))
    path = tmp_path / "history.parquet"
    path.write_bytes(b"".join(chronicle.write(tasks)))
    found = chronicle.read(path)
    assert [t.spec for task in found for t in task.trials] == [
        t.spec for task in tasks for t in task.trials
    ]


@pytest.mark.parametrize(
    ("header", "row", "law"),
    [
        ("a,b", "1,2", "not Distiller's table"),
        (HEADER, ROWS[0].replace("mi,", "wishes,"), "makes no sense"),
        (HEADER, ROWS[0].replace("0.8", "good"), "makes no sense"),
    ],
)
def test_another_table_is_refused(tmp_path: Path, header: str, row: str, law: str) -> None:
    with pytest.raises(InvalidInput, match=law):
        distiller.read(table(tmp_path, row, header=header))
