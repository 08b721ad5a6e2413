"""Registering and listing datasets."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Body, Form, UploadFile
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from api.creation import Creation
from api.deps import Limit, PrincipalDep, SettingsDep, StoreDep
from api.description import EXAMPLE_DATASET, EXAMPLE_DATASET_BY_PATH, leads
from api.errors import of_pydantic
from api.exact import Exact
from api.settings import Settings
from api.views import Page, View, page
from autodistill.data.apart import ingest_apart
from autodistill.data.ingest import DatasetRequest
from autodistill.errors import InvalidDataset, InvalidInput, Problem
from autodistill.models.sources import confined
from autodistill.recommend.similarity import dataset_distances, flat_map
from autodistill.record import Dataset
from autodistill.store import ArtifactFolder, Sought, Store, Transaction
from autodistill.task import Task

router = APIRouter(prefix="/v1/datasets", tags=["datasets"])
CHUNK = 2**20
NEIGHBOURS = 5
MOST_MAPPED = 300
"""Datasets on the map: distances grow with the square."""
SOME = 10
"""Jobs that a refusal looks for."""
INGESTIONS = threading.BoundedSemaphore(2)
"""Files that are read at once, each within its own limits."""


class DatasetByPath(DatasetRequest):
    """A dataset that lies on the service's machine."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Path
    """CSV, TSV, JSONL or Parquet, inside the data root or another allowed folder."""


class Neighbour(View):
    """A dataset that is like another."""

    id: str
    name: str
    distance: float
    """Root mean square difference of the meta-features, each in its usual unit."""


class Place(View):
    """Where a dataset lies on the map."""

    id: str
    name: str
    task: Task
    x: float
    y: float
    neighbours: list[Neighbour]
    """The nearest first."""


class DatasetMap(View):
    """The datasets in a plane."""

    places: list[Place]


class DatasetForm(BaseModel):
    """The parts of an upload."""

    file: UploadFile
    request: str = Field(examples=[json.dumps(EXAMPLE_DATASET)])
    """A `DatasetRequest` as JSON."""


DATASET = leads(["get_dataset"], dataset="$response.body#/id")


@router.post("", status_code=201, responses={201: DATASET})
def upload_dataset(
    form: Annotated[DatasetForm, Form(media_type="multipart/form-data")],
    store: StoreDep,
    settings: SettingsDep,
    creation: Creation,
) -> Dataset:
    """Register an uploaded file; equal content is the same dataset."""
    try:
        asked = DatasetRequest.model_validate_json(form.request, strict=True)
    except ValidationError as error:
        raise InvalidInput(of_pydantic(e) for e in error.errors()) from error
    with _scratch(settings) as folder:
        suffix = Path(form.file.filename or "").suffix.lower()
        path = folder / f"upload{suffix}"
        with path.open("wb") as out:
            shutil.copyfileobj(form.file.file, out, CHUNK)
        return _register(path, asked, folder, store, settings, creation)


@router.post("/by-path", status_code=201, responses={201: DATASET})
def register_dataset(
    asked: Annotated[DatasetByPath, Exact, Body(examples=[EXAMPLE_DATASET_BY_PATH])],
    store: StoreDep,
    settings: SettingsDep,
    creation: Creation,
) -> Dataset:
    """Register a file on the service's machine; it is copied."""
    path = confined(asked.path, settings.roots)
    if path is None:
        known = tuple(map(str, settings.roots))
        message = f'"{asked.path}" lies outside the allowed folders.'
        raise InvalidDataset(Problem(field="path", message=message, known=known))
    if not os.path.isfile(path):  # says False where Path.is_file raises
        raise InvalidDataset(Problem(field="path", message=f'There is no file "{asked.path}".'))
    request = DatasetRequest.model_validate(asked.model_dump(exclude={"path"}))
    with _scratch(settings) as folder:
        return _register(path, request, folder, store, settings, creation)


@router.get("")
def list_datasets(store: StoreDep, after: str | None = None, limit: Limit = 100) -> Page[Dataset]:
    """List datasets by name."""
    with store.read() as tx:
        items = tx.datasets.list(after, limit + 1)
    return page(items, limit, lambda dataset: dataset.name)


@router.get("-map")
def map_datasets(store: StoreDep) -> DatasetMap:
    """Place the datasets in a plane, near where they are alike, with each one's neighbours."""
    with store.read() as tx:
        found = tx.datasets.list(limit=MOST_MAPPED)
    distances = dataset_distances(found)
    places = flat_map(distances)
    return DatasetMap(
        places=[
            Place(
                id=one.id,
                name=one.name,
                task=one.task,
                x=float(x),
                y=float(y),
                neighbours=[
                    Neighbour(id=found[j].id, name=found[j].name, distance=float(distances[i, j]))
                    for j in np.argsort(distances[i], kind="stable")
                    if j != i
                ][:NEIGHBOURS],
            )
            for i, (one, (x, y)) in enumerate(zip(found, places, strict=True))
        ]
    )


@router.delete("/{dataset}")
def delete_dataset(dataset: str, store: StoreDep, principal: PrincipalDep) -> Dataset:
    """Forget a dataset that no job uses."""
    with store.write() as tx:
        found = tx.datasets.get(dataset)
        users = tx.jobs.list(Sought(registered=found.id), limit=SOME)
        tx.datasets.remove(found, [job.id for job in users])
        tx.audit.add(principal.name, "dataset.delete", found.id)
        return found


@router.get("/{dataset}")
def get_dataset(dataset: str, store: StoreDep) -> Dataset:
    """Return a dataset by id or name."""
    with store.read() as tx:
        return tx.datasets.get(dataset)


@contextmanager
def _scratch(settings: Settings) -> Iterator[Path]:
    uploads = settings.root / "uploads"
    uploads.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=uploads))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _register(
    path: Path,
    asked: DatasetRequest,
    folder: Path,
    store: Store,
    settings: Settings,
    creation: Creation,
) -> Dataset:
    with path.open("rb") as file:
        content = hashlib.file_digest(file, "sha256").hexdigest()
    known = "/v1/datasets", asked.model_dump_json(), content
    if (dataset := creation.earlier(*known)) is None:
        with INGESTIONS:
            found = ingest_apart(path, asked, folder, memory_mib=settings.ingest_mib)
        sha256 = ArtifactFolder(settings.root / "artifacts").put(found.path)
        size = found.path.stat().st_size
        record = Dataset(
            id=f"ds_{found.sha256[:16]}",
            name=asked.name,
            sha256=found.sha256,
            task=found.task,
            labels=found.labels,
            has_pair=found.has_pair,
            num_examples=found.num_examples,
            licence=asked.licence,
            meta_features=found.meta_features,
            created_at=datetime.now(UTC),
        )

        def add(tx: Transaction) -> str:
            tx.artifacts.add(sha256, kind="dataset", size=size)
            return tx.datasets.add(record).id

        dataset, _ = creation.make(*known, action="dataset.register", make=add)
    return get_dataset(dataset, store)
