"""Threads that work beside the requests, for as long as the API is up."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod


class Background(ABC):
    """One thread; its work looks at `_stopping` between two pieces.

    Args:
        name: Of the thread.
        patience_s: Seconds that a stop waits for the piece in hand; None is as long as it takes.
    """

    def __init__(self, name: str, patience_s: float | None = None) -> None:
        self._stopping, self._patience_s = threading.Event(), patience_s
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def stop(self) -> None:
        """End after the piece in hand."""
        self._stopping.set()
        self._thread.join(self._patience_s)

    @abstractmethod
    def _work(self) -> None:
        """What the thread does."""
