"""`python -m api`: listen where the settings say."""

from __future__ import annotations

import os
import sys

import uvicorn
from pydantic import ValidationError

from api.main import NobodyMayEnter, create_app
from api.settings import Settings

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
    uvicorn.run(app, host=settings.host, port=settings.port, timeout_graceful_shutdown=FAREWELL_S)
    return 0


if __name__ == "__main__":
    sys.exit(main())
