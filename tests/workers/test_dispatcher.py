from __future__ import annotations

import json
import math
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from autodistill.models.folders import folder, key
from autodistill.record import Job, JobState, Project, Wish
from autodistill.store import Store
from workers.dispatcher import STARTUP_S, Dispatcher
from workers.folders import sweep
from workers.settings import LOCAL, Settings

Submit = Callable[..., None]
CRASHES = 3


class Yard:
    """A dispatcher with sleeping processes for drivers; the test says how they end."""

    def __init__(self, store: Store, root: Path, slots: int) -> None:
        self.store, self.root = store, root
        self.started: list[tuple[str, int]] = []
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.settings = Settings(
            data_root=root, database_url=store.url, slots=slots, max_crashes=CRASHES
        )
        self.time = 0.0
        self.dispatcher = Dispatcher(store, self.settings, self.start, lambda: self.time)

    def start(self, job: Job, slots: int) -> subprocess.Popen[bytes]:
        self.started.append((job.id, slots))
        self.processes[job.id] = subprocess.Popen(["sleep", "60"])
        return self.processes[job.id]

    def crash(self, job_id: str = "job_1") -> None:
        """Kill a driver, and let the dispatcher see it."""
        self.processes[job_id].kill()
        self.processes[job_id].wait()
        self.dispatcher.step()

    def finish(self, job_id: str) -> None:
        """Let a driver end as one does whose job has ended."""
        with self.store.write() as tx:
            tx.driving(job_id, tx.jobs.get(job_id).owner_epoch).fail("The test has ended it.")
        self.crash(job_id)

    def expire(self) -> None:
        """Let the lease run out."""
        with self.store.write() as tx:
            tx.leases.renew("job_1", tx.jobs.get("job_1").owner_epoch, 0.0)

    def rest(self) -> None:
        """Let the time pass for which a crashed job is left alone."""
        with self.store.write() as tx:
            tx.leases.release("job_1", tx.jobs.get("job_1").owner_epoch)
        self.dispatcher.step()

    def job(self, job_id: str = "job_1") -> Job:
        with self.store.read() as tx:
            return tx.jobs.get(job_id)


@pytest.fixture
def yard(store: Store, tmp_path: Path) -> Iterator[Callable[[int], Yard]]:
    yards: list[Yard] = []

    def build(slots: int) -> Yard:
        yards.append(Yard(store, tmp_path, slots))
        return yards[-1]

    yield build
    for process in (p for y in yards for p in y.processes.values()):
        process.kill()
        process.wait()


def test_a_lone_job_gets_the_slots_it_asks_for(yard: Any, submitted: Submit) -> None:
    submitted("job_1", parallelism=3)
    y = yard(4)
    y.dispatcher.step()
    assert y.started == [("job_1", 3)]
    assert y.job().slots == 3


def test_no_job_gets_more_slots_than_there_are(yard: Any, submitted: Submit) -> None:
    submitted("job_1", parallelism=9)
    y = yard(2)
    y.dispatcher.step()
    assert y.started == [("job_1", 2)]
    assert y.job().slots == 2


def test_jobs_share_the_slots_and_share_them_anew(yard: Any, submitted: Submit) -> None:
    for number in (1, 2):
        submitted(f"job_{number}", parallelism=4)
    y = yard(4)
    granted = []
    for y.time in range(3):
        y.dispatcher.step()
        granted.append([y.job(f"job_{number}").slots for number in (1, 2)])
    assert granted == [[4, 0], [2, 0], [2, 2]]
    y.finish("job_1")
    y.dispatcher.step()
    assert y.job("job_2").slots == 4


def test_a_priority_is_a_weight(yard: Any, submitted: Submit) -> None:
    submitted("job_1", parallelism=4, priority=10)
    submitted("job_2", parallelism=4, priority=30)
    y = yard(4)
    for y.time in range(60):
        y.dispatcher.step()
    assert [y.job(f"job_{number}").slots for number in (1, 2)] == [1, 3]


def test_a_quota_holds_for_all_jobs_of_a_project(yard: Any, submitted: Submit) -> None:
    for number in (1, 2):
        submitted(f"job_{number}", parallelism=4, project="bound")
    y = yard(4)
    with y.store.write() as tx:
        tx.projects.put(Project(name="bound", weight=1, quota=1))
    for _ in range(3):
        y.dispatcher.step()
    assert y.started == [("job_1", 4)], "there is nothing to be had for the second"
    assert y.job().slots == 1


def test_a_job_waits_while_there_are_as_many_drivers_as_may_be(
    yard: Any, submitted: Submit
) -> None:
    for number in (1, 2, 3):
        submitted(f"job_{number}", parallelism=2)
    y = yard(2)
    for _ in range(4):
        y.dispatcher.step()
    assert [job for job, _ in y.started] == ["job_1", "job_2"]
    assert y.job("job_3").owner is None


def test_a_new_dispatcher_goes_on_with_the_drivers_of_the_last(
    yard: Any, submitted: Submit
) -> None:
    submitted("job_1", parallelism=2)
    yard(1).dispatcher.step()
    submitted("job_2", parallelism=1)
    later = yard(1)
    later.dispatcher.step()
    assert later.started == []
    assert later.job().slots == 1


def test_a_driver_that_starts_slowly_is_not_taken_for_dead(yard: Any, submitted: Submit) -> None:
    submitted("job_1", parallelism=1)
    y = yard(2)
    y.dispatcher.step()
    claimed = y.job().lease_until
    y.time += y.settings.lease_ttl_s / 2
    y.dispatcher.step()
    assert y.job().lease_until > claimed
    y.time += STARTUP_S
    y.dispatcher.step()
    vouched = y.job().lease_until
    y.time += y.settings.lease_ttl_s / 2
    y.dispatcher.step()
    assert y.job().lease_until == vouched, "by now it renews its lease itself"


def test_a_driver_that_hangs_is_killed_and_replaced(yard: Any, submitted: Submit) -> None:
    submitted("job_1", parallelism=1)
    y = yard(1)
    y.dispatcher.step()
    hanging = y.processes["job_1"]
    y.time += STARTUP_S + 1
    y.expire()
    y.dispatcher.step()
    assert hanging.wait(10) == -signal.SIGKILL
    y.dispatcher.step()
    assert y.started == [("job_1", 1)] * 2


def test_leases_are_judged_by_when_the_worker_and_the_database_are_up(
    yard: Any, submitted: Submit
) -> None:
    submitted("job_1", parallelism=1)
    with yard(1).store.write() as tx:
        tx.leases.claim("another worker", 0.0)
    y = yard(1)
    y.dispatcher.step()
    assert y.started == [], "its driver may just be about to renew it"
    y.time += y.settings.lease_ttl_s
    y.dispatcher.step()
    assert y.started == [("job_1", 1)]


def test_a_crashed_driver_is_replaced_at_once(yard: Any, submitted: Submit) -> None:
    submitted("job_1", parallelism=1)
    y = yard(2)
    y.dispatcher.step()
    y.crash()
    assert y.started == [("job_1", 1)] * 2
    assert y.job().owner_epoch == 2


def test_a_second_crash_without_progress_makes_it_wait(yard: Any, submitted: Submit) -> None:
    submitted("job_1", parallelism=1)
    submitted("job_2", parallelism=1)
    y = yard(1)
    y.dispatcher.step()
    y.crash()
    y.crash()
    assert y.started == [("job_1", 1), ("job_1", 1), ("job_2", 1)]


def test_a_job_that_crashes_again_and_again_fails_with_the_place_to_look(
    yard: Any, submitted: Submit
) -> None:
    submitted("job_1", parallelism=1)
    y = yard(2)
    y.dispatcher.step()
    y.crash()
    y.crash()
    y.rest()
    y.crash()
    assert y.job().state is JobState.FAILED
    assert y.job().message == (
        "The job's driver crashed 3 times in a row without progress; "
        "logs/job_1.log in the data root says why."
    )


def test_a_driver_whose_job_another_worker_has_is_forgotten(yard: Any, submitted: Submit) -> None:
    submitted("job_1", parallelism=2)
    y = yard(2)
    y.dispatcher.step()
    with y.store.write() as tx:
        tx.leases.release("job_1", 1)
        tx.leases.claim("another worker", 60)
    y.crash()
    assert y.job().owner == "another worker"
    assert y.started == [("job_1", 2)]


def test_a_crashed_driver_of_a_paused_job_is_not_replaced(yard: Any, submitted: Submit) -> None:
    submitted("job_1", parallelism=1)
    y = yard(1)
    y.dispatcher.step()
    with y.store.write() as tx:
        tx.jobs.wish("job_1", Wish.PAUSE)
    y.crash()
    assert y.job().state is JobState.PAUSED
    assert len(y.started) == 1


def test_what_ended_jobs_left_behind_is_swept_away(
    store: Store, tmp_path: Path, submitted: Submit
) -> None:
    submitted("job_1")
    submitted("job_2")
    with store.write() as tx:
        tx.jobs.wish("job_2", Wish.CANCEL)
    for parent in ("trials", "ray"):
        for job_id in ("job_1", "job_2", "job_of_another_time"):
            (tmp_path / parent / job_id).mkdir(parents=True)
    sweep(store, tmp_path, math.inf)
    for parent in ("trials", "ray"):
        assert [p.name for p in (tmp_path / parent).iterdir()] == ["job_1"]


def test_what_was_prepared_is_bounded_but_for_what_a_job_names(
    store: Store, tmp_path: Path, submitted: Submit
) -> None:
    submitted("job_1")
    teacher, member, free = (key(kind, 0) for kind in ("ensemble", "teacher", "outputs"))
    for name in (teacher, member, free):
        made = folder(tmp_path / "prepared" / name, lambda to: (to / "x").write_bytes(b"1" * 5000))
        os.utime(made / "done", (0, 0))
    (tmp_path / "prepared" / teacher / "ensemble.json").write_text(json.dumps({"others": [member]}))
    task = tmp_path / "trials" / "job_1" / "1" / "task.json"
    task.parent.mkdir(parents=True)
    task.write_text(json.dumps({"teacher": f"/data/prepared/{teacher}"}))
    sweep(store, tmp_path, 0)
    assert {p.name for p in (tmp_path / "prepared").iterdir()} == {teacher, member}


def test_a_local_ray_is_locked_with_a_token_of_its_own() -> None:
    settings = Settings(ray_address=LOCAL)
    first, second = settings.driver_environment(), settings.driver_environment()
    assert first["RAY_AUTH_MODE"] == "token"
    assert len(first["RAY_AUTH_TOKEN"]) == 64
    assert first["RAY_AUTH_TOKEN"] != second["RAY_AUTH_TOKEN"]
    assert first["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] == "0"


def test_a_clusters_own_token_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", "/run/secrets/ray")
    environment = Settings(ray_address="10.0.0.1:6379").driver_environment()
    assert environment["RAY_AUTH_TOKEN_PATH"] == "/run/secrets/ray"
    assert "RAY_AUTH_TOKEN" not in environment
