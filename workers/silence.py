"""When an attempt that says nothing is taken for one that hangs."""

from __future__ import annotations

import time
from collections.abc import Callable

TIMES_LONGEST = 10.0


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
