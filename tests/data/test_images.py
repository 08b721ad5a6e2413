from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow
import pytest
from PIL import Image
from pyarrow import parquet

from autodistill.data.ingest import Ingested
from autodistill.data.table import read_split
from autodistill.errors import Problem
from autodistill.task import Task

Take = Callable[..., Ingested]
Refusal = Callable[..., Sequence[Problem]]
SPLITS = ("train", "train", "train", "dev", "dev", "test", "test")


def encoded(value: int = 0, mode: str = "RGB", kind: str = "PNG", edge: int = 6) -> bytes:
    out = io.BytesIO()
    pixels = np.full((edge, edge, 3), value, dtype=np.uint8)
    Image.fromarray(pixels).convert(mode).save(out, kind)
    return out.getvalue()


def halves(bright: int, other: int) -> bytes:
    """Return an image whose left or right half is bright."""
    pixels = np.full((8, 8), other, dtype=np.uint8)
    pixels[:, 4 * bright : 4 * bright + 4] += 120
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def rows() -> list[dict[str, Any]]:
    return [{"image": encoded(i), "label": "ab"[i % 2], "split": s} for i, s in enumerate(SPLITS)]


def table(examples: list[dict[str, Any]]) -> bytes:
    out = pyarrow.BufferOutputStream()
    parquet.write_table(pyarrow.Table.from_pylist(examples), out)
    return bytes(out.getvalue())


@pytest.fixture
def images(take: Take) -> Take:
    def images(examples: list[dict[str, Any]], **changes: Any) -> Ingested:
        return take(table(examples), ".parquet", **{"image_column": "image", **changes})

    return images


@pytest.fixture
def no_images(refusal: Refusal) -> Refusal:
    def no_images(examples: list[dict[str, Any]], **changes: Any) -> Sequence[Problem]:
        return refusal(table(examples), ".parquet", **{"image_column": "image", **changes})

    return no_images


def test_the_bytes_are_kept_as_they_came(images: Take) -> None:
    found = images(rows())
    assert (found.task, found.labels) == (Task.IMAGE_CLASSIFICATION, ("a", "b"))
    assert found.num_examples == {"train": 3, "dev": 2, "test": 2}
    dev = read_split(found.path, "dev")
    assert dev.images == [encoded(3), encoded(4)]
    assert dev.labels.tolist() == [1, 0]
    assert dev.some(np.array([1])).images == [encoded(4)]


def test_structs_of_hugging_face_are_the_same_dataset(images: Take) -> None:
    structs = [{**r, "image": {"bytes": r["image"], "path": "somewhere.png"}} for r in rows()]
    assert images(structs).sha256 == images(rows()).sha256


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK"])
def test_images_of_any_mode_are_taken(images: Take, mode: str) -> None:
    kind = "JPEG" if mode == "CMYK" else "PNG"
    found = images([{**row, "image": encoded(9, mode, kind)} for row in rows()])
    assert found.num_examples["train"] == 3


def test_equal_images_fall_on_one_side_of_a_made_split(images: Take) -> None:
    examples = [{"image": encoded(i), "label": "ab"[i % 2]} for i in range(200)]
    found = images([*examples, *examples], split_column=None)
    inside = [set(read_split(found.path, s).images or ()) for s in ("train", "dev", "test")]
    assert sum(map(len, inside)) == 200


def test_meta_features_are_finite_and_a_linear_model_sees_brightness(images: Take) -> None:
    examples = [
        {"image": halves(bright, i // 2 % 100), "label": "ab"[bright]}
        for i, bright in ((i, i % 2) for i in range(200))
    ]
    found = images(examples, split_column=None).meta_features
    assert all(np.isfinite(value) for value in found.values())
    assert found["mean_words"] == 0
    assert found["majority"] + found["linear_gain"] > 0.95


def bomb() -> bytes:
    """Return a PNG of a few bytes whose header claims 10,000 x 10,000 pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checked = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checked)

    header = struct.pack(">IIBBBBB", 10_000, 10_000, 8, 2, 0, 0, 0)
    content = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(100)))
    return b"\x89PNG\r\n\x1a\n" + content + chunk(b"IEND", b"")


def deep() -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.zeros((4, 4), dtype=np.uint16)).save(out, "PNG")
    return out.getvalue()


def gif() -> bytes:
    out = io.BytesIO()
    Image.new("L", (4, 4)).save(out, "GIF")
    return out.getvalue()


@pytest.mark.parametrize(
    ("image", "says"),
    [
        (bomb(), "the image has 10000 x 10000 pixels; 25000000 can be read at most"),
        (b"", "no PNG or JPEG"),
        (b"<svg/>", "no PNG or JPEG"),
        (gif(), "no PNG or JPEG"),
        (encoded(edge=60)[:-30], "the image is broken"),
        (encoded(kind="JPEG", edge=60)[:300], "the image is broken"),
        (deep(), "more than 8 bits"),
        (None, "the bytes of an image are needed, got None"),
        (bytes(20 * 2**20 + 1), "20971520 can be read at most"),
    ],
    ids=["bomb", "empty", "svg", "gif", "cut png", "cut jpeg", "16 bit", "none", "huge"],
)
def test_what_is_no_plain_image_is_refused_by_row(
    no_images: Refusal, image: bytes | None, says: str
) -> None:
    examples = rows()
    examples[1]["image"] = image
    (problem,) = no_images(examples)
    assert problem.field == "image_column"
    assert problem.message.startswith("Row 2: ")
    assert says in problem.message


def test_paths_are_not_followed(no_images: Refusal) -> None:
    paths = [{**row, "image": "/etc/passwd"} for row in rows()]
    assert "paths are not followed" in no_images(paths)[0].message
    structs = [{**row, "image": {"bytes": None, "path": "/etc/passwd"}} for row in rows()]
    assert "paths are not followed" in no_images(structs)[0].message


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"task": Task.TEXT_CLASSIFICATION}, "task"),
        ({"pair_column": "other"}, "pair_column"),
        (
            {"image_column": None, "text_column": "other", "task": Task.IMAGE_CLASSIFICATION},
            "image_column",
        ),
    ],
)
def test_images_and_the_rest_of_the_request_must_agree(
    no_images: Refusal, changes: dict[str, Any], field: str
) -> None:
    (problem,) = no_images([{**row, "other": "x"} for row in rows()], **changes)
    assert problem.field == field
