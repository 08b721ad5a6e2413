from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow
import pytest
from pyarrow import parquet

from autodistill.data.ingest import Ingested
from autodistill.data.table import read_split
from autodistill.errors import Problem
from autodistill.task import Task

Take = Callable[..., Ingested]
Refusal = Callable[..., Sequence[Problem]]
SPLITS = ("train", "train", "dev", "dev", "test", "test")


def rows() -> list[dict[str, Any]]:
    """Return six examples of one to six words."""
    return [
        {
            "text": [f"word{i}", *["Oslo", "and", "New", "York", "too"][:i]],
            "label": ["O", *["B-place", "O", "B-place", "I-place", "O"][:i]],
            "split": split,
        }
        for split, i in zip(SPLITS, (5, 4, 4, 1, 3, 5), strict=True)
    ]


def with_(**cells: Any) -> list[dict[str, Any]]:
    """Return the examples with some cells of the first one changed."""
    first, *rest = rows()
    return [{**first, **cells}, *rest]


def as_parquet(examples: list[dict[str, Any]]) -> bytes:
    out = pyarrow.BufferOutputStream()
    parquet.write_table(pyarrow.Table.from_pylist(examples), out)
    return bytes(out.getvalue())


def test_lists_are_taken_for_tagged_words(take: Take) -> None:
    found = take(with_(label=["O", "B-place", "O", "B-place", "O", "O"]))
    assert found.task is Task.TOKEN_CLASSIFICATION
    assert found.labels == ("B-place", "I-place", "O")
    assert found.num_examples == {"train": 2, "dev": 2, "test": 2}
    assert not found.has_pair


def test_words_and_tags_come_back_packed(take: Take) -> None:
    found = take(rows())
    dev = read_split(found.path, "dev")
    assert len(dev) == 2
    assert dev.words == [["word4", "Oslo", "and", "New", "York"], ["word1", "Oslo"]]
    assert dev.offsets is not None
    assert dev.offsets.tolist() == [0, 5, 7]
    assert [found.labels[i] for i in dev.labels[5:]] == ["O", "B-place"]
    second = dev.some(np.array([1, 1, 0]))
    assert second.words == [["word1", "Oslo"]] * 2 + [["word4", "Oslo", "and", "New", "York"]]
    assert second.labels.tolist() == [*dev.labels[5:], *dev.labels[5:], *dev.labels[:5]]


def test_jsonl_and_parquet_with_equal_content_are_one_dataset(take: Take) -> None:
    one, other = take(rows()), take(as_parquet(rows()), ".parquet")
    assert one.sha256 == other.sha256
    assert one.meta_features == other.meta_features


def test_whole_numbers_are_tags_too(take: Take) -> None:
    coded = [{**row, "label": [len(tag) for tag in row["label"]]} for row in rows()]
    assert take(coded).labels == ("1", "7")


def test_equal_words_fall_on_one_side_of_a_made_split(take: Take) -> None:
    examples = [{"text": [f"w{i}", "end"], "label": ["B-x", "O"]} for i in range(300)]
    found = take([*examples, *examples], split_column=None)
    sides = [set(map(tuple, read_split(found.path, s).words)) for s in ("train", "dev", "test")]
    assert sum(map(len, sides)) == 300


def test_meta_features_are_finite_and_say_what_a_word_alone_tells(take: Take) -> None:
    cities = [f"city{i % 20}" for i in range(400)]
    words = [["to", city, "by", f"train{i % 7}"] for i, city in enumerate(cities)]
    examples = [{"text": w, "label": ["O", "B-place", "O", "O"]} for w in words]
    found = take(examples, split_column=None).meta_features
    assert all(np.isfinite(value) for value in found.values())
    assert found["mean_words"] == 4
    assert found["majority"] == pytest.approx(0.75, abs=0.02)
    assert found["majority"] + found["linear_gain"] == pytest.approx(1.0)
    assert found["minority_share"] == pytest.approx(0.25, abs=0.01)


@pytest.mark.parametrize(
    ("cells", "field", "says"),
    [
        ({"label": ["O"]}, "label_column", "Row 1: there are 6 words, but 1 tags"),
        ({"text": [], "label": []}, "text_column", "Row 1: the list of words is empty"),
        ({"text": "New York"}, "text_column", "Row 1: a list of words is needed, got 'New York'"),
        ({"text": None}, "text_column", "Row 1: a list of words is needed, got None"),
        ({"text": ["a", 5]}, "text_column", "Row 1: word 2 must be text, got 5"),
        ({"text": ["a", ["b"]]}, "text_column", "Row 1: word 2 must be text, got ['b']"),
        ({"text": ["a", " \u200d"]}, "text_column", "Row 1: word 2 has no visible sign"),
        ({"text": ["a", ""]}, "text_column", "Row 1: word 2 has no visible sign"),
        ({"text": ["a" * 100_001]}, "text_column", "Row 1: the words have 100001 characters"),
        ({"label": "O"}, "label_column", "Row 1: a list of tags is needed, got 'O'"),
        ({"label": ["O", None]}, "label_column", "Row 1: tag 2 must be text or a whole number"),
        ({"label": ["O", " "]}, "label_column", "Row 1: tag 2 must be text or a whole number"),
        ({"label": ["O", True]}, "label_column", "Row 1: tag 2 must be text or a whole number"),
        ({"label": [1] * 6}, "label_column", "All tags must be text, or all whole numbers"),
    ],
)
def test_a_row_that_is_no_tagged_sentence_is_refused(
    refusal: Refusal, cells: dict[str, Any], field: str, says: str
) -> None:
    problem = refusal(with_(**cells))[0]
    assert problem.field == field
    assert says in problem.message


def test_one_tag_is_not_enough(refusal: Refusal) -> None:
    plain = [{**row, "label": ["O"] * len(row["text"])} for row in rows()]
    assert "There must be two classes at least" in refusal(plain)[0].message


def test_a_tag_that_train_lacks_is_refused(refusal: Refusal) -> None:
    examples = rows()
    examples[-1]["label"][0] = "B-new"
    assert "Train has no example of" in refusal(examples)[0].message


def test_files_without_lists_say_where_lists_can_be(refusal: Refusal) -> None:
    lines = b"text,label,split\nNew York,O,train\n"
    problems = refusal(lines, ".csv", task=Task.TOKEN_CLASSIFICATION)
    assert "JSONL and Parquet can hold one" in problems[0].message


def test_tagged_words_have_no_second_text(refusal: Refusal) -> None:
    paired = [{**row, "other": "x"} for row in rows()]
    (problem,) = refusal(paired, pair_column="other")
    assert problem.field == "pair_column"


def test_halves_of_surrogates_in_lists_are_replaced(take: Take) -> None:
    found = take(with_(text=["a\ud800", "nul\0", "c", "d", "e", "f"]))
    assert read_split(found.path, "train").words[0][:2] == ["a?", "nul "]
    json.dumps(found.labels).encode()
