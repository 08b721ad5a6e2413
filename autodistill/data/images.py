"""Encoded images, as a file holds them: checked by decoding them, as data and never as code."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

from autodistill.data.problems import of_rows, shown
from autodistill.errors import InvalidDataset

FORMATS = ("PNG", "JPEG")
MAX_PIXELS = 25_000_000
"""Of one image; told by its header, before anything is decoded."""
MAX_BYTES = 20 * 2**20


def read_images(cells: Sequence[Any]) -> list[bytes]:
    """Return the images of a column of bytes, or of Hugging Face's structs with bytes and a path.

    Raises:
        InvalidDataset: When one is no PNG or JPEG, is too large or broken.
    """
    contents: list[Any] = [x.get("bytes") if isinstance(x, dict) else x for x in cells]
    if problems := of_rows("image_column", _faults(contents)):
        raise InvalidDataset(problems)
    return contents


def _faults(contents: Sequence[Any]) -> Iterator[tuple[int, str]]:
    for row, content in enumerate(contents, start=1):
        if message := _fault(content):
            yield row, message


def _fault(content: Any) -> str:
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415  # with images only

    if not isinstance(content, bytes):
        return f"the bytes of an image are needed, got {shown(content)}; paths are not followed."
    if len(content) > MAX_BYTES:
        return f"the image has {len(content)} bytes; {MAX_BYTES} can be read at most."
    try:
        with (
            warnings.catch_warnings(action="ignore"),
            Image.open(io.BytesIO(content), formats=FORMATS) as image,
        ):
            if not (message := _strange(image)):
                image.load()
            return message
    except UnidentifiedImageError:
        return "the bytes are no PNG or JPEG image."
    except Exception as error:  # decoders of hostile bytes raise of many kinds
        return f"the image is broken: {shown(str(error))}."


def _strange(image: Any) -> str:
    """Say what the header forbids, before anything is decoded."""
    if image.width * image.height > MAX_PIXELS:
        size = f"{image.width} x {image.height} pixels"
        return f"the image has {size}; {MAX_PIXELS} can be read at most."
    if image.mode.startswith(("I", "F")):
        return "the image has more than 8 bits in a channel; save it with 8."
    return ""
