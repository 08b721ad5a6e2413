"""Settings of the worker, from `AUTODISTILL_…` in the environment."""

from __future__ import annotations

import os
import secrets
import socket
from pathlib import Path
from typing import Annotated

from annotated_types import Ge, Gt, Le
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from autodistill.logs import Form

LOCAL = "local"
"""The `ray_address` with which each driver starts a Ray of its own."""
TEMPORARY_FAILURE = 75
"""Exit code of a driver that another one should replace."""
ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_FORCE_TRIAL_CLEANUP_S": "5",
    "TUNE_GLOBAL_CHECKPOINT_S": "86400",
    "OMP_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "PASSIVE",  # spinning threads starve the neighbour on a shared core
    "TOKENIZERS_PARALLELISM": "false",
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
}
"""What a driver, and Ray inside it, read from the environment when they start."""


class Settings(BaseSettings):
    """Where the worker finds things, and how much of the machine it may use."""

    model_config = SettingsConfigDict(env_prefix="AUTODISTILL_", frozen=True)

    data_root: Path = Path("var")
    """Folder of database, artifacts, caches and checkpoints."""
    database_url: str = ""
    """SQLAlchemy URL; a SQLite file in the data root when empty."""
    shipped_history: bool = True
    """Whether searches also rest on the history that comes with the package."""
    worker: str = Field(default_factory=socket.gethostname)
    """Name of this worker, its own among all; the machine's when there is one on each."""
    slots: Annotated[int, Ge(1)] = Field(default_factory=lambda: os.cpu_count() or 1)
    """Trials at once on this machine, one thread each."""
    drivers: Annotated[int, Ge(1)] | None = None
    """Jobs at once, which share the slots; as many as slots when not given. Each costs a process,
    and on its own Ray half a gibibyte."""
    cache_gib: Annotated[float, Gt(0)] = 64.0
    """Disk for what is prepared once and kept (tokens, teachers, their outputs); beyond it what was
    unused for longest goes, unless a job that goes on needs it."""
    ray_address: str = LOCAL
    """`local` starts a Ray for each job; otherwise the address of a cluster."""
    lease_ttl_s: Annotated[float, Gt(0)] = 15.0
    """After so many seconds of silence another worker may take a job over."""
    stall_s: Annotated[float, Gt(0)] = 3600.0
    """After so many seconds without an epoch, and ten times as many as an epoch took, a trial is
    ended and tried again; and a driver whose own work (preparation, the job's end) stands still."""
    poll_s: Annotated[float, Gt(0)] = 0.5
    """Pause between looks for work."""
    onnx: bool = True
    """Whether exported students are written as ONNX graphs too: a few seconds at a job's end."""
    log_format: Form = "text"
    """`text` for people, `json` for machines."""
    metrics_host: str = "127.0.0.1"
    """Address at which meters for Prometheus are answered."""
    metrics_port: Annotated[int, Ge(0), Le(65535)] = 0
    """Its port; 0 is none."""
    max_crashes: Annotated[int, Ge(1)] = 5
    """Crashes of a job's driver in a row, without progress, after which the job fails."""

    @property
    def root(self) -> Path:
        """The data root, absolute: Ray's processes work in folders of their own."""
        return self.data_root.resolve()

    @property
    def cache_bytes(self) -> float:
        """Of the disk for what is prepared."""
        return self.cache_gib * 2**30

    @property
    def database(self) -> str:
        """The database's URL."""
        return self.database_url or f"sqlite:///{self.root / 'autodistill.db'}"

    def driver_environment(self) -> dict[str, str]:
        """Return the environment of a new driver."""
        if self.ray_address != LOCAL:
            return os.environ | ENVIRONMENT
        return os.environ | {
            **ENVIRONMENT,
            "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # on Linux: everything binds to loopback
            "RAY_AUTH_MODE": "token",  # whoever reaches a port of Ray can run code
            "RAY_AUTH_TOKEN": secrets.token_hex(32),
        }
