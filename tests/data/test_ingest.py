from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pytest
from pyarrow import parquet

from autodistill.data.ingest import DatasetRequest, Ingested, ingest
from autodistill.data.table import SPLITS, read_split
from autodistill.task import Task

Take = Callable[..., Ingested]
Rows = Callable[..., list[dict[str, Any]]]
LABELS = ["b", "a", "c", "b", "a", "b", "c", "a"]
VALUES = [i / 7 for i in range(24)]
LONG = ["train"] * 16 + ["dev"] * 4 + ["test"] * 4


def delimited(rows: list[dict[str, Any]], separator: str) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), delimiter=separator)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def as_parquet(rows: list[dict[str, Any]]) -> bytes:
    out = pyarrow.BufferOutputStream()
    parquet.write_table(pyarrow.Table.from_pylist(rows), out)
    return bytes(out.getvalue())


def test_the_canonical_table_groups_splits_and_keeps_the_order_inside(
    take: Take, rows: Rows
) -> None:
    mixed = ["test", "dev", "train", "train", "dev", "train", "test", "train"]
    found = take(rows(["a", "a", "b", "a", "b", "a", "b", "b"], mixed))
    table = parquet.read_table(found.path).to_pydict()
    assert list(table) == ["split", "text", "label"]
    assert table["split"] == ["train"] * 4 + ["dev"] * 2 + ["test"] * 2
    assert [t.split()[-1] for t in table["text"]] == ["2", "3", "5", "7", "1", "4", "0", "6"]
    assert table["label"] == [1, 0, 0, 1, 0, 1, 0, 1]
    assert found.num_examples == {"train": 4, "dev": 2, "test": 2}


def test_a_split_is_read_back_as_it_was(take: Take, rows: Rows) -> None:
    found = take(rows(LABELS))
    assert found.labels == ("a", "b", "c")
    dev = read_split(found.path, "dev")
    assert dev.texts == ["some words 4", "some words 5"]
    assert dev.pairs is None
    assert dev.labels.tolist() == [0, 1]
    assert dev.labels.dtype == np.int64
    assert dev.labels.flags.writeable


def test_formats_with_equal_content_are_one_dataset(take: Take, rows: Rows) -> None:
    examples = rows(LABELS)
    files = {
        ".jsonl": examples,
        ".csv": delimited(examples, ","),
        ".tsv": delimited(examples, "\t"),
        ".parquet": as_parquet(examples),
    }
    found = [take(content, suffix) for suffix, content in files.items()]
    assert len({f.sha256 for f in found}) == 1
    assert all(f.meta_features == found[0].meta_features for f in found)


@pytest.mark.parametrize("labels", [[0, 1, 2, 10, 1, 2, 10, 1], [0.5, 1.0, 2, 0.5, 1, 2.0, 2, 1]])
def test_numbers_are_the_same_classes_as_text_and_as_numbers(
    take: Take, rows: Rows, labels: list[float]
) -> None:
    numbers, texts = take(rows(labels)), take(delimited(rows(labels), ","), ".csv")
    assert numbers.labels == texts.labels
    assert numbers.sha256 == texts.sha256


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (["2", "10", "1.0", "1", "10", "2", "1", "2"], ("1", "2", "10")),
        ([1.0, 2, 1, 2, 1, 2, 1, 2], ("1", "2")),
        ([True, False] * 4, ("False", "True")),
        (["001", "1"] * 4, ("001", "1")),
        (["NA", "null"] * 4, ("NA", "null")),
        (["=1+1", "@SUM(A1)"] * 4, ("=1+1", "@SUM(A1)")),
        ([" new  york ", "oslo", "new york", "oslo "] * 2, ("new york", "oslo")),
        ([2**60, 2**60 + 1] * 4, (str(2**60), str(2**60 + 1))),
    ],
)
def test_class_names_are_what_a_person_would_call_them(
    take: Take, rows: Rows, labels: list[Any], names: tuple[str, ...]
) -> None:
    assert take(rows(labels), task=Task.TEXT_CLASSIFICATION).labels == names


def test_formula_cells_stay_plain_text(take: Take) -> None:
    lines = [f'"=HYPERLINK(""http://x"", {i})",{"ab"[i % 2]}' for i in range(4)]
    splits = ["train", "train", "dev", "dev"]
    rest = [f"+1 {i},{'ab'[i % 2]},test" for i in range(2)]
    body = [f"{line},{split}" for line, split in zip(lines, splits, strict=True)] + rest
    found = take("\n".join(["text,label,split", *body]).encode(), ".csv")
    assert read_split(found.path, "train").texts[0] == '=HYPERLINK("http://x", 0)'
    assert read_split(found.path, "test").texts == ["+1 0", "+1 1"]


@pytest.mark.parametrize(
    ("labels", "task"),
    [
        (VALUES, Task.TEXT_REGRESSION),
        ([str(v) for v in VALUES], Task.TEXT_REGRESSION),
        ([i % 8 / 2 for i in range(24)], Task.TEXT_CLASSIFICATION),
        ([float(i % 24) for i in range(16)] + list(range(8)), Task.TEXT_CLASSIFICATION),
        (["a", "b"] * 12, Task.TEXT_CLASSIFICATION),
    ],
)
def test_the_task_is_guessed_from_the_labels(
    take: Take, rows: Rows, labels: list[Any], task: Task
) -> None:
    assert take(rows(labels, LONG)).task is task


def test_a_second_text_makes_it_a_pair_task_unless_labels_are_real_values(
    take: Take, rows: Rows
) -> None:
    classes = [{**row, "other": "and more"} for row in rows(["a", "b"] * 12, LONG)]
    values = [{**row, "other": "and more"} for row in rows(VALUES, LONG)]
    found, real = take(classes, pair_column="other"), take(values, pair_column="other")
    assert (found.task, found.has_pair) == (Task.TEXT_PAIR_CLASSIFICATION, True)
    assert (real.task, real.has_pair) == (Task.TEXT_REGRESSION, True)
    assert read_split(real.path, "dev").pairs == ["and more"] * 4


def test_whole_numbers_are_values_when_they_are_said_to_be(take: Take, rows: Rows) -> None:
    found = take(rows([1, 2, 3, 4, 5, 6, 7, 8]), task=Task.TEXT_REGRESSION)
    assert found.labels == ()
    assert read_split(found.path, "train").labels.tolist() == [1.0, 2.0, 3.0, 4.0]


@pytest.mark.parametrize("name", ["dev", "valid", "validation", "val", " Validation "])
def test_dev_goes_by_many_names(take: Take, rows: Rows, name: str) -> None:
    splits = ["train"] * 4 + [name] * 2 + ["TEST", "test"]
    assert take(rows(["a", "b"] * 4, splits)).num_examples["dev"] == 2


def test_made_splits_are_about_as_large_as_asked(take: Take) -> None:
    examples = [{"text": f"text {i}", "label": "ab"[i % 2]} for i in range(3000)]
    found = take(examples, split_column=None, dev_fraction=0.2, test_fraction=0.3)
    share = [found.num_examples[split] / 3000 for split in SPLITS]
    np.testing.assert_allclose(share, [0.5, 0.2, 0.3], atol=0.03)


def test_no_duplicate_is_on_two_sides_of_a_made_split(take: Take) -> None:
    spelt = ("Some  Text {i}", "some text {i}", " some\ttext {i} ")
    examples = [
        {"text": form.format(i=i), "label": "ab"[i % 2]} for form in spelt for i in range(300)
    ]
    found = take(examples, split_column=None)
    texts = {
        split: {" ".join(t.lower().split()) for t in read_split(found.path, split).texts}
        for split in SPLITS
    }
    assert sum(len(inside) for inside in texts.values()) == 300


def test_a_made_split_does_not_depend_on_the_rest_of_the_file(take: Take) -> None:
    examples = [{"text": f"text {i}", "label": "ab"[i % 2]} for i in range(400)]
    whole = set(read_split(take(examples, split_column=None).path, "test").texts)
    part = set(read_split(take(examples[::-1][:300], split_column=None).path, "test").texts)
    assert part <= whole


def test_a_byte_order_mark_and_any_line_ends_are_read(take: Take, rows: Rows) -> None:
    plain = delimited(rows(LABELS), ",")
    marked = b"\xef\xbb\xbf" + plain
    old = plain.replace(b"\r\n", b"\r")
    blank = plain.replace(b"\r\n", b"\n\n")
    assert len({take(content, ".csv").sha256 for content in (plain, marked, old, blank)}) == 1


def test_a_text_of_several_lines_is_one_cell(take: Take, rows: Rows) -> None:
    examples = rows(LABELS)
    examples[0]["text"] = 'two\nlines, a "quote" and \u2028 a separator'
    found = [take(examples), take(delimited(examples, ","), ".csv")]
    assert [read_split(f.path, "train").texts[0] for f in found] == [examples[0]["text"]] * 2


def test_what_no_database_stores_is_replaced(take: Take, rows: Rows) -> None:
    examples = rows(["\ud800x", "b\0"] * 4)
    examples[0]["text"] = "nul\0 and \udfff half"
    found = take(examples)
    assert found.labels == ("?x", "b")
    assert read_split(found.path, "train").texts[0] == "nul  and ? half"
    json.dumps(found.labels).encode()


def test_other_columns_are_left_alone(take: Take, rows: Rows) -> None:
    plain = rows(LABELS)
    wide = [{"id": 1, **row, "nested": {"a": [1]}, "empty": None} for row in plain]
    assert take(wide).sha256 == take(plain).sha256
    assert take(as_parquet(wide), ".parquet").sha256 == take(plain).sha256


def test_columns_may_have_other_names(take: Take, rows: Rows) -> None:
    renamed = [
        {"a.b": row["text"], "y": row["label"], "part": row["split"]} for row in rows(LABELS)
    ]
    names = {"text_column": "a.b", "label_column": "y", "split_column": "part"}
    expected = take(rows(LABELS)).sha256
    assert take(renamed, **names).sha256 == expected
    assert take(as_parquet(renamed), ".parquet", **names).sha256 == expected


def test_dictionary_columns_of_parquet_are_plain_text(take: Take, rows: Rows) -> None:
    table = pyarrow.Table.from_pylist(rows(LABELS))
    coded = pyarrow.table({n: table[n].dictionary_encode() for n in table.column_names})
    out = pyarrow.BufferOutputStream()
    parquet.write_table(coded, out)
    assert take(bytes(out.getvalue()), ".parquet").sha256 == take(rows(LABELS)).sha256


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = (
        "import autodistill.data.ingest, autodistill.models.sources,"
        " autodistill.models.inspection, sys;"
        "sys.exit(bool({'pandas', 'pyarrow', 'sklearn', 'torch'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_source_may_lie_where_the_result_goes(tmp_path: Path, rows: Rows) -> None:
    source = tmp_path / "dataset.parquet"
    source.write_bytes(as_parquet(rows(LABELS)))
    asked = DatasetRequest(name="some", split_column="split")
    assert ingest(source, asked, tmp_path).num_examples["train"] == 4
