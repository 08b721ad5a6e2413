"""Files by the hash of their content."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

from sqlalchemy import Connection, insert, select

from autodistill.store import tables
from autodistill.store.database import now


class ArtifactFolder:
    """A folder in which each file lies under its SHA-256."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, source: Path) -> str:
        """Copy a file in and return its hash; the file appears whole or not at all."""
        with source.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        path = self.path(sha256)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, fresh = tempfile.mkstemp(dir=path.parent)
            os.close(handle)
            shutil.copyfile(source, fresh)
            os.replace(fresh, path)
        return sha256

    def path(self, sha256: str) -> Path:
        """Return where the file of that hash lies, if it is there."""
        return self._root / sha256[:2] / sha256


class Artifacts:
    """References to files; written after the file, so that none points at nothing."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, sha256: str, *, kind: str, size: int) -> None:
        """Refer to a file that is in the folder."""
        table = tables.artifact
        if self._connection.scalar(select(table.c.sha256).where(table.c.sha256 == sha256)) is None:
            moment = now(self._connection)
            self._connection.execute(
                insert(table).values(sha256=sha256, kind=kind, size=size, created_at=moment)
            )
