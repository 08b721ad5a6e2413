"""The recommender tried on its past, once for each past."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

from anyio import CapacityLimiter, to_thread
from fastapi import Depends, Request

from autodistill.history import PastTask
from autodistill.store import Store

T = TypeVar("T")


class Evaluating:
    """Makes one evaluation at a time, and remembers the last of each kind.

    It takes seconds. Whoever waits for a turn holds no thread, of which other requests have need.
    """

    def __init__(self) -> None:
        self._turn = CapacityLimiter(1)
        self._known: dict[str, tuple[list[PastTask], Any]] = {}

    async def made(self, store: Store, make: Callable[[Sequence[PastTask]], T]) -> T:
        """Return what `make` says of all that is known of the past."""
        return await to_thread.run_sync(self._once, store, make, limiter=self._turn)

    def _once(self, store: Store, make: Callable[[Sequence[PastTask]], T]) -> T:
        with store.read() as tx:
            history = tx.history.tasks()
        known = self._known.get(make.__name__)
        if known is None or known[0] != history:
            known = self._known[make.__name__] = history, make(history)
        found: T = known[1]
        return found


def _evaluating(request: Request) -> Evaluating:
    found: Evaluating = request.app.state.evaluating
    return found


EvaluatingDep = Annotated[Evaluating, Depends(_evaluating)]
