from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autodistill.errors import InvalidInput
from autodistill.history import PastTask, Standing, chronicle
from autodistill.lazy import parquet, pyarrow
from autodistill.record import TrialState
from autodistill.spec import PipelineSpec
from autodistill.testing.records import dataset_of, facts_of, past_of, trial_of


def told() -> PastTask:
    facts = facts_of()
    mixed = PipelineSpec.model_validate({"augmentation": {"kind": "mixup"}})
    trials = [
        trial_of(0, PipelineSpec(), dev={"accuracy": 0.5}, curve=[{"accuracy": 0.5}]),
        trial_of(1, mixed, TrialState.PRUNED, dev={"accuracy": 0.25}),
        trial_of(2, mixed, TrialState.FAILED).model_copy(
            update={"reason": "out_of_memory: /secret/path"}
        ),
    ]
    past = past_of(dataset_of("reviews", facts, {"log_train": 6.0}), facts, trials)
    more = {"job": "jb_test", "student": "cut-2", "kin": "films", "teacher": {"dev/accuracy": 0.9}}
    return past.model_copy(update=more | {"conditions": {"max_length": 64.0}})


def file_of(folder: Path, *tasks: PastTask) -> Path:
    path = folder / "history.parquet"
    path.write_bytes(b"".join(chronicle.write(tasks)))
    return path


def test_what_is_read_is_what_was_written_without_what_is_nobody_elses(tmp_path: Path) -> None:
    (found,) = chronicle.read(file_of(tmp_path, told()), Standing.SHIPPED)
    assert found.standing is Standing.SHIPPED
    assert found.trials[2].reason == "out_of_memory"
    expected = told().trials
    for mine, theirs in zip(found.trials, expected, strict=True):
        same = {"spec", "origin", "state", "dev", "test", "curve", "seconds", "finished_at"}
        assert mine.model_dump(include=same) == theirs.model_dump(include=same)
    rest = {"trials", "standing"}
    assert found.model_dump(exclude=rest) == told().model_dump(exclude=rest)


def test_equal_tasks_give_equal_bytes_and_reading_them_loses_nothing(tmp_path: Path) -> None:
    path = file_of(tmp_path, told())
    again = b"".join(chronicle.write(chronicle.read(path)))
    assert again == b"".join(chronicle.write(chronicle.read(path)))
    (tmp_path / "again.parquet").write_bytes(again)
    assert chronicle.read(tmp_path / "again.parquet") == chronicle.read(path)


def test_a_file_of_no_tasks_is_a_history_too(tmp_path: Path) -> None:
    assert chronicle.read(file_of(tmp_path)) == []


def test_trials_of_unknown_components_are_left_out(tmp_path: Path) -> None:
    path = file_of(tmp_path, told())
    table = parquet.read_table(path)
    strange = [p.replace('"mixup"', '"of_tomorrow"') for p in table["pipeline"].to_pylist()]
    column = table.schema.get_field_index("pipeline")
    table = table.set_column(column, "pipeline", pyarrow.array(strange))
    parquet.write_table(table, path)
    (found,) = chronicle.read(path)
    assert [trial.number for trial in found.trials] == [0]


def text(path: Path) -> None:
    path.write_text("job,student\n")


def stranger(path: Path) -> None:
    parquet.write_table(pyarrow.table({"a": [1]}), path)


def torn(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])


def rewritten(change: Callable[[pyarrow.Table], pyarrow.Table]) -> Callable[[Path], None]:
    return lambda path: parquet.write_table(change(parquet.read_table(path)), path)


def newer(table: pyarrow.Table) -> pyarrow.Table:
    return table.replace_schema_metadata({chronicle.MARK: b"2"})


def shorter(table: pyarrow.Table) -> pyarrow.Table:
    return table.drop_columns(["dev"])


def other_type(table: pyarrow.Table) -> pyarrow.Table:
    column = table.schema.get_field_index("seconds")
    return table.set_column(column, "seconds", pyarrow.array(["fast"] * len(table)))


def lawless(table: pyarrow.Table) -> pyarrow.Table:
    column = table.schema.get_field_index("state")
    return table.set_column(column, "state", pyarrow.array(["resting"] * len(table)))


def saying(name: str, value: Any) -> Callable[[pyarrow.Table], pyarrow.Table]:
    """Put a value into a column, or into a field of its JSON."""

    def change(table: pyarrow.Table) -> pyarrow.Table:
        of, _, field = name.partition(".")
        column = table.schema.get_field_index(of)
        kind = table.schema.field(of).type
        first = table.column(of)[0].as_py()
        said = json.dumps(json.loads(first) | {field: value}) if field else value
        return table.set_column(
            column, table.schema.field(of), pyarrow.array([said] * len(table), kind)
        )

    return change


@pytest.mark.parametrize(
    ("damage", "law"),
    [
        (rewritten(saying("dataset.meta_features", {"log_train": math.nan})), "finite number"),
        (rewritten(saying("dataset.meta_features", {"skew": math.inf})), "finite number"),
        (rewritten(saying("facts.teacher_layers", 0)), "greater than or equal to 1"),
        (rewritten(saying("facts.student_layers", 10**400)), "A row breaks a law"),
        (rewritten(saying("facts.teacher_width", -3)), "greater than or equal to 1"),
        (rewritten(saying("teacher", '{"dev/accuracy": NaN}')), "finite number"),
        (rewritten(saying("dev", [("accuracy", 80.0)])), "a share, from 0 to 1 .* got 80"),
        (rewritten(saying("test", [("rmse", 1.7e308)])), "at most 1e"),
        (text, "no history that can be read"),
        (torn, "no history that can be read"),
        (stranger, "does not say that it is one"),
        (rewritten(newer), "version 2"),
        (rewritten(shorter), "lacks the columns dev"),
        (rewritten(other_type), "other types"),
        (rewritten(lawless), "resting"),
    ],
)
def test_a_bad_file_is_refused_with_the_law(
    tmp_path: Path, damage: Callable[[Path], None], law: str
) -> None:
    path = file_of(tmp_path, told())
    damage(path)
    with pytest.raises(InvalidInput, match=law):
        chronicle.read(path)
