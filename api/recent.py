"""What is kept in memory of the jobs that were asked for last."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Recent(Generic[T]):
    """One thing per job, made when it is first asked for; the job asked for last keeps its own.

    Args:
        make: Makes an empty one.
        size: How much room one takes.
        most: Room for all together.
    """

    def __init__(self, make: Callable[[], T], size: Callable[[T], int], most: int) -> None:
        self._make, self._size, self._most = make, size, most
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, T] = OrderedDict()

    def of(self, job_id: str) -> T:
        """Return what is kept of a job."""
        with self._lock:
            kept = self._kept.setdefault(job_id, self._make())
            self._kept.move_to_end(job_id)
            while len(self._kept) > 1 and sum(map(self._size, self._kept.values())) > self._most:
                self._kept.popitem(last=False)
            return kept
