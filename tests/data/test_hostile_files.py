from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from autodistill.data.ingest import DatasetRequest, ingest
from autodistill.errors import InvalidDataset, Problem
from autodistill.task import Task

Refusal = Callable[..., Sequence[Problem]]
Rows = Callable[..., list[dict[str, Any]]]
CSV = b"text,label,split\n"
GOOD = ["a", "b"] * 4


def only(problems: Sequence[Problem], field: str, *parts: str) -> None:
    """Check that there is one problem, at this field, which says all of this."""
    (problem,) = problems
    assert problem.field == field
    for part in parts:
        assert part in problem.message


@pytest.mark.parametrize(
    ("content", "suffix", "says"),
    [
        (b"text,label,split\ncaf\xe9,a,train\n", ".csv", "line 2"),
        ("text,label\n".encode("utf-16"), ".csv", "UTF-16"),
        (b'{"text": "\xff"}\n', ".jsonl", "UTF-8"),
        (b"", ".csv", "no rows"),
        (b"", ".jsonl", "no rows"),
        (b"\n\n", ".jsonl", "no rows"),
        (CSV, ".csv", "no rows"),
        (b"", ".parquet", "Parquet"),
        (b"PAR1 not really PAR1", ".parquet", "Parquet"),
        (CSV + b'"never closed,a,train\n', ".csv", "use JSONL"),
        (CSV + b'"closed" early,a,train\n', ".csv", "Line 2"),
        (CSV + b"one,two,three,four\n", ".csv", "Row 1: 3 cells are needed, got 4"),
        (CSV + b"x,a,train\n\nshort\n", ".csv", "Row 2: 3 cells are needed, got 1"),
        (b'{"text": 1}\n{"text"', ".jsonl", "Line 2"),
        (b"[1, 2]\n", ".jsonl", "Line 1: a JSON object is needed"),
        (b'{"text": "x", "text": "y"}\n', ".jsonl", "appears twice"),
        (b"[" * 100_000 + b"\n", ".jsonl", "Line 1"),
        (b'{"text": ' + b"9" * 5000 + b"}\n", ".jsonl", "Line 1"),
        (b"", ".xlsx", '".xlsx"'),
        (b"", "", "No reader"),
    ],
)
def test_a_file_that_is_not_what_it_says_is_refused(
    refusal: Refusal, content: bytes, suffix: str, says: str
) -> None:
    problems = refusal(content, suffix)
    assert {p.field for p in problems} <= {"file", "text_column", "label_column", "split_column"}
    assert any(says in p.message for p in problems), problems


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidDataset, match="no file"):
        ingest(tmp_path / "none.csv", DatasetRequest(name="x"), tmp_path)


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_each_missing_column_is_said_with_those_there_are(refusal: Refusal, suffix: str) -> None:
    out = pyarrow.BufferOutputStream()
    parquet.write_table(pyarrow.table({"body": ["x"], "label": ["a"]}), out)
    files = {
        ".csv": b"body,label\nx,a\n",
        ".jsonl": b'{"body": "x", "label": "a"}\n',
        ".parquet": bytes(out.getvalue()),
    }
    problems = refusal(files[suffix], suffix)
    assert [p.field for p in problems] == ["text_column", "split_column"]
    assert all(p.known == ("body", "label") for p in problems)
    assert '"text"' in problems[0].message


def test_a_column_that_appears_twice_is_refused_where_it_is_wanted(refusal: Refusal) -> None:
    only(refusal(b"text,label,label,split\nx,a,b,train\n", ".csv"), "label_column", "2 times")


def test_one_column_plays_one_role(refusal: Refusal, rows: Rows) -> None:
    problems = refusal(rows(GOOD), label_column="text", pair_column="text")
    assert [p.field for p in problems] == ["pair_column", "label_column"]


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("", "empty"),
        (" \t\n", "empty"),
        ("\0", "empty"),
        (None, "empty"),
        (7, "got 7"),
        (["x"], "['x']"),
        (float("nan"), "got nan"),
        ("x" * 100_001, "100001 characters"),
    ],
)
def test_a_text_that_is_none_is_refused_by_row(
    refusal: Refusal, rows: Rows, cell: Any, says: str
) -> None:
    examples = rows(GOOD)
    examples[2]["text"] = cell
    only(refusal(examples), "text_column", "Row 3", says)


def test_a_missing_key_is_an_empty_cell(refusal: Refusal, rows: Rows) -> None:
    examples = rows(GOOD)
    del examples[5]["label"], examples[1]["text"]
    fields = {(p.field, p.message[:5]) for p in refusal(examples)}
    assert fields == {("label_column", "Row 6"), ("text_column", "Row 2")}


def test_many_faulty_rows_are_named_up_to_a_limit_and_then_counted(
    refusal: Refusal, rows: Rows
) -> None:
    problems = refusal([{**row, "text": ""} for row in rows(GOOD * 100, ["train"] * 800)])
    assert len(problems) == 20
    assert "780 more" in problems[-1].message


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        ([*GOOD[:7], None], ("Row 8", "no label")),
        ([*GOOD[:7], " "], ("Row 8", "no label")),
        ([*GOOD[:7], float("nan")], ("Row 8", "no label")),
        ([0, 1, 0, 1, 0, 1, 0, float("inf")], ("Row 8", "finite")),
        (["0", "1", "0", "1", "0", "1", "0", "-Infinity"], ("Row 8", "finite")),
        (["0", "1", "0", "1", "0", "1", "0", "NaN"], ("Row 8", "no label")),
        ([*GOOD[:7], 3], ("text in row 1 ('a')", "a number in row 8 (3)")),
        ([True, False, 1, 0, True, False, True, False], ("true or false in row 1", "row 3 (1)")),
        ([*GOOD[:7], ["b"]], ("Row 8", "['b']")),
        ([*GOOD[:7], {"b": 1}], ("Row 8", "{'b': 1}")),
        (["a"] * 8, ("two classes", '"a"')),
        ([True] * 8, ("two classes",)),
        ([*GOOD[:7], "x" * 201], ("too long", "200")),
    ],
)
def test_labels_that_are_no_classes_are_refused(
    refusal: Refusal, rows: Rows, labels: list[Any], says: tuple[str, ...]
) -> None:
    only(refusal(rows(labels)), "label_column", *says)


def test_thousands_of_classes_are_refused(refusal: Refusal, rows: Rows) -> None:
    problems = refusal(rows(list(range(1500)), ["train"] * 1500))
    only(problems, "label_column", "1500 classes", "text_regression")


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        ([*range(7), "high"], ("text in row 8",)),
        (["1", "2", "3", "4", "5", "6", "7", "high"], ("Row 8", "'high'")),
        ([True, False] * 4, ("Row 1", "got True")),
        ([*range(7), float("inf")], ("Row 8", "finite")),
        ([*range(7), 10**400], ("Row 8", "1e+15")),
        ([*range(7), -1e300], ("Row 8", "rescale")),
        ([*range(7), None], ("Row 8", "no label")),
    ],
)
def test_labels_that_are_no_values_are_refused(
    refusal: Refusal, rows: Rows, labels: list[Any], says: tuple[str, ...]
) -> None:
    problems = refusal(rows(labels), task=Task.TEXT_REGRESSION)
    assert problems[0].field == "label_column"
    assert all(any(part in p.message for p in problems) for part in says), problems


@pytest.mark.parametrize("split", ["holdout", "", None, 1, ["train"]])
def test_an_unknown_split_is_refused_with_the_known_ones(
    refusal: Refusal, rows: Rows, split: Any
) -> None:
    problems = refusal(rows(GOOD, ["train"] * 4 + ["dev", "dev", "test", split]))
    only(problems, "split_column", "Row 8", repr(split))
    assert "validation" in problems[0].known


def test_an_empty_split_is_refused(refusal: Refusal, rows: Rows) -> None:
    only(refusal(rows(GOOD, ["train"] * 8)), "split_column", "dev or test")
    examples = [{"text": "the same", "label": label} for label in GOOD]
    only(refusal(examples, split_column=None), "file", "give more examples")


def test_a_split_of_one_label_is_refused(refusal: Refusal, rows: Rows) -> None:
    problems = refusal(rows(["a", "b", "a", "b", "a", "a", "b", "b"]))
    assert [p.field for p in problems] == ["split_column"] * 2
    assert 'dev are "a"' in problems[0].message
    assert 'test are "b"' in problems[1].message
    values = rows([0.1, 0.2, 0.3, 0.4, 0.5, 0.5, 1, 2])
    only(refusal(values, task=Task.TEXT_REGRESSION), "split_column", 'dev are "0.5"')


def test_a_class_that_train_lacks_is_refused(refusal: Refusal, rows: Rows) -> None:
    problems = refusal(rows(["a", "b", "a", "b", "a", "new", "newer", "b"]))
    only(problems, "label_column", '"new", "newer"')


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"task": Task.TEXT_PAIR_CLASSIFICATION}, "pair_column"),
        ({"task": Task.TEXT_CLASSIFICATION, "pair_column": "other"}, "task"),
    ],
)
def test_the_task_and_a_second_text_must_agree(
    refusal: Refusal, rows: Rows, changes: dict[str, Any], field: str
) -> None:
    only(refusal([{**row, "other": "x"} for row in rows(GOOD)], **changes), field)


def test_problems_of_all_columns_are_said_at_once(refusal: Refusal, rows: Rows) -> None:
    examples = rows([*GOOD[:7], None])
    examples[0]["text"], examples[1]["split"] = "", "?"
    fields = [p.field for p in refusal(examples)]
    assert fields == ["text_column", "label_column", "split_column"]


def test_bytes_are_no_text(refusal: Refusal, rows: Rows) -> None:
    table = pyarrow.Table.from_pylist([{**r, "text": b"\xff\xfe"} for r in rows(GOOD)])
    out = pyarrow.BufferOutputStream()
    parquet.write_table(table, out)
    assert "a text is needed" in refusal(bytes(out.getvalue()), ".parquet")[0].message


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)
KEYS = st.sampled_from(["text", "label", "split", "x"])


@settings(
    max_examples=50,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.one_of(
        st.tuples(st.just(".csv"), st.binary(max_size=60).map(CSV.__add__)),
        st.tuples(st.just(".parquet"), st.binary(max_size=60).map(b"PAR1".__add__)),
        st.tuples(st.just(".jsonl"), st.lists(st.dictionaries(KEYS, JSON), max_size=4)),
    )
)
def test_whatever_a_file_holds_it_is_a_dataset_or_refused(
    take: Callable[..., object], case: tuple[str, Any]
) -> None:
    suffix, content = case
    with contextlib.suppress(InvalidDataset):
        take(content, suffix)
