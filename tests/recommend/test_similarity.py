from __future__ import annotations

from autodistill.history import PastTask
from autodistill.recommend.similarity import UNITS, similarities
from autodistill.task import Task, TaskFacts
from autodistill.testing.records import dataset_of, facts_of, past_of

HOME = {"log_train": 8.0, "mean_words": 40.0, "linear_gain": 0.2, "label_entropy": 1.0}


def past(name: str, /, *given: TaskFacts, **moved: float) -> PastTask:
    (facts,) = given or (facts_of(),)
    return past_of(dataset_of(name, facts, HOME | moved), facts, [])


def similar(*history: PastTask) -> list[float]:
    facts = facts_of()
    return [float(s) for s in similarities(dataset_of("new", facts, HOME), facts, history)]


def test_a_task_is_like_itself_and_less_like_what_is_farther_away() -> None:
    same, near, far = similar(past("a"), past("b", log_train=9.0), past("c", log_train=12.0))
    assert same == 1.0
    assert 1.0 > near > far > 0.0


def test_the_same_dataset_with_another_student_is_still_similar() -> None:
    other, stranger = similar(past("a", facts_of(layers=4)), past("b", **dict.fromkeys(HOME, 99.0)))
    assert other > 0.7
    assert stranger < other


def test_classes_and_values_have_nothing_to_say_to_each_other() -> None:
    pair, value = similar(
        past("a", facts_of(Task.TEXT_PAIR_CLASSIFICATION)),
        past("b", facts_of(Task.TEXT_REGRESSION)),
    )
    assert pair > 0.9
    assert value == 0.0


def test_one_past_task_is_enough_to_see_that_it_is_far_away() -> None:
    assert similar(past("a", **dict.fromkeys(HOME, 1e6)))[0] < 0.1
    assert similar(past("a")) == [1.0]


def test_no_single_feature_makes_a_task_a_stranger() -> None:
    (one_wild,) = similar(past("a", mean_words=1e9))
    assert one_wild > 0.3


def test_what_one_side_lacks_counts_as_a_usual_difference() -> None:
    facts = facts_of()
    bare = past_of(dataset_of("bare", facts, {}), facts, [])
    full, lacking = similar(past("a"), bare)
    assert full > lacking > 0.3


def test_features_without_a_unit_are_not_compared() -> None:
    assert "of_tomorrow" not in UNITS
    assert similar(past("a", of_tomorrow=1e9)) == [1.0]


def test_no_history_is_no_similarity() -> None:
    assert similar() == []
