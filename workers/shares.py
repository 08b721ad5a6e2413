"""How jobs share a worker's slots: by weight over time, within quotas, and none starves."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

from autodistill.record import Project

SLICE_S = 30.0
"""A slot stays where it is until that job is so many seconds ahead of another: a change costs a new
process for the trials."""


@dataclass(frozen=True)
class Demand:
    """What a job could use, and what it uses."""

    job: str
    project: str
    weight: int
    """Among the jobs of its project."""
    most: int
    """Slots that it can use."""
    granted: int
    using: int
    """Slots that are busy: more than are granted where a grant was taken back."""

    @property
    def held(self) -> int:
        """Slots that nobody else can use."""
        return max(self.granted, self.using)


class Shares:
    """Deals slots; remembers what everybody has had.

    This is stride scheduling (Waldspurger and Weihl, 1995) on two levels. Each project, and inside
    it each job, has a virtual time: the slot-seconds that it has held, divided by its weight. Each
    slot goes to the project, and there to the job, that is furthest behind. So shares follow the
    weights also where there are more jobs than slots. Who comes anew, or comes back, starts level
    with whoever is furthest behind: waiting while there is no work earns nothing.
    """

    def __init__(self, slice_s: float = SLICE_S) -> None:
        self._slice_s = slice_s
        self._projects: dict[str, float] = {}
        self._jobs: dict[str, float] = {}

    def spend(
        self, demands: Sequence[Demand], projects: Mapping[str, Project], seconds: float
    ) -> None:
        """Take note of what was held for some seconds."""
        groups = {d.project for d in demands}
        self._projects = _level(self._projects, groups)
        known = dict(self._jobs)
        self._jobs = {}
        for group in groups:
            self._jobs |= _level(known, {d.job for d in demands if d.project == group})
        for demand in demands:
            held = demand.held * seconds
            self._jobs[demand.job] += held / demand.weight
            self._projects[demand.project] += held / projects[demand.project].weight

    def deal(
        self,
        demands: Sequence[Demand],
        projects: Mapping[str, Project],
        slots: int,
        elsewhere: Mapping[str, int],
    ) -> dict[str, int]:
        """Return how many slots each job has from now on.

        A grant shrinks at once and grows into slots that are free, so that together no more trials
        run than there are slots: a job that has to give slots back does so between trials.

        Args:
            demands: Of the jobs that share.
            projects: By name.
            slots: How many there are.
            elsewhere: Slots that each project has on other workers; they count for its quota.
        """
        fair = self._fair(demands, projects, slots, elsewhere)
        free = slots - sum(d.held for d in demands)  # who shrinks now may just have begun a trial
        dealt = {d.job: min(fair[d.job], d.held) for d in demands}
        for demand in sorted(demands, key=lambda d: self._jobs[d.job]):
            more = max(0, min(fair[demand.job] - demand.held, free))
            free -= more
            dealt[demand.job] += more
        return dealt

    def _fair(
        self,
        demands: Sequence[Demand],
        projects: Mapping[str, Project],
        slots: int,
        elsewhere: Mapping[str, int],
    ) -> dict[str, int]:
        """Deal all slots anew, whoever has them now."""
        jobs, held = Counter[str](), Counter[str]()
        queues: dict[str, list[tuple[float, str, Demand]]] = defaultdict(list)
        for demand in demands:
            held[demand.project] += demand.held
            if demand.most > 0:
                time = self._ahead(self._jobs[demand.job], demand.weight, 0, demand.held)
                heappush(queues[demand.project], (time, demand.job, demand))
        row: list[tuple[float, str, int]] = []

        def queue_up(name: str, had: int) -> None:
            """Let a project wait for its next slot, if it can use one."""
            quota, weight = projects[name].quota, projects[name].weight
            if queues[name] and (quota is None or had + elsewhere.get(name, 0) < quota):
                time = self._ahead(self._projects[name], weight, had, held[name])
                heappush(row, (time, name, had))

        for name in list(queues):
            queue_up(name, 0)
        while slots > 0 and row:
            _, name, had = heappop(row)
            _, job, demand = heappop(queues[name])
            jobs[job] += 1
            if jobs[job] < demand.most:
                time = self._ahead(self._jobs[job], demand.weight, jobs[job], demand.held)
                heappush(queues[name], (time, job, demand))
            queue_up(name, had + 1)
            slots -= 1
        return {d.job: jobs[d.job] for d in demands}

    def _ahead(self, time: float, weight: int, dealt: int, held: int) -> float:
        """Return where one more slot takes somebody; what they hold already is kept longer."""
        return time + (dealt - (dealt < held)) * self._slice_s / weight


def _level(times: Mapping[str, float], present: Iterable[str]) -> dict[str, float]:
    """Return the virtual times of those who are there; newcomers are level with the last."""
    present = list(present)
    last = min((times[name] for name in present if name in times), default=0.0)
    return {name: times.get(name, last) for name in present}
