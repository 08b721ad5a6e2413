from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from autodistill.explain import words
from autodistill.explain.facts import Facts
from autodistill.explain.saving import cost
from autodistill.explain.story import brief, story
from autodistill.intermediate.mse import MSE
from autodistill.record import Contender, Job, JobResult, JobState, Score, TrialState, Wish
from autodistill.spec import Limit, PipelineSpec, plain_fine_tuning
from autodistill.testing.store_contract.samples import a_spec

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def contender(trial: int, mean: float, sd: float | None) -> Contender:
    score = Score(mean=mean, sd=sd, seeds=1 if sd is None else 3)
    return Contender(trial=trial, student="cut-2", pipeline=PipelineSpec(), dev=score, test=score)


def result(gain: float, *, tie: bool | None) -> JobResult:
    sd = None if tie is None else 0.004
    return JobResult(
        metric="accuracy",
        teacher={"test/accuracy": 0.9, "num_parameters": 20e6, "latency_ms": 6.0},
        plain=contender(0, 0.85, sd),
        best=contender(3, 0.85 + gain, sd),
        gain=gain,
        within_noise=tie,
        student={"num_parameters": 10e6, "latency_ms": 2.0},
        artifact="0" * 64,
    )


def told(framed: Any, state: JobState, message: str = "", **changes: Any) -> dict[str, Any]:
    job = Job(
        id="job_1",
        spec=a_spec().model_copy(update={"limits": changes.pop("limits", ())}),
        state=state,
        wish=Wish.RUN,
        version=1,
        message=message,
        created_at=NOW,
        started_at=NOW,
        finished_at=None,
        owner=None,
        owner_epoch=1,
        lease_until=None,
        slots=0,
        round_start=0,
        result=changes.pop("result", None),
    )
    counts = dict.fromkeys(TrialState, 0) | {TrialState.COMPLETE: 10}
    facts = Facts(
        job=job,
        counts=changes.pop("counts", counts),
        best=None,
        plain=0.85,
        teacher={},
        metric="accuracy",
        cost=cost(framed([0.5] * 10)),
        num_scored=changes.pop("num_scored", 0),
        importance=changes.pop("importance", {}),
        path=[],
        best_at=None,
        elapsed_s=60.0,
        names={"md_1": "minilm"},
    )
    return {answer.question: answer for answer in story(facts)}


def test_a_certain_gain_is_said_so_with_its_cost_and_the_student_offered(framed: Any) -> None:
    said = told(framed, JobState.SUCCEEDED, result=result(0.036, tie=False))
    best, cost_, then = said["What is best?"], said["What did it cost?"], said["What next?"]
    assert best.headline == "88.60 ± 0.40 % accuracy"
    assert "+3.60 points over plain fine-tuning, beyond the noise of seeds (95 %)." in best.details
    assert best.mood == "good"
    assert "10.0 M parameters and takes 2 ms: 2.0× smaller and 3.0× faster" in " ".join(
        cost_.details
    )
    assert then.headline == "Download the student"


@pytest.mark.parametrize(("tie", "word"), [(True, "A tie"), (None, "one seed cannot tell")])
def test_a_gain_that_is_not_certain_is_no_success(framed: Any, tie: Any, word: str) -> None:
    said = told(framed, JobState.SUCCEEDED, result=result(0.001, tie=tie))
    assert word in " ".join(said["What is best?"].details)
    assert said["What is best?"].mood == "warn"
    assert said["What next?"].headline == "Plain fine-tuning may do"


def test_a_winner_beyond_the_limits_is_no_success_and_says_by_how_much(framed: Any) -> None:
    limits = (Limit(metric="latency_ms", bound=1.5), Limit(metric="accuracy", bound=0.8))
    found = result(0.036, tie=False).model_copy(update={"broken": ("latency_ms",)})
    said = told(framed, JobState.SUCCEEDED, result=found, limits=limits)
    best = said["What is best?"]
    assert best.mood == "warn"
    assert (
        "The exported student breaks what was asked: latency at most 1.5 ms, not 2 ms."
        in best.details
    )
    assert said["What next?"].headline == "Loosen a limit, or search on"
    waiting = told(framed, JobState.SEARCHING, limits=limits)["What is best?"]
    assert "keeps all limits" in waiting.details[0]


def test_margins_are_told_where_they_were_probed(framed: Any) -> None:
    found = result(0.036, tie=False)
    said = told(framed, JobState.SUCCEEDED, result=found)["What is best?"]
    assert "margins" not in " ".join(said.details)
    probed = found.model_copy(update={"klom": 0.25})
    said = told(framed, JobState.SUCCEEDED, result=probed)["What is best?"]
    assert said.details[-1] == "Over its seeds its margins are 0.250 nats from the teacher's."


def test_a_failed_job_says_what_to_do(framed: Any) -> None:
    said = told(framed, JobState.FAILED, "Lower the learning rate.")
    assert said["Is it healthy?"].mood == "bad"
    assert said["What next?"].headline == "Clone it and change what is wrong"
    assert said["What next?"].details == ("Lower the learning rate.",)


def test_many_failures_are_no_health(framed: Any) -> None:
    counts = dict.fromkeys(TrialState, 0) | {TrialState.COMPLETE: 5, TrialState.FAILED: 5}
    said = told(framed, JobState.SEARCHING, counts=counts)["Is it healthy?"]
    assert (said.mood, said.headline) == ("warn", "5 of 10 trials failed")


def test_a_running_job_says_how_long_it_takes_yet(framed: Any) -> None:
    said = told(framed, JobState.SEARCHING)["Is it healthy?"]
    assert said.details == (
        "10 of 20 trials done, 0 running, 0 failed.",
        "About 60 s left at this pace.",
    )


def test_why_names_the_slots_that_matter(framed: Any) -> None:
    shares = {"loss": 0.3, "loss.temperature": 0.3, "training.learning_rate": 0.4}
    said = told(framed, JobState.SEARCHING, importance=shares)["Why?"]
    assert said.headline == "Loss matters most"
    assert "loss (60 %) and training (40 %)" in said.details[0]
    assert told(framed, JobState.SEARCHING)["Why?"].headline == "Too early to say"
    tied = told(framed, JobState.SEARCHING, num_scored=9)["Why?"]
    assert (tied.headline, *tied.details) == (
        "Nothing made a difference",
        "9 scored trials cannot be told apart.",
    )


def test_a_registered_student_is_told_by_its_name(framed: Any) -> None:
    found = result(0.036, tie=False)
    best = found.best.model_copy(update={"student": "md_1"})
    said = told(framed, JobState.SUCCEEDED, result=found.model_copy(update={"best": best}))
    assert ", student minilm, trial 3;" in said["What is best?"].details[0]


def test_pipelines_are_named_by_what_they_add_to_plain_fine_tuning() -> None:
    assert brief(PipelineSpec()) == "Softened KL"
    assert brief(PipelineSpec(intermediate=MSE())) == "Softened KL and Hidden-state MSE"
    assert brief(plain_fine_tuning(PipelineSpec().training)) == "plain fine-tuning"


def test_numbers_carry_their_unit() -> None:
    assert words.metric("accuracy", 0.8612) == "86.12 %"
    assert words.metric("a_new_one", 0.5) == "0.5"
    assert words.metric("nll", 0.43219) == "0.432 nats"
    assert words.metric("num_parameters", 17_389_824) == "17.4 M parameters"
    assert words.metric("accuracy", float("nan")) == "–"
    assert words.difference("accuracy", -0.01) == "−1.00 points"
    assert words.difference("latency_ms", 2.5) == "+2.5 ms"
    assert [words.duration(s) for s in (5, 80, 600, 7300, 400_000)] == [
        "5.0 s",
        "80 s",
        "10 min",
        "2 h 2 min",
        "5 days",
    ]


@pytest.mark.parametrize(
    ("metric", "gain", "said"),
    [
        ("accuracy", 0.004, "+0.40 points over plain fine-tuning"),
        ("accuracy", -0.004, "−0.40 points over plain fine-tuning"),
        ("latency_ms", 0.18, "0.18 ms less than plain fine-tuning"),
        ("nll", -0.1, "0.1 nats more than plain fine-tuning"),
    ],
)
def test_a_lead_says_which_way_is_better(metric: str, gain: float, said: str) -> None:
    assert words.lead(metric, gain, "plain fine-tuning") == said
