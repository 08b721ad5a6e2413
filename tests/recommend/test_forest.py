from __future__ import annotations

import numpy as np
import pytest

from autodistill.history.scales import closed
from autodistill.recommend.forest import TREES, Forest, Lesson, share, worth


def lesson(group: str, feature: float, *, seed: int = 0, weight: float = 1.0) -> Lesson:
    """A task whose best setting lies at its feature; the second column says nothing."""
    rows = np.random.default_rng(seed).uniform(size=(60, 3))
    rows[:, 2] = 7.0
    scores = -np.abs(rows[:, 0] - feature)
    gains = scores - np.median(scores)
    return Lesson(rows, closed(gains, gains.max()), np.array([feature]), group, weight)


ASKED = np.array([[0.1, 0.5, 7.0], [0.5, 0.5, 7.0], [0.9, 0.5, 7.0]])


def test_it_foretells_of_a_new_task_what_tasks_like_it_taught() -> None:
    features = (0.1, 0.15, 0.2, 0.8, 0.85, 0.9)
    forest = Forest([lesson(f"g{i}", f, seed=i) for i, f in enumerate(features)])
    low, high = (share(forest.tell(ASKED, np.array([f]))) for f in (0.12, 0.88))
    assert low.argmax() == 0
    assert high.argmax() == 2
    assert np.abs(low).max() <= 1


def test_of_a_single_task_every_tree_tells_and_of_its_group_none_is_silent_about_others() -> None:
    alone = Forest([lesson("a", 0.5)])
    assert alone.tell(ASKED, np.array([0.5])).shape == (TREES, 3, 2)
    two = Forest([lesson("a", 0.1), lesson("b", 0.9, seed=1)])
    without_a = two.tell(ASKED, np.array([0.1]), "a")
    assert 0 < len(without_a) < TREES
    assert share(without_a).argmax() == 2  # b alone speaks, wherever it is asked


@pytest.mark.parametrize("group", ["a", "b", "c", "d"])
def test_trees_that_have_not_seen_a_group_do_not_depend_on_it(group: str) -> None:
    """Out-of-bag: whatever the group had taught, they would say the same."""
    lessons = [lesson(name, 0.2 * i, seed=i) for i, name in enumerate("abcd")]
    other = [
        Lesson(x.rows, x.closed[::-1].copy() if x.group == group else x.closed, x.features, x.group)
        for x in lessons
    ]
    first, second = (Forest(x).tell(ASKED, np.array([0.3]), group) for x in (lessons, other))
    assert 0 < len(first) < TREES
    np.testing.assert_array_equal(first, second)
    whole = [Forest(x).tell(ASKED, np.array([0.3])) for x in (lessons, other)]
    assert (whole[0] != whole[1]).any()


def test_tasks_whose_pipelines_are_all_alike_tell_the_mean() -> None:
    rows, closed_ = np.full((4, 3), 7.0), np.array([1.0, 0.5, -0.5, -1.0])
    forest = Forest([Lesson(rows, closed_, np.zeros(1), group) for group in "ab"])
    assert share(forest.tell(rows[:1], np.zeros(1))) == pytest.approx([0.0])


def test_a_heavier_task_is_believed() -> None:
    def best(weight: float) -> int:
        pair = [lesson("a", 0.1, weight=weight), lesson("b", 0.9, seed=1)]
        same = [Lesson(x.rows, x.closed, np.zeros(1), "g" + x.group, x.weight) for x in pair]
        crowd = [
            Lesson(x.rows, x.closed, x.features, f"{x.group}{i}", x.weight)
            for i in range(3)
            for x in same
        ]
        return int(share(Forest(crowd).tell(ASKED, np.zeros(1))).argmax())

    assert (best(20.0), best(0.05)) == (0, 2)


def test_pipelines_are_chosen_by_the_mean_of_share_and_standing() -> None:
    told = np.array([[[0.5, 0.1], [0.2, 0.6]], [[0.7, 0.3], [0.0, 0.0]]])
    np.testing.assert_allclose(worth(told), [[0.3, 0.4], [0.5, 0.0]])
    np.testing.assert_allclose(share(told), [0.6, 0.1])
