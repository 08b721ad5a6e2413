"""Where the service is asked, and what its answers stand for."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any, Self
from urllib.parse import quote

import httpx

from autodistill import errors
from autodistill.errors import AutodistillError, InvalidInput, Problem, Unavailable
from autodistill.record import Job

AWAY = (502, 503, 504)
"""What a proxy answers too while the service behind it starts."""


class Connection:
    """How the service is asked; what it refuses is raised as the core's own error.

    Args:
        url: Where the service is.
        token: API token, where the service asks for one; `AUTODISTILL_TOKEN` when not given.
    """

    def __init__(self, url: str = "http://127.0.0.1:8000", token: str | None = None) -> None:
        token = token or os.environ.get("AUTODISTILL_TOKEN")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        timeout = httpx.Timeout(60, read=600)
        hooks: dict[str, list[Any]] = {"response": [refuse]}
        self._http = httpx.Client(base_url=url, headers=headers, timeout=timeout, event_hooks=hooks)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _save(self, path: str, asked: Mapping[str, Any], out: IO[bytes]) -> None:
        with self._http.stream("GET", path, params=asked) as response:
            for chunk in response.iter_bytes():
                out.write(chunk)

    def _pages(self, path: str) -> Iterator[Any]:
        after: str | None = None
        while True:
            page = self._ask("GET", path, params={} if after is None else {"after": after})
            yield from page["items"]
            if (after := page["next"]) is None:
                return

    def _ask(self, method: str, path: str, **request: Any) -> Any:
        return self._http.request(method, path, **request).json()


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
        away = response.status_code in AWAY
        place = f"{response.request.url} answered {response.status_code}"
        message = f"{place}, but not as AutoDistiller does: {response.text[:200]}"
        return Unavailable(message) if away else AutodistillError(message)
    named = vars(errors).get(str(body.get("type", "")).rpartition(":")[2])
    kind = named if isinstance(named, type) and issubclass(named, AutodistillError) else None
    if kind is not None and issubclass(kind, InvalidInput):
        problems = [Problem.model_validate(p) for p in body["problems"]]
        return kind(problems or Problem(field="request", message=body["detail"]))
    found = AutodistillError.__new__(kind or AutodistillError)
    found.args = (body["detail"],)
    return found
