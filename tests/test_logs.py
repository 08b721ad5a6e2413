from __future__ import annotations

import logging
import sys
import warnings
from pathlib import Path

import pytest

from autodistill.logs import MOST_CAPTURED, captured, read_captured


def test_what_is_logged_and_printed_is_kept_beside_where_it_went(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "folder" / "0.log"
    assert read_captured(path) == ""
    for attempt in (1, 2):
        with captured(path):
            print(f"attempt {attempt}", end="\n\n")
            print("50 %\r100 %", file=sys.stderr)
            logging.getLogger("a.library").warning("beware")
    logging.getLogger("a.library").warning("afterwards")
    said = read_captured(path).splitlines()
    assert [line.split(" ", 2)[2] for line in said] == [
        line
        for attempt in (1, 2)
        for line in (
            f"INFO printed: attempt {attempt}",
            "INFO printed: 50 %",
            "INFO printed: 100 %",
            "WARNING a.library: beware",
        )
    ]
    assert capsys.readouterr().out == "attempt 1\n\nattempt 2\n\n"


def test_a_captured_log_is_bounded_and_keeps_its_end(tmp_path: Path) -> None:
    path = tmp_path / "0.log"
    with captured(path):
        for i in range(6000):
            print(f"line {i}")
    assert sum(p.stat().st_size for p in tmp_path.iterdir()) <= 2 * MOST_CAPTURED
    said = read_captured(path)
    assert 0.9 * MOST_CAPTURED < len(said) <= MOST_CAPTURED
    lines = said.splitlines()
    assert lines[-1].endswith("line 5999")
    assert len({len(line) for line in lines}) == 1  # none is cut


def test_a_log_that_cannot_be_written_does_not_end_a_trial(tmp_path: Path) -> None:
    path = tmp_path / "0.log"
    path.mkdir()
    with captured(path), warnings.catch_warnings():
        print("lost")
