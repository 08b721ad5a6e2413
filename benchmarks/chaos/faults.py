"""What can go wrong, drawn by a seed."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

import psutil

from benchmarks.chaos.database import Database
from benchmarks.chaos.stage import Stage

PATIENCE_S = 40.0
"""For a victim that is not there, such as a driver that is just being replaced."""
LONGEST_SLEEP_S = 12.0


def _api(command: list[str]) -> bool:
    return command[-2:] == ["-m", "api"]


def _worker(command: list[str]) -> bool:
    return command[-2:] == ["-m", "workers"]


def _driver(command: list[str]) -> bool:
    return "workers.driver" in command


def _actor(command: list[str]) -> bool:
    return command[0].startswith("ray::")


def _raylet(command: list[str]) -> bool:
    return command[0].endswith("raylet/raylet")


def _ray(command: list[str]) -> bool:
    return _raylet(command) or _actor(command) or command[0].endswith("gcs/gcs_server")


VICTIMS: dict[str, Callable[[list[str]], bool]] = {
    "api": _api,
    "worker": _worker,
    "driver": _driver,
    "trial actor": _actor,
    "raylet": _raylet,
}


@dataclass(frozen=True)
class Struck:
    """A fault that was injected."""

    kind: str
    after_s: float
    seconds: float
    """How long it lasted; 0 for a kill, and for one who never wakes up."""


class Faults:
    """Injects faults, one at a time, in an order that the seed decides.

    Args:
        stage: Whom they befall.
        database: What they use.
        seed: Of the order, the victims and how long it lasts.
        only: The kinds that are injected; none means all that are possible here.
    """

    def __init__(
        self, stage: Stage, database: Database, seed: int, only: Sequence[str] = ()
    ) -> None:
        self._stage, self._database = stage, database
        self._random = random.Random(seed)
        self._start = time.monotonic()
        self._sleepers: list[threading.Timer] = []
        self.struck: list[Struck] = []
        kinds = [f"{how} {who}" for how in ("kill", "freeze") for who in VICTIMS]
        kinds += ["hang trial actor", "kill ray", "freeze machine"]
        if database.can_restart:
            kinds += ["restart database"]
        if stage.has_small_disk:
            kinds += ["fill disk"]
        self.kinds = tuple(only or kinds)
        self._deck = self._deal()

    def strike(self) -> Struck | None:
        """Inject the next fault; None when there is no victim for it."""
        kind = next(self._deck)
        how, _, who = kind.partition(" ")
        seconds = 0.0 if how in ("kill", "hang") else self._random.uniform(0.5, LONGEST_SLEEP_S)
        if kind == "restart database":
            seconds /= 2
            self._database.restart(seconds)
        elif kind == "fill disk":
            self._fill(seconds)
        elif kind == "freeze machine":
            self._freeze(self._stage.processes(self._random.choice(Stage.WORKERS)), seconds)
        elif not (victims := self._find(who)):
            return None
        elif kind == "kill ray":
            for process in victims:
                self._send(process, signal.SIGKILL)
        elif how == "hang":
            self._send(self._random.choice(victims), signal.SIGSTOP)
        elif how == "kill":
            self._send(self._random.choice(victims), signal.SIGKILL)
        else:
            self._freeze([self._random.choice(victims)], seconds)
        self.struck.append(Struck(kind, time.monotonic() - self._start, seconds))
        return self.struck[-1]

    def end(self) -> None:
        """Wait until everybody is awake again."""
        for timer in self._sleepers:
            timer.join()

    def _deal(self) -> Iterator[str]:
        """Yield the kinds in a random order, all of them before one comes again."""
        while True:
            yield from self._random.sample(self.kinds, len(self.kinds))

    def _find(self, who: str) -> list[psutil.Process]:
        """Return the processes of that kind, by their number, waiting for the first."""
        wanted = _ray if who == "ray" else VICTIMS[who]
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            found = [p for p in self._stage.processes() if (c := command(p)) and wanted(c)]
            if who == "ray" and found:  # of one driver
                worker = self._random.choice(sorted({_of(p) for p in found} - {""}) or [""])
                found = [p for p in found if _of(p) == worker]
            if found:
                return sorted(found, key=lambda p: p.pid)
            time.sleep(0.1)
        return []

    def _freeze(self, processes: list[psutil.Process], seconds: float) -> None:
        for process in processes:
            self._send(process, signal.SIGSTOP)

        def wake() -> None:
            for process in processes:
                self._send(process, signal.SIGCONT)

        self._later(seconds, wake)

    def _fill(self, seconds: float) -> None:
        """Leave no byte on the disk of artifacts and trials for a while."""
        ballast = self._stage.disk / "ballast"
        with suppress(OSError), ballast.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(2**16))
        self._later(seconds, ballast.unlink)

    def _later(self, seconds: float, act: Callable[[], object]) -> None:
        timer = threading.Timer(seconds, act)
        timer.start()
        self._sleepers.append(timer)

    @staticmethod
    def _send(process: psutil.Process, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, psutil.NoSuchProcess):
            if process.is_running():  # a number may be another process's by now
                os.kill(process.pid, number)


def command(process: psutil.Process) -> list[str]:
    """Return the command line of a process, or nothing when it is gone."""
    with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
        return list(map(str, process.cmdline()))
    return []


def _of(process: psutil.Process) -> str:
    with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
        return str(process.environ().get("AUTODISTILL_WORKER", ""))
    return ""
