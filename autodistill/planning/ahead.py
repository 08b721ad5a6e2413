"""The search's next proposal, made while the slots are busy."""

from __future__ import annotations

from collections.abc import Sequence, Set
from concurrent.futures import Future, ThreadPoolExecutor

from autodistill.record import Trial
from autodistill.search import Proposal, Searcher

SHORT_S = 20.0
"""A suggestion takes up to 0.2 s of a core: beside trials of this length 1 %."""


class Ahead:
    """Asks the searcher for each trial as soon as the one before it runs.

    The searcher is told what had ended when the trial before was planned; what has ended since
    still runs, for all that it knows. So a proposal can be made before there is a slot, and is the
    same whether it was, and whether or not another driver has taken over in between. The search is
    about one result behind, as with one slot more. Where trials take so long that the time of a
    suggestion is nothing beside them, a slot waits for one that rests on all results.

    Only the proposal is made ahead: whether one is wanted is decided when there is a slot.

    Args:
        searcher: Of the job; nobody else may ask it.
        slots: Trials of the job at once, at most.
    """

    def __init__(self, searcher: Searcher, slots: int) -> None:
        self._searcher, self._short_s = searcher, SHORT_S * slots
        self._thread = ThreadPoolExecutor(1, "ahead")
        self._had_ended: Set[int] | None = None
        """Numbers of the trials that had ended when the last one was planned."""
        self._asked: tuple[int, Future[Proposal | None]] | None = None

    def begin(self, searched: Sequence[Trial]) -> None:
        """Start to ask for the next trial of the search, unless that would be too early.

        Args:
            searched: The trials of the search so far.
        """
        if self._had_ended is None:
            self._had_ended = _ended_before_the_last(searched)
        known = [t for t in searched if t.number in self._had_ended]
        if known and sum(t.seconds for t in known) < self._short_s * len(known):
            self._ask(searched, known)

    def next(self, searched: Sequence[Trial]) -> Proposal | None:
        """Return the next trial of the search, which gets its row now, or None without one.

        Raises:
            InvalidInput: When no pipeline of the space serves the job.
        """
        self.begin(searched)
        ended = [t for t in searched if t.state.terminal]
        proposal = self._ask(searched, ended).result()
        self._had_ended = {t.number for t in ended}
        return proposal

    def _ask(self, searched: Sequence[Trial], known: Sequence[Trial]) -> Future[Proposal | None]:
        """Ask for the next trial where nobody has yet, and return what is to come."""
        if self._asked is None or self._asked[0] != len(searched):
            numbers = {t.number for t in known}
            others = [t for t in searched if t.number not in numbers]
            asked = self._thread.submit(self._searcher.suggest, len(searched), known, others)
            self._asked = len(searched), asked
        return self._asked[1]


def _ended_before_the_last(searched: Sequence[Trial]) -> Set[int]:
    """Return the numbers of the trials that had ended when the last one got its row."""
    if not searched:
        return set()
    planned = max(searched, key=lambda t: t.number).created_at
    return {t.number for t in searched if t.finished_at and t.finished_at <= planned}
