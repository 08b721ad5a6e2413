from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from autodistill.models.folders import ABANDONED_S, REST_S, evict, folder, key


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


KIB = 1024


@pytest.fixture
def shelf(tmp_path: Path) -> Callable[[str, float], Path]:
    """Return a way to make a folder of 8 KiB that was last asked for so long ago."""

    def put(name: str, idle_s: float) -> Path:
        made = folder(tmp_path / name, lambda to: (to / "x").write_bytes(b"1" * 8 * KIB))
        os.utime(made / "done", (time.time() - idle_s, time.time() - idle_s))
        return made

    return put


def test_beyond_the_limit_the_longest_unused_go(
    shelf: Callable[[str, float], Path], tmp_path: Path
) -> None:
    for name, days in (("teacher-a", 4), ("outputs-b", 5), ("tokens-c", 2), ("student-d", 3)):
        shelf(name, days * ABANDONED_S)
    assert evict(tmp_path, 16 * KIB, ()) == ["outputs-b", "teacher-a"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["student-d", "tokens-c"]
    assert evict(tmp_path, 16 * KIB, ()) == []


def test_what_may_still_be_opened_stays_whatever_the_limit(
    shelf: Callable[[str, float], Path], tmp_path: Path
) -> None:
    shelf("teacher-needed", 9 * ABANDONED_S)
    shelf("teacher-young", ABANDONED_S / 2)
    shelf("states-young", REST_S / 2)
    shelf("states-idle", 2 * REST_S)
    assert evict(tmp_path, 0, ["teacher-needed"]) == ["states-idle"]


def test_asking_for_a_folder_keeps_it(shelf: Callable[[str, float], Path], tmp_path: Path) -> None:
    shelf("outputs-a", 3 * ABANDONED_S)
    shelf("outputs-b", 2 * ABANDONED_S)
    folder(tmp_path / "outputs-a", lambda _: None)
    assert evict(tmp_path, 8 * KIB, ()) == ["outputs-b"]


def test_an_open_file_outlives_its_folder(
    shelf: Callable[[str, float], Path], tmp_path: Path
) -> None:
    made = shelf("states-a", 2 * REST_S)
    mapped = np.memmap(made / "x", mode="r")
    assert evict(tmp_path, 0, ()) == ["states-a"]
    assert bytes(mapped[:3]) == b"111"
