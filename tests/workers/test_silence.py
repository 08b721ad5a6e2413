from __future__ import annotations

from workers.silence import Silence


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
