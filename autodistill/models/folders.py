"""Folders that are there whole or not at all, named by what they are made from."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

DONE = "done"
ABANDONED_S = 24 * 3600
"""After so long without a new file, whoever was making a folder is gone."""


def key(kind: str, *parts: Any) -> str:
    """Return a name made from the content of JSON-able parts."""
    digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
    return f"{kind}-{digest[:24]}"


def folder(path: Path, make: Callable[[Path], None]) -> Path:
    """Return `path`, made first where it is not there yet.

    It is filled under another name, marked done last and renamed at once, so that a process killed
    half-way leaves nothing that looks finished; such remains are swept away when they are old.
    Where two make it, the first to rename wins.
    """
    if (path / DONE).exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    for remains in path.parent.glob(f"{path.name}.*"):
        if time.time() - remains.stat().st_mtime > ABANDONED_S:
            shutil.rmtree(remains, ignore_errors=True)
    fresh = Path(tempfile.mkdtemp(prefix=f"{path.name}.", dir=path.parent))
    try:
        make(fresh)
        (fresh / DONE).touch()
        os.replace(fresh, path)
    except OSError:
        if not (path / DONE).exists():
            raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return path
