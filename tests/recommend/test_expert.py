from __future__ import annotations

from itertools import product

import pytest

from autodistill.intermediate.mi_alpha import MIAlpha
from autodistill.recommend.expert import SMALL, portfolio
from autodistill.selections._coupling import kd_weight
from autodistill.task import Task
from autodistill.testing.records import facts_of


@pytest.mark.parametrize(
    ("task", "layers", "train"), list(product(Task, (1, 2, 6, 12), (8, 9_999, 1_000_000)))
)
def test_the_list_is_valid_distinct_and_distils(task: Task, layers: int, train: int) -> None:
    facts = facts_of(task, layers, train)
    pipelines = [pipeline for pipeline, _ in portfolio(facts)]
    base = 4 if task.tags_words or (task.reads_images and train < SMALL) else 5
    assert len(pipelines) == len(set(pipelines)) == base + (2 if train >= 2_000 else 0)
    for pipeline in pipelines:
        assert pipeline.problems(facts) == []
        assert pipeline.distils


def test_mixing_comes_first_on_small_sets_only() -> None:
    kinds = {
        train: [p.augmentation.kind for p, _ in portfolio(facts_of(train=train))]
        for train in (500, 50_000)
    }
    assert kinds[500][:2] == ["mixup", "random_edits"]
    assert kinds[50_000][:2] == ["none", "mixup"]


def test_the_first_choice_informs_hidden_states() -> None:
    for task in Task:
        assert isinstance(portfolio(facts_of(task))[0][0].intermediate, MIAlpha)


def test_a_shallow_student_is_trained_with_larger_steps() -> None:
    rates = [portfolio(facts_of(layers=n))[0][0].training.learning_rate for n in (2, 4)]
    assert rates == [3e-4, 1e-4]


@pytest.mark.parametrize("task", list(Task))
def test_the_less_is_kept_the_more_weight_the_teacher_has(task: Task) -> None:
    pruned = [p for p, _ in portfolio(facts_of(task, train=2_000)) if p.selection.kind == "random"]
    shares = [p.selection.model_dump()["keep_fraction"] for p in pruned]
    assert shares == [0.5, 0.25]
    assert [p.loss.kd_weight for p in pruned] == [kd_weight(share) for share in shares]
    assert pruned[0].loss.kd_weight < pruned[1].loss.kd_weight
