from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from autodistill.record import Project
from workers.shares import Demand, Shares

STEP_S, LONG_S = 0.5, 900.0
FAR = 10_000


@dataclass
class Played:
    """A job whose trials take random times."""

    name: str
    weight: int = 10
    project: str = "default"
    most: int = FAR
    granted: int = 0
    ends: list[float] = field(default_factory=list)
    served_s: float = 0.0


class Shop:
    """A worker's slots, the dealing of them, and jobs that never run out of trials."""

    def __init__(
        self, slots: int, jobs: list[Played], projects: Mapping[str, Project] | None = None
    ) -> None:
        self.slots, self.jobs, self.shares, self.now = slots, jobs, Shares(slice_s=4.0), 0.0
        self.projects = projects or {}
        self.random = random.Random(1)
        self.busiest = 0

    def run(self, seconds: float, elsewhere: Mapping[str, int] | None = None) -> None:
        end = self.now + seconds
        while self.now < end:
            demands = [
                Demand(j.name, j.project, j.weight, j.most, j.granted, len(j.ends))
                for j in self.jobs
            ]
            projects = {j.project: self._project(j.project) for j in self.jobs}
            self.shares.spend(demands, projects, STEP_S)
            dealt = self.shares.deal(demands, projects, self.slots, elsewhere or {})
            for job in self.jobs:
                job.granted = dealt[job.name]
                job.served_s += STEP_S * len(job.ends)
                job.ends = [e for e in job.ends if e > self.now]
                while len(job.ends) < job.granted:
                    job.ends.append(self.now + self.random.uniform(1, 4))
            self.busiest = max(self.busiest, sum(len(j.ends) for j in self.jobs))
            self.now += STEP_S

    def portions(self) -> dict[str, float]:
        total = sum(j.served_s for j in self.jobs)
        return {j.name: j.served_s / total for j in self.jobs}

    def _project(self, name: str) -> Project:
        return self.projects.get(name, Project(name=name, weight=1, quota=None))


def fair(jobs: list[Played]) -> dict[str, float]:
    total = sum(j.weight for j in jobs)
    return {j.name: j.weight / total for j in jobs}


@pytest.mark.parametrize("slots", [1, 2, 8])
def test_six_jobs_of_mixed_priorities_have_slots_by_their_weights(slots: int) -> None:
    jobs = [Played(f"job_{i}", weight) for i, weight in enumerate((10, 10, 20, 30, 5, 40))]
    shop = Shop(slots, jobs)
    shop.run(LONG_S)
    assert shop.portions() == {k: pytest.approx(v, rel=0.1) for k, v in fair(jobs).items()}
    assert shop.busiest <= slots
    assert sum(j.served_s for j in jobs) > 0.9 * slots * LONG_S


@pytest.mark.parametrize("weights", [(10, 10), (10, 30)])
def test_two_jobs_share_every_slot_there_is(weights: tuple[int, int]) -> None:
    jobs = [Played(f"job_{i}", weight) for i, weight in enumerate(weights)]
    shop = Shop(4, jobs)
    shop.run(LONG_S)
    assert shop.portions() == {k: pytest.approx(v, rel=0.1) for k, v in fair(jobs).items()}
    assert sum(j.granted for j in jobs) == 4


def test_projects_share_before_their_jobs_do() -> None:
    jobs = [Played(f"many_{i}", project="many") for i in range(5)]
    jobs += [Played("lonely", weight=1, project="few")]
    shop = Shop(8, jobs, {"many": Project(name="many", weight=1, quota=None)})
    shop.run(LONG_S)
    assert shop.portions()["lonely"] == pytest.approx(0.5, rel=0.1)


def test_a_project_with_twice_the_weight_has_twice_the_slots() -> None:
    jobs = [Played("a", project="small"), Played("b", project="large")]
    shop = Shop(6, jobs, {"large": Project(name="large", weight=2, quota=None)})
    shop.run(LONG_S)
    assert [j.granted for j in jobs] == [2, 4]


def test_a_quota_is_never_passed_and_the_rest_goes_to_others() -> None:
    jobs = [Played("a", project="bound"), Played("b", project="bound"), Played("c")]
    shop = Shop(8, jobs, {"bound": Project(name="bound", weight=9, quota=3)})
    shop.run(LONG_S)
    assert jobs[0].granted + jobs[1].granted == 3
    assert jobs[2].granted == 5


def test_a_quota_counts_slots_on_other_workers() -> None:
    jobs = [Played("a", project="bound"), Played("b")]
    shop = Shop(8, jobs, {"bound": Project(name="bound", weight=1, quota=3)})
    shop.run(60.0, elsewhere=Counter(bound=2))
    assert [j.granted for j in jobs] == [1, 7]


def test_what_a_job_cannot_use_goes_to_others() -> None:
    jobs = [Played("narrow", weight=100, most=1), Played("wide", weight=1)]
    shop = Shop(4, jobs)
    shop.run(60.0)
    assert [j.granted for j in jobs] == [1, 3]


def test_slots_change_hands_between_trials() -> None:
    first = Played("first")
    shop = Shop(4, [first])
    shop.run(60.0)
    assert first.granted == 4
    shop.jobs.append(Played("second"))
    shop.run(STEP_S)
    assert first.granted == 2
    assert shop.jobs[1].granted == 0, "all four still run"
    shop.run(30.0)
    assert [j.granted for j in shop.jobs] == [2, 2]
    assert shop.busiest == 4


def test_who_comes_late_has_earned_nothing_by_not_being_there() -> None:
    shop = Shop(2, [Played("early")])
    shop.run(LONG_S)
    early = shop.jobs[0].served_s
    shop.jobs.append(Played("late"))
    shop.run(LONG_S)
    assert shop.jobs[1].served_s == pytest.approx(shop.jobs[0].served_s - early, rel=0.1)


def test_a_slot_stays_for_a_slice_before_it_changes_hands() -> None:
    jobs = [Played("a"), Played("b")]
    shop = Shop(1, jobs)
    changes, holder = 0, ""
    for _ in range(240):
        shop.run(STEP_S)
        now = next((j.name for j in jobs if j.granted), holder)
        changes, holder = changes + (now != holder), now
    assert 5 <= changes <= 30
