"""`python -m api.probe`: whether the API of this machine is ready, as an exit code."""

from __future__ import annotations

import sys

import httpx

from api.settings import Settings


def main() -> int:
    """Ask, and return 0 for yes."""
    settings = Settings()
    try:
        return int(not httpx.get(f"http://127.0.0.1:{settings.port}/readyz", timeout=4).is_success)
    except httpx.TransportError:
        return 1


if __name__ == "__main__":
    sys.exit(main())
