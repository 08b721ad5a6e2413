"""When an attempt that says nothing, or work that does nothing, is taken for one that hangs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

TIMES_LONGEST = 10.0
LOOK_S, LEAST_WORK = 1.0, 0.01
"""Between looks at a thread that works, and the part of a core that it then takes at least."""


class Silence:
    """Knows how long attempts have said nothing.

    Too long is longer than `least_s`, and than ten times the longest silence that was broken: long
    epochs are no fault.

    Args:
        least_s: Seconds that are never too long.
        clock: Seconds, as they pass here.
    """

    def __init__(self, least_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._least_s, self._clock = least_s, clock
        self._since: dict[str, float] = {}
        self._longest = 0.0

    def broken(self, attempt: str) -> None:
        """Take note that an attempt has said something."""
        now = self._clock()
        self._longest = max(self._longest, now - self._since.get(attempt, now))
        self._since[attempt] = now

    def too_long(self, attempt: str) -> bool:
        """Whether an attempt hangs; it is to be asked from its start on."""
        return self._clock() - self._since.setdefault(attempt, self._clock()) > self.limit_s

    @property
    def limit_s(self) -> float:
        """Seconds after which a silence is too long."""
        return max(self._least_s, TIMES_LONGEST * self._longest)


@contextmanager
def watched(
    least_s: float,
    hangs: Callable[[float], object],
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[None]:
    """Watch what the thread that calls does inside.

    Processor time is the sign of life: steps of hours say nothing, but do something.

    Args:
        least_s: Seconds that are never too long.
        hangs: Called from another thread, once, where the work stands still for too long; told how
            many seconds that is.
        clock: Seconds, as they pass here.
    """
    worked = time.pthread_getcpuclockid(threading.get_ident())
    silence, over = Silence(least_s, clock), threading.Event()

    def look() -> None:
        before = time.clock_gettime(worked)
        while not over.wait(LOOK_S):
            now = time.clock_gettime(worked)
            if now - before >= LEAST_WORK * LOOK_S:
                silence.broken("work")
            elif silence.too_long("work"):
                hangs(silence.limit_s)
                return
            before = now

    threading.Thread(target=look, daemon=True).start()
    try:
        yield
    finally:
        over.set()
