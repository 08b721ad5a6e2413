from __future__ import annotations

import json

import pytest

from autodistill.history import PastTask
from autodistill.losses.reverse_kl import ReverseKL
from autodistill.losses.softened_kl import SoftenedKL
from autodistill.recommend.surrogate import experience
from autodistill.spec import PipelineSpec
from autodistill.targets.label_smoothing import LabelSmoothing
from autodistill.testing.records import dataset_of, facts_of, past_of, trial_of
from benchmarks.exchanges import exchanges, main

PIPELINES = [
    PipelineSpec(),
    PipelineSpec(targets=LabelSmoothing()),
    PipelineSpec(loss=SoftenedKL(weight=0.5)),
    PipelineSpec(loss=ReverseKL(weight=0.5)),
    PipelineSpec(loss=ReverseKL(weight=0.5), targets=LabelSmoothing()),
]


def task(name: str, scores: list[float]) -> PastTask:
    facts = facts_of()
    trials = [
        trial_of(n, pipeline, dev={"accuracy": score})
        for n, (pipeline, score) in enumerate(zip(PIPELINES * 2, scores * 2, strict=True))
    ]
    dataset = dataset_of(name, facts, {"log_train": 6.0})
    sized = dataset.model_copy(update={"num_examples": {"train": 400, "dev": 400}})
    return past_of(sized, facts, trials)


def test_an_exchange_is_of_one_component_and_counts_in_noise() -> None:
    known = experience(task("a", [0.5, 0.5, 0.6, 0.8, 0.8]))
    assert known is not None
    found = {(before, after): (slot, gain) for slot, before, after, gain in exchanges(known)}
    assert len(found) == 6  # the other four pairs differ in two components
    slot, gain = next(told for ends, told in found.items() if set(ends) == {*PIPELINES[2:4]})
    assert slot == "loss"
    assert abs(gain) == pytest.approx(0.2 / ((0.6 * 0.4 + 0.8 * 0.2) / 400) ** 0.5)


def test_tasks_that_agree_foretell_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    alike = [0.50, 0.51, 0.60, 0.80, 0.81]
    assert main([task(name, alike) for name in "abc"]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (told["groups"], told["agreement"]) == (3, 1.0)
    assert main([task("a", alike), task("b", [1.3 - score for score in alike])]) == 1
