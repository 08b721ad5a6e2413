"""Reading a file of the user's into columns of plain values, as data and never as code."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from itertools import filterfalse
from pathlib import Path
from typing import Any

from autodistill.data.problems import of_rows, shown
from autodistill.errors import InvalidDataset, Problem
from autodistill.lazy import parquet, pyarrow

SUFFIXES = (".csv", ".tsv", ".jsonl", ".parquet")
MAX_KNOWN = 50
"""Column names that an error lists."""

Columns = dict[str, list[Any]]
"""Cells by role, equally many; None where the file has nothing."""


def read_table(path: Path, wanted: Mapping[str, str]) -> Columns:
    """Return the wanted columns of a CSV, TSV, JSONL or Parquet file.

    Cells of CSV and TSV stay strings, so that "NA", "001" and "=1+1" are what they were. What no
    database can store is replaced: NUL by a space, halves of surrogate pairs by "?".

    Args:
        path: The file; its suffix says what it is.
        wanted: Names of columns by role.

    Raises:
        InvalidDataset: When the file is not what its suffix says, or lacks a column.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise _refused(f'No reader for "{suffix}"; convert the file to one of those.', SUFFIXES)
    if not path.is_file():
        raise _refused(f'There is no file "{path.name}".')
    if suffix == ".parquet":
        columns = _parquet(path, wanted)
    elif suffix == ".jsonl":
        columns = _jsonl(_text(path), wanted)
    else:
        columns = _delimited(_text(path), wanted, "\t" if suffix == ".tsv" else ",")
    if not all(columns.values()):
        raise _refused("The file has no rows; give examples for train, dev and test.")
    return columns


def _text(path: Path) -> str:
    content = path.read_bytes()
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _refused("The file must be UTF-8, but it is UTF-16; save it as UTF-8.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message = f"The file must be UTF-8; line {line} is not ({error.reason}). Save it as UTF-8."
        raise _refused(message) from error


def _delimited(text: str, wanted: Mapping[str, str], separator: str) -> Columns:
    csv.field_size_limit(2**31 - 1)  # a long cell is answered where its column is known
    # A blank line is no row, not even a faulty one.
    lines = csv.reader(
        io.StringIO(text.replace("\0", " "), newline=""), delimiter=separator, strict=True
    )
    rows = filterfalse(lambda row: not row, lines)
    faults = []
    try:
        header = [name.strip() for name in next(rows, [])]
        if not header:
            return {role: [] for role in wanted}
        where = {role: header.index(column) for role, column in _present(wanted, header).items()}
        columns: Columns = {role: [] for role in where}
        for number, row in enumerate(rows, start=1):
            if len(row) != len(header):
                faults.append((number, f"{len(header)} cells are needed, got {len(row)}."))
                continue
            for role, index in where.items():
                columns[role].append(row[index])
    except csv.Error as error:
        way_out = 'Put a cell with quotation marks in quotes and double them ("") inside, or'
        message = f"Line {lines.line_num} does not parse: {error}. {way_out} use JSONL."
        raise _refused(message) from error
    if faults:
        raise InvalidDataset(of_rows("file", faults))
    return columns


def _jsonl(text: str, wanted: Mapping[str, str]) -> Columns:
    names: dict[str, None] = {}
    columns: Columns = {role: [] for role in wanted}
    faults = []
    for number, line in enumerate(io.StringIO(text), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line, object_pairs_hook=_object)
        except (ValueError, RecursionError) as error:
            faults.append((number, f"a JSON object is needed: {error}."))
            continue
        if not isinstance(row, dict):
            faults.append((number, f"a JSON object is needed, got {shown(row)}."))
            continue
        names.update(dict.fromkeys(row))
        for role, column in wanted.items():
            columns[role].append(_storable(row.get(column)))
    if faults:
        raise InvalidDataset(of_rows("file", faults, unit="Line"))
    if names:
        _present(wanted, list(names))
    return columns


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key appears twice")
    return found


def _parquet(path: Path, wanted: Mapping[str, str]) -> Columns:
    try:
        with parquet.ParquetFile(path) as file:
            columns = _present(wanted, file.schema_arrow.names)
            table = file.read(columns=list(columns.values()))
        return {
            role: [_storable(cell) for cell in table.column(column).to_pylist()]
            for role, column in columns.items()
        }
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        text = str(error).strip().splitlines() or [type(error).__name__]
        raise _refused(f"The file is no Parquet that can be read: {text[0]}") from error


def _present(wanted: Mapping[str, str], known: list[str]) -> dict[str, str]:
    """Return the wanted columns, each of them in the file exactly once."""
    problems = []
    for role, column in wanted.items():
        if (times := known.count(column)) != 1:
            message = (
                f'Column "{column}" appears {times} times; rename all but one.'
                if times
                else f'The file has no column "{column}"; name another one.'
            )
            listed = tuple(str(_storable(name)) for name in known[:MAX_KNOWN])
            problems.append(Problem(field=f"{role}_column", message=message, known=listed))
    if problems:
        raise InvalidDataset(problems)
    return dict(wanted)


def _storable(cell: Any) -> Any:
    if not isinstance(cell, str):
        return cell
    return cell.encode("utf-8", "replace").decode("utf-8").replace("\0", " ")


def _refused(message: str, known: tuple[str, ...] = ()) -> InvalidDataset:
    return InvalidDataset(Problem(field="file", message=message, known=known))
