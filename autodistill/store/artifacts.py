"""Files by the hash of their content."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from pathlib import Path

from sqlalchemy import Connection

from autodistill.store import tables
from autodistill.store.columns import Clock
from autodistill.store.database import insert

SHA256 = re.compile("[0-9a-f]{64}")


class ArtifactFolder:
    """A folder in which each file lies under its SHA-256."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, source: Path) -> str:
        """Copy a file in and return its hash; the file appears whole or not at all."""
        with source.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        path = self.path(sha256)
        if path.exists():
            return sha256
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, fresh = tempfile.mkstemp(dir=path.parent, prefix=".")
        try:
            with source.open("rb") as original, os.fdopen(handle, "wb") as copy:
                shutil.copyfileobj(original, copy)
                copy.flush()
                os.fsync(copy.fileno())  # a row refers to it soon, and outlives a power cut
            Path(fresh).chmod(0o644)
            Path(fresh).replace(path)
        except BaseException:
            Path(fresh).unlink(missing_ok=True)
            raise
        return sha256

    def path(self, sha256: str) -> Path:
        """Return where the file of that hash lies, if it is there."""
        if not SHA256.fullmatch(sha256):
            raise ValueError(f"An artifact is named by 64 hexadecimal digits, got {sha256!r}.")
        return self._root / sha256[:2] / sha256


class Artifacts:
    """References to files; written after the file, so that none points at nothing."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, sha256: str, kind: str, size: int) -> None:
        """Refer to a file that is in the folder; a second reference changes nothing."""
        values = {"sha256": sha256, "kind": kind, "size": size, "created_at": Clock()}
        self._connection.execute(
            insert(self._connection, tables.artifact).values(values).on_conflict_do_nothing()
        )
