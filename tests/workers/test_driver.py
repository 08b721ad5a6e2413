from __future__ import annotations

import threading
import zipfile
from collections.abc import Callable
from typing import Any, NoReturn

import pytest

from autodistill.errors import Diverged, LeaseLost
from autodistill.record import (
    FailureClass,
    JobState,
    Origin,
    TrialState,
    Wish,
)
from autodistill.store import ArtifactFolder
from workers import inline
from workers.attempt import attempt as whole_attempt
from workers.conductor import Conductor
from workers.inline import run_inline
from workers.report import Report
from workers.settings import TEMPORARY_FAILURE

Garage = Callable[..., Any]
NEVER = {"sampler": "random", "early_stopping": False}
THREE = {"budget": {"num_trials": 3, "max_epochs": 3}, "search": NEVER}


def after(epochs: int, act: Callable[[], None]) -> Callable[[Conductor], None]:
    """Return an executor that does something once so many epochs have been reported."""

    def execute(conductor: Conductor) -> None:
        hear, seen = conductor.hear, 0

        def heard(report: Report) -> bool:
            nonlocal seen
            ended = hear(report)
            if report.measurements and not report.started:
                seen += 1
                if seen == epochs:
                    act()
            return ended

        conductor.hear = heard  # type: ignore[method-assign]  # a spy between two real parts
        run_inline(conductor)

    return execute


def test_a_job_runs_from_claim_to_export(garage: Garage) -> None:
    g = garage(**THREE, confirmation_seeds=2)
    job = g.drive()
    assert job.state is JobState.SUCCEEDED, job.message
    result = job.result
    assert result.best.test.seeds == result.plain.test.seeds == 2
    assert result.gain == pytest.approx(0.3)
    assert result.within_noise is False
    assert sum(t.origin is not Origin.CONFIRMATION for t in g.trials()) == 3
    states = [k for k in g.kinds() if k.startswith("job.")]
    ways = ("queued", "preparing", "searching", "finalising", "succeeded")
    assert states == [f"job.{way}" for way in ways]


def test_the_export_says_what_it_is(garage: Garage) -> None:
    g = garage(**THREE)
    artifacts = ArtifactFolder(g.root / "artifacts")
    with zipfile.ZipFile(artifacts.path(g.drive().result.artifact)) as archive:
        assert set(archive.namelist()) == {"model.safetensors", "README.md"}
        card = archive.read("README.md").decode()
    assert "student of the teacher tiny" in card
    assert "| plain fine-tuning of the same student | 0.5000 |" in card
    assert "Distillation gained 0.3000 over plain fine-tuning." in card
    assert "One seed cannot tell whether that is noise." in card


def test_what_a_job_wrote_on_the_way_is_gone_afterwards(garage: Garage) -> None:
    g = garage(**THREE)
    g.drive()
    assert not (g.root / "trials" / "job_1").exists()


def test_an_extended_job_goes_on_where_it_ended(garage: Garage) -> None:
    g = garage(**THREE, confirmation_seeds=1)
    first = g.drive()
    before = g.trials()
    with g.store.write() as tx:
        tx.renewals.extend("job_1", 5)
    second = g.drive()
    assert second.state is JobState.SUCCEEDED, second.message
    trials = g.trials()
    assert [t.number for t in trials] == list(range(len(trials)))
    assert trials[: len(before)] == before
    searched = [t for t in trials if t.origin is not Origin.CONFIRMATION]
    assert len(searched) == 5
    assert len({t.spec for t in trials}) == len(trials), "no confirmation is repeated"
    assert first.result.best.trial == second.result.best.trial
    assert first.result.exported == second.result.exported
    with zipfile.ZipFile(
        ArtifactFolder(g.root / "artifacts").path(second.result.artifact)
    ) as archive:
        assert archive.read("model.safetensors") == b"weights"


def test_the_failed_trials_of_a_failed_job_run_once_more(
    garage: Garage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def diverge(config: dict[str, Any], tell: Callable[[Report], None]) -> None:
        failure = FailureClass.DIVERGED
        tell(Report(number=config["number"], failure=failure, reason="diverged: nan"))

    g = garage(**THREE)
    with monkeypatch.context() as broken:
        broken.setattr(inline, "attempt", diverge)
        assert g.drive().state is JobState.FAILED
    with g.store.write() as tx:
        tx.renewals.retry("job_1")
    assert g.drive().state is JobState.SUCCEEDED
    assert {t.state for t in g.trials()} == {TrialState.COMPLETE}
    assert [t.num_attempts for t in g.trials()] == [1, 1, 1]


def test_one_seed_cannot_tell_noise(garage: Garage) -> None:
    result = garage(**THREE).drive().result
    assert result.within_noise is None
    assert result.best.test.sd is None


def test_a_pause_keeps_the_epochs_that_are_done(garage: Garage) -> None:
    g = garage(**THREE)
    paused = g.drive(after(4, lambda: g.wish(Wish.PAUSE)))
    assert paused.state is JobState.PAUSED
    assert [t.epochs_done for t in g.trials()] == [3, 1]
    g.wish(Wish.RUN)
    assert g.drive().state is JobState.SUCCEEDED
    assert [t.epochs_done for t in g.trials()] == [3, 3, 3]
    assert [t.num_attempts for t in g.trials()] == [1, 2, 1]
    assert g.kinds().count("measurement") == 9


def test_a_pause_that_is_taken_back_at_once_ends_nothing(garage: Garage) -> None:
    g = garage(**THREE)

    def change_of_mind(conductor: Conductor) -> None:
        g.wish(Wish.PAUSE)
        assert conductor.halted()
        g.wish(Wish.RUN)
        run_inline(conductor)

    assert g.drive(change_of_mind).state is JobState.QUEUED
    assert g.drive().state is JobState.SUCCEEDED


def test_cancel_ends_the_job_and_its_trials(garage: Garage) -> None:
    g = garage(**THREE)
    job = g.drive(after(1, lambda: g.wish(Wish.CANCEL)))
    assert job.state is JobState.CANCELLED
    assert [t.state for t in g.trials()] == [TrialState.CANCELLED]
    assert not (g.root / "trials" / "job_1").exists()


def test_a_drained_driver_leaves_the_job_to_the_next(garage: Garage) -> None:
    g = garage(**THREE)
    assert g.drive(after(2, g.draining.set)).state is JobState.QUEUED
    assert g.drive().state is JobState.SUCCEEDED
    assert g.kinds().count("measurement") == 9


def test_a_pause_during_preparation_is_heeded_there(
    garage: Garage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow_prepare(*_: Any, progress: Callable[[str, dict[str, Any]], None], **__: Any) -> None:
        g.wish(Wish.PAUSE)
        progress("teacher_epoch", {"epoch": 1})
        raise AssertionError("the preparation went on")

    g = garage(**THREE)
    monkeypatch.setattr("workers.claim.prepare", slow_prepare)
    assert g.drive().state is JobState.PAUSED


def test_a_preparation_that_hangs_ends_the_driver_and_the_next_one_begins_again(
    garage: Garage, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes, ended = list[int](), threading.Event()

    def leave(code: int) -> None:
        codes.append(code)
        ended.set()

    def hang(*_: Any, **__: Any) -> NoReturn:
        assert ended.wait(60), "nobody saw it"
        raise SystemExit

    monkeypatch.setattr("workers.silence.LOOK_S", 0.02)
    g = garage(**THREE)
    with monkeypatch.context() as broken:
        broken.setattr("workers.claim.prepare", hang)
        broken.setattr("workers.claim.os._exit", leave)
        with pytest.raises(SystemExit):
            g.driver(stall_s=0.1).drive(run_inline)
    assert codes == [TEMPORARY_FAILURE]
    with g.store.read() as tx:
        said = [e.data["message"] for e in tx.events.all("job_1") if e.kind == "log"]
    assert len(said) == 1
    assert "AUTODISTILL_STALL_S" in said[0]
    g.abandon()
    assert g.drive().state is JobState.SUCCEEDED


def test_a_driver_that_lost_its_lease_writes_nothing_more(garage: Garage) -> None:
    g = garage(**THREE)
    former = g.driver()
    with g.store.write() as tx:
        tx.leases.release("job_1", g.job.owner_epoch)
    g.driver()
    before = g.kinds()
    with pytest.raises(LeaseLost):
        former.drive(run_inline)
    assert g.kinds() == before


def test_a_teacher_that_cannot_be_used_fails_the_job_with_the_reason(
    garage: Garage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def diverging(*_: Any, **__: Any) -> None:
        raise Diverged("The teacher's loss is no longer finite; lower its learning rate.")

    g = garage(**THREE)
    monkeypatch.setattr("workers.claim.prepare", diverging)
    job = g.drive()
    assert job.state is JobState.FAILED
    assert job.message == "The teacher's loss is no longer finite; lower its learning rate."


def test_a_trial_that_breaks_down_is_tried_again_and_the_job_succeeds(
    garage: Garage, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken: list[int] = []
    real = whole_attempt

    def attempt(config: dict[str, Any], tell: Callable[[Report], None]) -> None:
        if config["number"] == 1 and len(broken) < 2:
            broken.append(1)
            raise OSError("no space left on device")
        real(config, tell)

    monkeypatch.setattr(inline, "attempt", attempt)
    g = garage(**THREE)
    assert g.drive().state is JobState.SUCCEEDED
    assert g.kinds().count("trial.requeued") == 2


def test_a_job_whose_trials_all_diverge_fails_with_the_reason(
    garage: Garage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def attempt(config: dict[str, Any], tell: Callable[[Report], None]) -> None:
        reason = "diverged: the loss is no longer finite"
        failure = FailureClass.DIVERGED
        tell(Report(number=config["number"], failure=failure, reason=reason))

    monkeypatch.setattr(inline, "attempt", attempt)
    job = garage(**THREE).drive()
    assert job.state is JobState.FAILED
    assert job.message.startswith("No trial that distils ran to its end;")
    assert job.message.endswith("The last failure: diverged: the loss is no longer finite")


def test_an_executor_that_gives_up_is_a_crash_and_no_result(garage: Garage) -> None:
    with pytest.raises(RuntimeError, match="ended before the trials"):
        garage(**THREE).drive(lambda _: None)
