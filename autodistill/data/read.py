"""Reading a file of the user's into a table of strings and numbers, as data and never as code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from autodistill.errors import InvalidDataset, Problem
from autodistill.lazy import pandas

SUFFIXES = (".csv", ".tsv", ".jsonl", ".parquet")


def read_table(path: Path) -> Any:
    """Return a pandas frame of a CSV, TSV, JSONL or Parquet file.

    Cells of CSV and TSV stay strings, so that "NA", "001" and "=1+1" are what they were.

    Raises:
        InvalidDataset: When the file is not what its suffix says.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise _refused(f'No reader for "{suffix}".', SUFFIXES)
    try:
        if suffix == ".parquet":
            frame = pandas.read_parquet(path)
        elif suffix == ".jsonl":
            frame = pandas.read_json(path, lines=True, dtype=False, convert_dates=False)
        else:
            frame = pandas.read_csv(
                path,
                sep="\t" if suffix == ".tsv" else ",",
                dtype=str,
                keep_default_na=False,
                encoding="utf-8-sig",
                on_bad_lines="error",
            )
    except UnicodeDecodeError as error:
        raise _refused(f"The file must be UTF-8: {error}. Save it as UTF-8.") from error
    except Exception as error:  # the parsers' own errors have no common base
        text = str(error).strip().splitlines() or [type(error).__name__]
        raise _refused(f"The file does not parse as {suffix[1:]}: {text[0]}") from error
    if frame.empty:
        raise _refused("The file has no rows; give at least one example for each split.")
    repeated = sorted({str(c) for c in frame.columns[frame.columns.duplicated()]})
    if repeated:
        raise _refused(f"Column {', '.join(repeated)} appears twice; rename one.")
    return frame


def _refused(message: str, known: tuple[str, ...] = ()) -> InvalidDataset:
    return InvalidDataset(Problem(field="file", message=message, known=known))
