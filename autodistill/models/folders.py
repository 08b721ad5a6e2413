"""Folders that are there whole or not at all, named by what they are made from."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

DONE = "done"
MEMBERS = "ensemble.json"
"""A folder's file with the names of others that it needs."""
BLOCK = 512
ABANDONED_S = 24 * 3600
"""After so long without a new file, whoever was making a folder is gone."""
ON_DEMAND, REST_S = ("states", "copies", "dynamics"), 600.0
"""Kinds that a trial makes anew at its start where they are missing, and how long after that start
it has surely opened them. An open file outlives its name."""


def key(kind: str, *parts: Any) -> str:
    """Return a name made from the content of JSON-able parts."""
    digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
    return f"{kind}-{digest[:24]}"


def folder(path: Path, make: Callable[[Path], object]) -> Path:
    """Return `path`, made first where it is not there yet.

    It is filled under another name, marked done last and renamed at once, so that a process killed
    half-way leaves nothing that looks finished; such remains are swept away when they are old.
    Where two make it, the first to rename wins. When it was last asked for decides what `evict`
    takes first.
    """
    if (path / DONE).exists():
        _used(path)
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


def evict(base: Path, limit_bytes: float, kept: Collection[str]) -> list[str]:
    """Delete folders, those first that nobody has asked for longest, and return their names.

    What is left takes at most `limit_bytes`, as far as folders may go: those in `kept`, and those
    asked for lately, stay.

    Args:
        base: Folder of folders.
        limit_bytes: Of all of them together, in blocks on disk.
        kept: Names of folders that somebody may still open.
    """
    found = []
    for path in base.iterdir() if base.is_dir() else ():
        with contextlib.suppress(FileNotFoundError):  # others make and evict as well
            found.append(((path / DONE).stat().st_mtime, path, _size(path)))
    excess = sum(size for *_, size in found) - limit_bytes
    gone = []
    for _, path, size in sorted(found):
        if excess <= 0:
            break
        with contextlib.suppress(FileNotFoundError):
            idle_s = time.time() - (path / DONE).stat().st_mtime  # it may have been used just now
            rest_s = REST_S if path.name.partition("-")[0] in ON_DEMAND else ABANDONED_S
            if path.name in kept or idle_s < rest_s:
                continue
            doomed = Path(tempfile.mkdtemp(prefix=f"{path.name}.", dir=base))
            os.replace(path, doomed)  # at once, so that nobody finds half of it
            shutil.rmtree(doomed, ignore_errors=True)
            excess -= size
            gone.append(path.name)
    return gone


def _used(path: Path) -> None:
    with contextlib.suppress(OSError):  # evicted just now, or read only
        os.utime(path / DONE)


def _size(path: Path) -> int:
    """Return the bytes that a folder's files take on disk; holes take none."""
    return sum(BLOCK * file.stat().st_blocks for file in path.rglob("*") if file.is_file())
