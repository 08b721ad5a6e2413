from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from autodistill.models.folders import ABANDONED_S, folder, key


def test_a_folder_is_made_once(tmp_path: Path) -> None:
    made = []

    def make(to: Path) -> None:
        made.append(to)
        (to / "content").write_text("all of it")

    for _ in range(2):
        assert folder(tmp_path / "thing", make) == tmp_path / "thing"
    assert len(made) == 1
    assert (tmp_path / "thing" / "content").read_text() == "all of it"


def test_what_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    def make(to: Path) -> None:
        (to / "content").write_text("half")
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        folder(tmp_path / "thing", make)
    assert list(tmp_path.iterdir()) == []


def test_the_first_to_finish_wins(tmp_path: Path) -> None:
    def second(to: Path) -> None:
        (to / "content").write_text("second")

    def first(to: Path) -> None:
        (to / "content").write_text("first")
        folder(tmp_path / "thing", second)

    folder(tmp_path / "thing", first)
    assert (tmp_path / "thing" / "content").read_text() == "second"
    assert [p.name for p in tmp_path.iterdir()] == ["thing"]


def test_old_remains_of_the_killed_are_swept_away_and_young_ones_left(tmp_path: Path) -> None:
    for name, age in (("thing.old", 2 * ABANDONED_S), ("thing.young", 60.0)):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (time.time() - age, time.time() - age))
    folder(tmp_path / "thing", lambda to: (to / "content").touch())
    assert sorted(p.name for p in tmp_path.iterdir()) == ["thing", "thing.young"]


def test_a_folder_without_its_mark_is_not_taken_for_done(tmp_path: Path) -> None:
    (tmp_path / "thing").mkdir()
    (tmp_path / "thing" / "content").write_text("of unknown origin")
    with pytest.raises(OSError, match="not empty"):
        folder(tmp_path / "thing", lambda to: (to / "content").touch())


def test_keys_differ_by_content_only() -> None:
    assert key("tokens", {"a": 1, "b": [2]}) == key("tokens", {"b": [2], "a": 1})
    assert key("tokens", 1) != key("tokens", 2)
    assert key("tokens", 1).startswith("tokens-")
