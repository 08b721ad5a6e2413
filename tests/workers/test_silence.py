from __future__ import annotations

import threading
import time

import pytest

from workers.silence import Silence, watched


class Watched(Silence):
    def __init__(self, least_s: float) -> None:
        self.now = 0.0
        super().__init__(least_s, clock=lambda: self.now)


def test_an_attempt_hangs_when_it_says_nothing_from_its_start_on() -> None:
    silence = Watched(60)
    silence.now = 1000
    assert not silence.too_long("a")
    silence.now += 60
    assert not silence.too_long("a")
    silence.now += 1
    assert silence.too_long("a")
    assert not silence.too_long("b")


def test_what_was_said_begins_the_silence_anew() -> None:
    silence = Watched(60)
    assert not silence.too_long("a")
    silence.now = 50
    silence.broken("a")
    silence.now = 105
    assert not silence.too_long("a")


def test_long_epochs_are_no_fault() -> None:
    silence = Watched(60)
    silence.broken("a")
    silence.now = 100
    silence.broken("a")
    silence.now = 1100
    assert not silence.too_long("a")
    silence.now = 1101
    assert silence.too_long("a")


@pytest.fixture
def hung(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """What is set when somebody was told that work hangs."""
    monkeypatch.setattr("workers.silence.LOOK_S", 0.02)
    return threading.Event()


def test_work_that_stands_still_hangs(hung: threading.Event) -> None:
    told: list[float] = []

    def hear(still_s: float) -> None:
        told.append(still_s)
        hung.set()

    with watched(0.1, hear):
        assert hung.wait(60)
    assert told[0] >= 0.1


def test_work_that_says_nothing_is_no_fault(hung: threading.Event) -> None:
    hours = 0.0

    def clock() -> float:
        """Tell the time, in which hours pass between two looks."""
        nonlocal hours
        hours += 1.0
        return 3600.0 * hours

    with watched(60.0, lambda _: hung.set(), clock):
        until = time.thread_time() + 0.5
        while time.thread_time() < until:
            assert not hung.is_set()


def test_nobody_watches_what_is_over(hung: threading.Event) -> None:
    with watched(0.05, lambda _: hung.set()):
        pass
    assert not hung.wait(0.3)
