"""Reading a file of the user's into columns of plain values, as data and never as code."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from itertools import filterfalse
from pathlib import Path
from typing import Any

from autodistill.data.problems import of_rows, shown
from autodistill.errors import InvalidDataset, Problem
from autodistill.lazy import parquet, pyarrow

SUFFIXES = (".csv", ".tsv", ".jsonl", ".parquet")
MAX_ROWS = 10_000_000
"""Of a Parquet file, whose rows can cost nothing."""
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
        columns = _jsonl(_lines(path, newline="\n"), wanted)
    else:
        separator = "\t" if suffix == ".tsv" else ","
        columns = _delimited(_lines(path, newline=""), wanted, separator)
    if not all(columns.values()):
        raise _refused("The file has no rows; give examples for train, dev and test.")
    return columns


def _lines(path: Path, *, newline: str) -> Iterator[str]:
    with path.open("rb") as file:
        if file.read(2) in (b"\xff\xfe", b"\xfe\xff"):
            raise _refused("The file must be UTF-8, but it is UTF-16; save it as UTF-8.")
    try:
        with path.open(encoding="utf-8-sig", newline=newline) as text:
            yield from text
    except UnicodeDecodeError as error:
        message = f"The file must be UTF-8; line {_misfit(path)} is not ({error.reason})."
        raise _refused(f"{message} Save it as UTF-8.") from error


def _misfit(path: Path) -> int:
    """Return the number of the first line that is not UTF-8."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return number
    return 0


def _delimited(text: Iterator[str], wanted: Mapping[str, str], separator: str) -> Columns:
    csv.field_size_limit(2**31 - 1)  # a long cell is answered where its column is known
    # A blank line is no row, not even a faulty one.
    lines = csv.reader((line.replace("\0", " ") for line in text), delimiter=separator, strict=True)
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


def _jsonl(text: Iterator[str], wanted: Mapping[str, str]) -> Columns:
    names: dict[str, None] = {}
    columns: Columns = {role: [] for role in wanted}
    faults = []
    for number, line in enumerate(text, start=1):
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
            _check_shape(file, columns)
            table = file.read(columns=list(columns.values()))
        return {
            role: [_storable(cell) for cell in table.column(column).to_pylist()]
            for role, column in columns.items()
        }
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        text = str(error).strip().splitlines() or [type(error).__name__]
        raise _refused(f"The file is no Parquet that can be read: {text[0]}") from error


def _check_shape(file: Any, columns: Mapping[str, str]) -> None:
    """Refuse what is no table of texts, numbers and lists of them before it is unpacked."""
    if file.metadata.num_rows > MAX_ROWS:
        message = f"The file has {file.metadata.num_rows} rows; {MAX_ROWS} can be read at most."
        raise _refused(message)
    types = pyarrow.types
    for role, column in columns.items():
        kind = file.schema_arrow.field(column).type
        listed = types.is_list(kind) or types.is_large_list(kind)
        image = role == "image" and types.is_struct(kind) and kind.get_field_index("bytes") >= 0
        if types.is_nested(kind.value_type if listed else kind) and not image:
            message = f'Column "{column}" holds {kind}; texts, numbers or lists of them are needed.'
            raise InvalidDataset(Problem(field=f"{role}_column", message=message))


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
    if isinstance(cell, list):
        return [_storable(item) for item in cell]
    if not isinstance(cell, str):
        return cell
    return cell.encode("utf-8", "replace").decode("utf-8").replace("\0", " ")


def _refused(message: str, known: tuple[str, ...] = ()) -> InvalidDataset:
    return InvalidDataset(Problem(field="file", message=message, known=known))
