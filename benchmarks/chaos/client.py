"""The people: they submit, repeat themselves, and write down what the service tells them."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import httpx

from autodistill.client import Client
from autodistill.errors import AutodistillError
from autodistill.record import Event
from autodistill.testing.tiny import tiny_dataset, tiny_encoder
from benchmarks.service.machine import tiny_job

PATIENCE_S = 180.0


class People:
    """Each job has a watcher; what a watcher was told counts as acknowledged."""

    def __init__(self, url: str, root: Path) -> None:
        self._url, self._root = url, root
        self.jobs: dict[str, str] = {}
        """Job by idempotency key."""
        self.told: dict[str, list[Event]] = {}
        self._asked: dict[str, dict[str, Any]] = {}
        self._watchers: list[threading.Thread] = []

    def submit(self, num_jobs: int, trials: int) -> None:
        """Register tiny data and a tiny encoder, and submit jobs that share the trials."""
        tiny_dataset(self._root / "data", num_train=256, num_held_out=24)
        encoder = tiny_encoder(self._root / "encoder", num_layers=4, width=32)
        with Client(self._url) as client:
            _until_ready(self._url)
            path = self._root / "data" / "examples.parquet"
            client.upload_dataset(path, name="tiny", split_column="split")
            client.register_model("tiny", {"kind": "directory", "path": str(encoder)})
        for i in range(num_jobs):
            key = f"key-{i}"
            self._asked[key] = tiny_job(trials // num_jobs, parallelism=1, seed=i)
            self.jobs[key] = self._submit(key)
            self.told[self.jobs[key]] = []
            watcher = threading.Thread(target=self._watch, args=(self.jobs[key],), daemon=True)
            watcher.start()
            self._watchers.append(watcher)

    def repeat(self) -> list[str]:
        """Submit every job again under its key, and return the keys that made another job."""
        return [key for key, job in self.jobs.items() if self._submit(key) != job]

    def wait(self, deadline: float) -> bool:
        """Wait for the end of all jobs; False when the time is over before."""
        for watcher in self._watchers:
            watcher.join(max(0.0, deadline - time.monotonic()))
        return not any(watcher.is_alive() for watcher in self._watchers)

    @property
    def ended(self) -> bool:
        """Whether every watcher has seen the end of its job."""
        return not any(watcher.is_alive() for watcher in self._watchers)

    def _submit(self, key: str) -> str:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                with Client(self._url) as client:
                    return client.submit(self._asked[key], key=key).id
            except (httpx.TransportError, AutodistillError):
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.5)

    def _watch(self, job: str) -> None:
        """Follow a job to its end; the client reconnects by itself, and we where it gives up."""
        told = self.told[job]
        while not told or told[-1].kind not in ("job.succeeded", "job.failed", "job.cancelled"):
            after = told[-1].seq if told else 0
            try:
                with Client(self._url) as client:
                    for event in client.watch(job, after=after, patience_s=PATIENCE_S):
                        told.append(event)  # seen while it grows
            except (httpx.TransportError, AutodistillError):
                time.sleep(0.5)


def _until_ready(url: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/readyz").is_success:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise TimeoutError(f"Nothing answers at {url}.")
