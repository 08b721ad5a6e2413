"""`python -m api`: listen where the settings say."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from types import FrameType

import uvicorn
from pydantic import ValidationError
from typing_extensions import override

from api.main import NobodyMayEnter, create_app
from api.settings import Settings
from autodistill.logs import configure

FAREWELL_S = 2
"""For event streams, which do not end by themselves, when the service stops."""


def main() -> int:
    """Serve until SIGINT or SIGTERM, and return the exit code: EX_CONFIG when it may not start."""
    try:
        settings = Settings()
        app = create_app(settings)
    except ValidationError as error:
        for problem in error.errors():
            name = f"AUTODISTILL_{problem['loc'][0]}".upper()
            print(f"{name}: {problem['msg']}.", file=sys.stderr)
        return os.EX_CONFIG
    except NobodyMayEnter as error:
        print(error, file=sys.stderr)
        return os.EX_CONFIG
    configure(settings.log_format, service="api")
    uploads = settings.root / "uploads"
    uploads.mkdir(exist_ok=True)
    tempfile.tempdir = str(uploads)  # parts of a form lie there while they arrive
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,  # `api.metrics` tells more
        timeout_graceful_shutdown=FAREWELL_S,
    )
    Server(config, app.state.draining, settings.drain_s).run()
    return 0


class Server(uvicorn.Server):
    """Stops in two steps: first it is not ready, so that no balancer sends more, then it ends."""

    def __init__(self, config: uvicorn.Config, draining: threading.Event, drain_s: float) -> None:
        super().__init__(config)
        self._draining, self._drain_s = draining, drain_s

    @override
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self._draining.is_set() or not self._drain_s:
            self._draining.set()
            super().handle_exit(sig, frame)
            return
        self._draining.set()
        later = threading.Timer(self._drain_s, super().handle_exit, (sig, frame))
        later.daemon = True
        later.start()


if __name__ == "__main__":
    sys.exit(main())
