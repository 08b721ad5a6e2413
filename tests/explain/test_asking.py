from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from autodistill.errors import InvalidInput
from autodistill.explain.asking import cells, following, matching, ordered


def test_conditions_hold_together(framed: Any) -> None:
    frame = framed([0.1, 0.5, None, 0.9])
    assert matching(frame, []).tolist() == [0, 1, 2, 3]
    assert matching(frame, ["score>=0.5"]).tolist() == [1, 3]
    assert matching(frame, ["score>=0.2", "score<=0.5"]).tolist() == [1]
    assert matching(frame, ["number=1|3", "loss=softened_kl"]).tolist() == [1, 3]
    assert matching(frame, ["distils=false"]).tolist() == []
    assert matching(frame, ["score="]).tolist() == [2]


@pytest.mark.parametrize("condition", ["score", "score>=high", "loss>=1"])
def test_what_is_no_condition_is_refused(framed: Any, condition: str) -> None:
    with pytest.raises(InvalidInput, match="is no condition"):
        matching(framed([0.1]), [condition])


def test_what_a_column_lacks_comes_last_either_way(framed: Any) -> None:
    frame = framed([0.5, None, 0.9, 0.5])
    every = np.arange(4)
    assert ordered(frame, every, "score", descending=False).tolist() == [0, 3, 2, 1]
    assert ordered(frame, every, "score", descending=True).tolist() == [2, 0, 3, 1]
    assert ordered(frame, every, "loss", descending=True).tolist() == [0, 1, 2, 3]


def test_pages_follow_each_other_without_gap(framed: Any) -> None:
    frame = framed([math.sin(i) for i in range(10)])
    order = ordered(frame, np.arange(10), "score", descending=True)
    pages, after = [], None
    while len(page := following(frame, order, after, 3)):
        pages += page.tolist()
        after = int(frame.column("number")[page[-1]])
    assert pages == order.tolist()
    with pytest.raises(InvalidInput, match="Trial 99 is not among these"):
        following(frame, order, 99, 3)


def test_cells_are_json() -> None:
    assert cells(np.array([1.0, 0.5, math.nan, math.inf])) == [1, 0.5, None, None]
    assert cells(np.array(["a", None, True], dtype=object)) == ["a", None, True]
