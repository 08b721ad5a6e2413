"""Where the service is asked, and what its answers stand for."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

import httpx

from autodistill import errors
from autodistill.errors import AutodistillError, InvalidInput, Problem
from autodistill.record import Job


def path_of(*parts: str) -> str:
    """Return the address of a resource."""
    return "/v1/" + "/".join(quote(part, safe="") for part in parts)


def job_of(body: Mapping[str, Any]) -> Job:
    """Return the job of an answer, without what the answer adds to it."""
    return Job.model_validate({k: v for k, v in body.items() if k in Job.model_fields})


def unpack(file: IO[bytes], folder: Path) -> None:
    """Unpack an archive of plain files into a folder.

    Raises:
        AutodistillError: When it holds anything that would lie elsewhere.
    """
    with zipfile.ZipFile(file) as archive:
        for name in archive.namelist():
            if Path(name).name != name:
                message = f'The archive holds a path, "{name}"; nothing was unpacked.'
                raise AutodistillError(message)
        folder.mkdir(parents=True, exist_ok=True)
        archive.extractall(folder)


def refuse(response: httpx.Response) -> None:
    """Raise what an answer that is an error stands for."""
    if response.is_error:
        response.read()
        raise _error(response)


def _error(response: httpx.Response) -> AutodistillError:
    """Return the core's error that a problem document stands for."""
    try:
        body = response.json()
    except ValueError:
        body = None
    if not isinstance(body, dict) or "detail" not in body:
        place = f"{response.request.url} answered {response.status_code}"
        return AutodistillError(f"{place}, but not as AutoDistiller does: {response.text[:200]}")
    named = vars(errors).get(str(body.get("type", "")).rpartition(":")[2])
    kind = named if isinstance(named, type) and issubclass(named, AutodistillError) else None
    if kind is not None and issubclass(kind, InvalidInput):
        problems = [Problem.model_validate(p) for p in body["problems"]]
        return kind(problems or Problem(field="request", message=body["detail"]))
    found = AutodistillError.__new__(kind or AutodistillError)
    found.args = (body["detail"],)
    return found
