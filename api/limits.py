"""How often somebody may ask: a bucket of requests for each, that refills with time."""

from __future__ import annotations

import threading
import time

from autodistill.errors import TooManyRequests

BURST_S = 10.0
"""So many seconds' worth of requests may come at once."""
MAX_BUCKETS = 10_000


class Limits:
    """Token buckets by name, of this process; threads may share one."""

    def __init__(self, rate_per_s: float) -> None:
        self._rate, self._lock = rate_per_s, threading.Lock()
        self._full_at: dict[str, float] = {}
        """When the bucket of a name is full again; a name that is missing has a full one."""

    def take(self, name: str) -> None:
        """Use up one request.

        Raises:
            TooManyRequests: When the bucket is empty; it says when to come again.
        """
        if not self._rate:
            return
        now = time.monotonic()
        with self._lock:
            full_at = max(self._full_at.get(name, now), now) + 1 / self._rate
            if (wait := full_at - now - BURST_S) > 0:
                raise TooManyRequests(wait)
            self._full_at[name] = full_at
            if len(self._full_at) > MAX_BUCKETS:
                self._full_at = {k: t for k, t in self._full_at.items() if t > now}
