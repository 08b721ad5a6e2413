"""Files that are no datasets."""

from __future__ import annotations

import gzip
import io
import json
import pickle
import struct
import tarfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet
from typing_extensions import override

from autodistill.data.ingest import DatasetRequest, ingest

pytestmark = pytest.mark.e2e
SPLITS = ["train"] * 4 + ["dev"] * 2 + ["test"] * 2
LABELS = ["a", "b"] * 4
GOOD = "text,label,split\n" + "".join(
    f"some words {i},{label},{split}\n"
    for i, (label, split) in enumerate(zip(LABELS, SPLITS, strict=True))
)
Case = tuple[str, bytes | Callable[[], bytes], dict[str, Any], str]
"""Name of the file, content, changes of the request, and what the answer says."""


def jsonl(rows: Sequence[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def examples(**columns: Any) -> list[dict[str, Any]]:
    """Return eight good examples with some columns replaced."""
    texts = [f"some words {i}" for i in range(8)]
    good: dict[str, list[Any]] = {"text": texts, "label": LABELS, "split": SPLITS}
    good |= {
        name: value if isinstance(value, list) else [value] * 8 for name, value in columns.items()
    }
    return [dict(zip(good, row, strict=True)) for row in zip(*good.values(), strict=True)]


def one(column: str, value: Any) -> bytes:
    """Return good examples but for one cell."""
    rows = examples()
    rows[3][column] = value
    return jsonl(rows)


def table(**columns: Any) -> bytes:
    good = {"text": [f"some words {i}" for i in range(8)], "label": LABELS, "split": SPLITS}
    return written(pyarrow.table(good | columns))


def written(found: pyarrow.Table, **how: Any) -> bytes:
    out = pyarrow.BufferOutputStream()
    parquet.write_table(found, out, **how)
    return bytes(out.getvalue())


def repeated(text: str, times: int, **how: Any) -> bytes:
    """Return a table that repeats one text by reference, small as a file and large when read."""
    indices = pyarrow.array(np.zeros(times, np.int32))
    column = pyarrow.DictionaryArray.from_arrays(indices, pyarrow.array([text]))
    return written(pyarrow.table({"text": column, "label": column, "split": column}), **how)


def footer(length: int, body: bytes = b"") -> bytes:
    return b"PAR1" + body + struct.pack("<I", length & 0xFFFFFFFF) + b"PAR1"


def archived(name: str, content: bytes = b"text,label\nx,a\n") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return out.getvalue()


def tarred(name: str, link: str = "") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        member = tarfile.TarInfo(name)
        if link:
            member.type, member.linkname = tarfile.SYMTYPE, link
        archive.addfile(member, io.BytesIO())
    return out.getvalue()


class Bomb:
    @override
    def __reduce__(self) -> tuple[Any, ...]:
        return (exec, ("open('pwned', 'w').close()",))


def deep(depth: int, opening: str = "[", closing: str = "]") -> str:
    return opening * depth + closing * depth


ENCODINGS: dict[str, Case] = {
    **{
        f"csv in {codec}": (
            "x.csv",
            GOOD.replace("words", "wörds 語").encode(codec, "replace"),
            {},
            "UTF-",
        )
        for codec in ("utf-16", "utf-16-le", "utf-32", "shift_jis", "latin-1", "cp1252", "gb18030")
    },
    "overlong NUL": ("x.csv", GOOD.encode() + b"\xc0\x80,a,train\n", {}, "line 10"),
    "encoded surrogate": ("x.csv", GOOD.encode() + b"\xed\xa0\x80,a,train\n", {}, "line 10"),
    "cut-off character": ("x.csv", GOOD.encode() + b"caf\xc3", {}, "line 10"),
    "beyond Unicode": ("x.csv", GOOD.encode() + b"\xf5\x80\x80\x80,a,train\n", {}, "line 10"),
    "invalid in jsonl": ("x.jsonl", b'{"text": "\xff"}\n', {}, "line 1"),
    "jsonl in utf-16": ("x.jsonl", '{"text": "x"}\n'.encode("utf-16"), {}, "UTF-16"),
    "utf-8 mark alone": ("x.csv", b"\xef\xbb\xbf", {}, "no rows"),
}
SHAPES: dict[str, Case] = {
    "empty csv": ("x.csv", b"", {}, "no rows"),
    "empty tsv": ("x.tsv", b"", {}, "no rows"),
    "empty jsonl": ("x.jsonl", b"", {}, "no rows"),
    "line ends alone": ("x.csv", b"\r\n\r\n\n", {}, "no rows"),
    "header alone": ("x.csv", b"text,label,split\n", {}, "no rows"),
    "NULs alone": ("x.csv", b"\0" * 5000, {}, "no column"),
    "never closed quote": ("x.csv", GOOD.encode() + b'"open,a,train\n' * 3, {}, "does not parse"),
    "words after a quote": ("x.csv", GOOD.encode() + b'"a" b,a,train\n', {}, "does not parse"),
    "too many cells": ("x.csv", GOOD.encode() + b"a,b,c,d\n", {}, "3 cells are needed, got 4"),
    "too few cells": ("x.csv", GOOD.encode() + b"a\n", {}, "3 cells are needed, got 1"),
    "carriage returns inside": ("x.csv", GOOD.encode() + b"a\rb,a,train\n", {}, "Row 9"),
    "gigantic cell": ("x.csv", GOOD.encode() + b"x" * 5_000_000 + b",a,train\n", {}, "5000000"),
    "gigantic row": ("x.csv", GOOD.encode() + b"x," * 1_000_000 + b"\n", {}, "got 1000001"),
    "gigantic header": ("x.csv", b"c," * 500_000 + b"\nx\n", {}, "no column"),
    "gigantic line of jsonl": ("x.jsonl", b'{"text": "' + b"x" * 5_000_000 + b'"}', {}, "file"),
    "many faulty rows": ("x.csv", GOOD.encode() + b"a\n" * 100_000, {}, "99980 more"),
    "wrong separator": ("x.csv", GOOD.replace(",", ";").encode(), {}, "no column"),
    "tsv with commas": ("x.tsv", GOOD.encode(), {}, "no column"),
    "doubled header": ("x.csv", b"text,text,label,split\na,b,c,train\n", {}, "2 times"),
    "blank header": ("x.csv", b",,\na,b,c\n", {}, "no column"),
    "html": ("x.csv", b"<!doctype html><script>alert(1)</script>", {}, "no column"),
    "elf": ("x.csv", b"\x7fELF\x02\x01\x01" + b"\0" * 200, {}, "no column"),
    "png": ("x.csv", b"\x89PNG\r\n\x1a\n" + bytes(range(256)), {}, "UTF-8"),
    "zip as csv": ("x.csv", archived("a.csv"), {}, ""),
    "gzip as csv": ("x.csv", gzip.compress(GOOD.encode()), {}, "UTF-8"),
    "gzip bomb": ("x.csv.gz", gzip.compress(b"a" * 50_000_000), {}, "No reader"),
    "zip bomb": ("x.zip", archived("a.csv", b"0" * 50_000_000), {}, "No reader"),
    "zip slip": ("x.zip", archived("../../../../tmp/slipped.csv"), {}, "No reader"),
    "absolute zip slip": ("x.zip", archived("/tmp/slipped.csv"), {}, "No reader"),
    "tar slip": ("x.tar.gz", tarred("../../slipped.csv"), {}, "No reader"),
    "tar with a link": ("x.tgz", tarred("a.csv", "/etc/passwd"), {}, "No reader"),
    "workbook": ("x.xlsx", archived("xl/workbook.xml"), {}, "No reader"),
    "pickle": ("x.pkl", pickle.dumps(Bomb()), {}, "No reader"),
    "pickle as csv": ("x.csv", pickle.dumps(Bomb()), {}, ""),
    "pickle as parquet": ("x.parquet", pickle.dumps(Bomb()), {}, "Parquet"),
    "numpy archive": ("x.npz", archived("a.npy"), {}, "No reader"),
    "program": ("x.py", b"raise SystemExit", {}, "No reader"),
    "no suffix": ("x", GOOD.encode(), {}, "No reader"),
    "suffix alone": (".csv", GOOD.encode(), {}, "No reader"),
    "suffix with a path": ("x.csv/../../../etc/x", GOOD.encode(), {}, "No reader"),
    "endless suffix": ("x." + "c" * 200, GOOD.encode(), {}, "No reader"),
}
JSON: dict[str, Case] = {
    "list of depth 100000": ("x.jsonl", deep(100_000).encode(), {}, "Line 1"),
    "object of depth 50000": ("x.jsonl", deep(50_000, '{"a":', "}").encode(), {}, "Line 1"),
    "digits without end": ("x.jsonl", b'{"text": ' + b"9" * 100_000 + b"}", {}, "Line 1"),
    "key twice": ("x.jsonl", b'{"text": "a", "text": "b"}', {}, "twice"),
    "array": ("x.jsonl", b'["text"]', {}, "object is needed"),
    "number": ("x.jsonl", b"7", {}, "object is needed"),
    "null": ("x.jsonl", b"null", {}, "object is needed"),
    "half an object": ("x.jsonl", b'{"text": ', {}, "Line 1"),
    "trailing comma": ("x.jsonl", b'{"text": "a",}', {}, "Line 1"),
    "two on one line": ("x.jsonl", b'{"text": "a"} {"text": "b"}', {}, "Line 1"),
    "single quotes": ("x.jsonl", b"{'text': 'a'}", {}, "Line 1"),
    "one document": ("x.jsonl", json.dumps(examples(), indent=1).encode(), {}, "Line 1"),
    "bare control character": ("x.jsonl", b'{"text": "a\x01"}', {}, "Line 1"),
    "python literal": ("x.jsonl", b'{"text": None}', {}, "Line 1"),
    "bad escape": ("x.jsonl", rb'{"text": "\x41"}', {}, "Line 1"),
    "empty objects": ("x.jsonl", b"{}\n" * 8, {}, ""),
}
CELLS: dict[str, Case] = {
    **{
        f"text {value!r:.20}": ("x.jsonl", one("text", value), {}, "Row 4")
        for value in ("", "  \t", None, 7, 1.5, True, ["a"], {"a": 1}, "x" * 100_001, "\0\0")
    },
    **{
        f"label {value!r:.20}": ("x.jsonl", one("label", value), {}, "label_column")
        for value in (None, "", 3, True, ["a"], {"a": 1}, float("nan"), "x" * 300)
    },
    **{
        f"value {value!r:.20}": (
            "x.jsonl",
            jsonl(examples(label=[*range(7), value])),
            {"task": "text_regression"},
            "label_column",
        )
        for value in (
            None,
            "high",
            True,
            float("inf"),
            float("-inf"),
            float("nan"),
            10**400,
            -1e300,
            [1],
        )
    },
    **{
        f"split {value!r:.20}": ("x.jsonl", one("split", value), {}, "split_column")
        for value in ("holdout", "", None, 1, ["train"], "../dev")
    },
    "one class": ("x.jsonl", jsonl(examples(label="a")), {}, "two classes"),
    "one value": ("x.jsonl", jsonl(examples(label=0.5)), {"task": "text_regression"}, ""),
    "NaN everywhere": (
        "x.csv",
        GOOD.replace(",a,", ",NaN,").replace(",b,", ",NaN,").encode(),
        {},
        "",
    ),
    "a class for each row": (
        "x.jsonl",
        jsonl(examples(label=list("abcdefgh"))),
        {},
        "label_column",
    ),
    "thousands of classes": (
        "x.csv",
        ("text,label\n" + "".join(f"words {i},{i}\n" for i in range(3000))).encode(),
        {"split_column": None},
        "classes",
    ),
    "everything is train": ("x.jsonl", jsonl(examples(split="train")), {}, "dev or test"),
    "no test": ("x.jsonl", jsonl(examples(split=["train"] * 4 + ["dev"] * 4)), {}, "test"),
    "no train": ("x.jsonl", jsonl(examples(split=["test"] * 4 + ["dev"] * 4)), {}, "train"),
    "dev of one class": ("x.jsonl", jsonl(examples(label=[*"abab", *"aa", *"ab"])), {}, "split"),
    "class that train lacks": ("x.jsonl", jsonl(examples(label=[*"abab", *"ab", *"cb"])), {}, '"c'),
    "one row": ("x.csv", b"text,label\nx,a\n", {"split_column": None}, ""),
    "the same text always": (
        "x.jsonl",
        jsonl(examples(text="same")),
        {"split_column": None},
        "more",
    ),
}
COLUMNS: dict[str, Case] = {
    "text is label": ("x.csv", GOOD.encode(), {"label_column": "text"}, "already"),
    "split is label": ("x.csv", GOOD.encode(), {"split_column": "label"}, "already"),
    "unknown pair": ("x.csv", GOOD.encode(), {"pair_column": "other"}, "no column"),
    "unknown text": ("x.csv", GOOD.encode(), {"text_column": "body"}, "no column"),
    "column of odd name": (
        "x.csv",
        GOOD.encode(),
        {"text_column": "../../etc/passwd"},
        "no column",
    ),
    "column of an endless name": ("x.csv", GOOD.encode(), {"text_column": "x" * 20_000}, ""),
    "pair task without a pair": (
        "x.csv",
        GOOD.encode(),
        {"task": "text_pair_classification"},
        "pair_column",
    ),
    "regression of words": ("x.csv", GOOD.encode(), {"task": "text_regression"}, "label_column"),
    "unknown task": ("x.csv", GOOD.encode(), {"task": "regress"}, "task"),
    **{
        f"fraction {value}": ("x.csv", GOOD.encode(), {"dev_fraction": value}, "dev_fraction")
        for value in (0, -1, 0.5, 2, "0.1", True, None)
    },
    **{
        f"name {value!r:.12}": ("x.csv", GOOD.encode(), {"name": value}, "name")
        for value in ("", " ", "a/b", "../x", "a\\b", "?", "%2e", "x" * 101, "a\nb", 7, None, "<b>")
    },
    "licence of ten pages": ("x.csv", GOOD.encode(), {"licence": "x" * 501}, "licence"),
    "unknown field": ("x.csv", GOOD.encode(), {"__class__": "x"}, "__class__"),
}
PARQUET: dict[str, Case] = {
    "empty": ("x.parquet", b"", {}, "Parquet"),
    "magic alone": ("x.parquet", b"PAR1PAR1", {}, "Parquet"),
    "footer that is not there": ("x.parquet", footer(2**31 - 1), {}, "Parquet"),
    "footer of length -1": ("x.parquet", footer(-1), {}, "Parquet"),
    "footer of zeros": ("x.parquet", footer(64, b"\0" * 64), {}, "Parquet"),
    "footer of ones": ("x.parquet", footer(64, b"\xff" * 64), {}, "Parquet"),
    "footer nested without end": ("x.parquet", footer(5000, b"\x1c" * 5000), {}, "Parquet"),
    "encrypted": ("x.parquet", b"PARE" + b"\0" * 64 + b"\x40\0\0\0PARE", {}, "Parquet"),
    "cut off": ("x.parquet", lambda: table()[:-40], {}, "Parquet"),
    "only its end": ("x.parquet", lambda: table()[-200:], {}, "Parquet"),
    "no rows": (
        "x.parquet",
        lambda: written(pyarrow.table({"text": [], "label": [], "split": []})),
        {},
        "no rows",
    ),
    "no columns": ("x.parquet", lambda: written(pyarrow.table({})), {}, ""),
    "texts in lists": ("x.parquet", lambda: table(text=[["a"]] * 8), {}, "list of tags is needed"),
    "labels in structs": ("x.parquet", lambda: table(label=[{"a": 1}] * 8), {}, "holds struct"),
    "texts as bytes": ("x.parquet", lambda: table(text=[b"\xff\xfe"] * 8), {}, "text is needed"),
    "texts as times": (
        "x.parquet",
        lambda: table(text=np.arange(8).astype("datetime64[s]")),
        {},
        "",
    ),
    "labels as times": (
        "x.parquet",
        lambda: table(label=np.arange(8).astype("datetime64[s]")),
        {},
        "",
    ),
    "labels missing": ("x.parquet", lambda: table(label=pyarrow.nulls(8)), {}, "no label"),
    "broken text": (
        "x.parquet",
        lambda: table().replace(b"some words", b"some w\xff\xfeds"),
        {},
        "",
    ),
    "a billion rows": ("x.parquet", lambda: repeated("a", 20_000_000), {}, "rows"),
    "a gigabyte by reference": (
        "x.parquet",
        lambda: repeated("x" * 100_000, 50_000),
        {},
        "1024 MiB",
    ),
    "a gigantic text, compressed": (
        "x.parquet",
        lambda: written(
            pyarrow.table({"text": ["x" * 200_000_000], "label": ["a"], "split": ["dev"]}),
            compression="zstd",
        ),
        {},
        "file",
    ),
}
CASES = {
    f"{group}: {name}": case
    for group, cases in (
        ("encoding", ENCODINGS),
        ("shape", SHAPES),
        ("json", JSON),
        ("cell", CELLS),
        ("column", COLUMNS),
        ("parquet", PARQUET),
    )
    for name, case in cases.items()
}


FORMULAS = ("=cmd|' /C calc'!A0", "@SUM(1+1)", "+1+1", "-2+3", '=HYPERLINK("http://x")')


def test_formulas_and_markup_are_texts_like_others(target: Any, tmp_path: Path) -> None:
    # Accepted by the parser as what they are; the missing class is what is refused.
    rows = examples(text=[*FORMULAS, "<script>", "{{7*7}}", "$(reboot)"], label="a")
    answer = target.upload("x.jsonl", jsonl(rows))
    assert [p["field"] for p in answer.json()["problems"]] == ["label_column"]
    assert list(tmp_path.iterdir()) == []
    request = DatasetRequest(name="x", split_column="split")
    rows = examples(text=[*FORMULAS, "<script>", "{{7*7}}", "$(reboot)"])
    (tmp_path / "x.jsonl").write_bytes(jsonl(rows))
    found = ingest(tmp_path / "x.jsonl", request, tmp_path / "out")
    texts = parquet.read_table(found.path)["text"].to_pylist()
    assert texts == [row["text"] for row in rows]


def test_there_are_many() -> None:
    assert len(CASES) >= 150


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_bad_file_is_refused_with_the_reason(
    target: Any, refused: Callable[..., None], case: Case
) -> None:
    name, content, how, says = case
    answer = target.upload(name, content if isinstance(content, bytes) else content(), **how)
    refused(answer, says)
    assert answer.json()["problems"]


@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.binary(min_size=1, max_size=40), st.integers(0, 10**6))
def test_a_damaged_parquet_file_never_hurts(target: Any, patch: bytes, where: int) -> None:
    content = bytearray(table())
    at = where % (len(content) - len(patch))
    content[at : at + len(patch)] = patch
    answer = target.upload("x.parquet", bytes(content), name="reviews")
    assert answer.status_code in (201, 409, 422), answer.text
