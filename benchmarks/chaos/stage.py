"""The service on stage: API and workers as real processes, started anew when they die."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType

import psutil

LEASE_TTL_S = 3.0
STALL_S = 60.0
RESTART_S = 0.5
DISK_MIB = 64


class Stage:
    """One API and two workers on one database, each with a Ray of its own for each job.

    The folders of artifacts and trials lie on a small file system of their own where this process
    may mount one, so that it can be filled.
    """

    WORKERS = ("worker-1", "worker-2")

    def __init__(self, root: Path, database: str) -> None:
        self.root = root
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self._environment = os.environ | {
            "AUTODISTILL_DATA_ROOT": str(root),
            "AUTODISTILL_DATABASE_URL": database,
            "AUTODISTILL_ALLOWED_ROOTS": str(root),
            "AUTODISTILL_LEASE_TTL_S": f"{LEASE_TTL_S}",
            "AUTODISTILL_STALL_S": f"{STALL_S}",
            "AUTODISTILL_SLOTS": "1",
            "AUTODISTILL_PORT": str(port),
        }
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._leaving = threading.Event()
        self.disk = root / "disk"
        self.has_small_disk = self._mount()

    def __enter__(self) -> Stage:
        for name in ("api", *self.WORKERS):
            self._start(name)
        self._keeper = threading.Thread(target=self._keep, daemon=True)
        self._keeper.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._leaving.set()
        self._keeper.join()
        for process in self.processes():
            process.kill()
        for child in self._running.values():
            child.wait()
        if self.has_small_disk:
            subprocess.run(["umount", "--lazy", str(self.disk)], check=False)

    def processes(self, worker: str = "") -> list[psutil.Process]:
        """Return every process of this service, or of one worker: those that know its root."""
        found = []
        for process in psutil.process_iter():
            try:
                known = process.environ()
                mine = known.get("AUTODISTILL_DATA_ROOT") == str(self.root)
                if mine and worker in known.get("AUTODISTILL_WORKER", ""):
                    found.append(process)
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        return found

    def _start(self, name: str) -> None:
        module = "api" if name == "api" else "workers"
        with (self.root / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                [sys.executable, "-m", module],
                env=self._environment | {"AUTODISTILL_WORKER": name},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _keep(self) -> None:
        """Start what has died anew, as an init system does."""
        while not self._leaving.wait(RESTART_S):
            for name, process in list(self._running.items()):
                if process.poll() is not None:
                    self._start(name)

    def _mount(self) -> bool:
        self.disk.mkdir(parents=True)
        size = f"size={DISK_MIB}m"
        mount = ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(self.disk)]
        mounted = subprocess.run(mount, check=False, capture_output=True).returncode == 0
        for name in ("artifacts", "trials"):
            (self.disk / name).mkdir()
            (self.root / name).symlink_to(self.disk / name)
        return mounted
