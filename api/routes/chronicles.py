"""Files of past tasks: imported, listed, forgotten."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Form, UploadFile
from pydantic import BaseModel, Field

from api.creation import Creation
from api.deps import Limit, PrincipalDep, SettingsDep, StoreDep
from api.description import leads
from api.routes.datasets import CHUNK, INGESTIONS
from api.views import Page, page
from autodistill.history import Chronicle
from autodistill.history.apart import understand
from autodistill.store import Transaction
from autodistill.task import Name

router = APIRouter(prefix="/v1/history/imports", tags=["history"])


class ChronicleForm(BaseModel):
    """The parts of an upload."""

    file: UploadFile
    name: Name = Field(examples=["the other team"])
    """What the import is called."""


IMPORTED = leads(["get_chronicle"], chronicle="$response.body#/id")


@router.post("", status_code=201, responses={201: IMPORTED})
def import_history(
    form: Annotated[ChronicleForm, Form(media_type="multipart/form-data")],
    store: StoreDep,
    settings: SettingsDep,
    creation: Creation,
) -> Chronicle:
    """Learn from a file that another service exported; equal tasks are the same import."""
    uploads = settings.root / "uploads"
    uploads.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=uploads) as scratch:
        source, canonical = Path(scratch) / "upload.parquet", Path(scratch) / "canonical.parquet"
        with source.open("wb") as out:
            shutil.copyfileobj(form.file.file, out, CHUNK)
        with source.open("rb") as file:
            known = (
                "/v1/history/imports",
                form.name,
                hashlib.file_digest(file, "sha256").hexdigest(),
            )
        if (chronicle := creation.earlier(*known)) is None:
            with INGESTIONS:
                found = understand(source, canonical, memory_mib=settings.ingest_mib)
            content = canonical.read_bytes()
            sha256 = hashlib.sha256(content).hexdigest()
            record = Chronicle(
                id=f"ch_{sha256[:16]}",
                name=form.name,
                sha256=sha256,
                num_tasks=found.num_tasks,
                num_trials=found.num_trials,
                created_at=datetime.now(UTC),
            )

            def put(tx: Transaction) -> str:
                return tx.chronicles.put(record, content).id

            chronicle, _ = creation.make(*known, action="history.import", make=put)
    return get_chronicle(chronicle, store)


@router.get("")
def list_chronicles(
    store: StoreDep, after: str | None = None, limit: Limit = 100
) -> Page[Chronicle]:
    """List imports by name."""
    with store.read() as tx:
        items = tx.chronicles.list(after, limit + 1)
    return page(items, limit, lambda chronicle: chronicle.name)


@router.get("/{chronicle}")
def get_chronicle(chronicle: str, store: StoreDep) -> Chronicle:
    """Return an import by id or name."""
    with store.read() as tx:
        return tx.chronicles.get(chronicle)


@router.delete("/{chronicle}")
def delete_chronicle(chronicle: str, store: StoreDep, principal: PrincipalDep) -> Chronicle:
    """Forget an import: what it told counts no longer."""
    with store.write() as tx:
        found = tx.chronicles.get(chronicle)
        tx.chronicles.forget(found)
        tx.audit.add(principal.name, "history.forget", found.id)
        return found
