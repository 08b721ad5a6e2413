"""Trials as a file, made some rows at a time while it is sent."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from autodistill.explain import Frame
from autodistill.explain.asking import text
from autodistill.explain.telling import Positions
from autodistill.lazy import csv, parquet, pyarrow

PARQUET = "application/vnd.apache.parquet"
ROWS = 5000


def as_csv(frame: Frame, order: Positions) -> Iterator[bytes]:
    """Yield a table as CSV, its header first."""
    for i, table in enumerate(_tables(frame, order)):
        sink = io.BytesIO()
        csv.write_csv(table, sink, csv.WriteOptions(include_header=i == 0))
        yield sink.getvalue()


def as_parquet(frame: Frame, order: Positions) -> Iterator[bytes]:
    """Yield a table as Parquet, a row group at a time."""
    sink = io.BytesIO()
    with parquet.ParquetWriter(sink, _schema(frame), compression="zstd") as writer:
        for table in _tables(frame, order):
            writer.write_table(table)
            yield sink.getvalue()
            sink.seek(0)
            sink.truncate()
    yield sink.getvalue()


def _tables(frame: Frame, order: Positions) -> Iterator[Any]:
    schema = _schema(frame)
    for start in range(0, max(len(order), 1), ROWS):
        some = order[start : start + ROWS]
        yield pyarrow.table([_array(frame, f, some) for f in schema], schema=schema)


def _schema(frame: Frame) -> Any:
    return pyarrow.schema([(name, _type(frame, name)) for name in frame.names])


def _type(frame: Frame, name: str) -> Any:
    column = frame.column(name)
    if column.dtype != object:
        return pyarrow.float64()
    kinds = {type(v) for v in column.tolist()} - {type(None)}
    return pyarrow.bool_() if kinds == {bool} else pyarrow.string()


def _array(frame: Frame, field: Any, some: Positions) -> Any:
    values = frame.column(field.name)[some]
    if not pyarrow.types.is_string(field.type):
        return pyarrow.array(values, type=field.type, from_pandas=True)
    return pyarrow.array([None if v is None else text(v) for v in values.tolist()])
