"""The Ray under one driver: started or joined, watched, and left without a trace."""

from __future__ import annotations

import os
import shutil
import threading
import time

import ray

from workers.folders import ray_scratch
from workers.settings import LOCAL, TEMPORARY_FAILURE

OBJECT_STORE_BYTES = 256 * 2**20
"""Small: trials share memory-mapped files, not objects."""
SILENCE_S = 10.0


def connect(address: str, slots: int) -> None:
    """Start a local Ray with so many slots, or join a cluster; and watch that it lives."""
    if address == LOCAL:
        folder = ray_scratch() / str(os.getpid())
        folder.mkdir()
        ray.init(
            address=LOCAL,
            num_cpus=slots,
            include_dashboard=False,
            object_store_memory=OBJECT_STORE_BYTES,
            log_to_driver=False,
            _temp_dir=str(folder),
        )
    else:
        ray.init(address=address, log_to_driver=False)
    threading.Thread(target=_watch, daemon=True).start()


def disconnect() -> None:
    """Leave Ray and delete what it wrote."""
    ray.shutdown()
    shutil.rmtree(ray_scratch() / str(os.getpid()), ignore_errors=True)


def _watch() -> None:
    """End this process when no node of Ray is alive: Tune itself would wait for ever."""
    heard = [time.monotonic()]
    threading.Thread(target=_listen, args=(heard,), daemon=True).start()
    while ray.is_initialized():
        if time.monotonic() - heard[0] > SILENCE_S:
            os._exit(TEMPORARY_FAILURE)
        time.sleep(1.0)


def _listen(heard: list[float]) -> None:
    """Note when a node of Ray was last heard of; the question itself may hang."""
    while ray.is_initialized():
        if _alive():
            heard[0] = time.monotonic()
        time.sleep(1.0)


def _alive() -> bool:
    try:
        return any(node["Alive"] for node in ray.nodes())
    except Exception:  # Ray raises many kinds, and each means that it does not answer
        return False
