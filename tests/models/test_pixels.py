from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from PIL import Image

from autodistill.activations import Activation
from autodistill.data.table import Split
from autodistill.errors import InvalidModel
from autodistill.models.encoders import cut, load_reader, load_with_fresh_head, save
from autodistill.models.inputs import read_inputs, write_inputs
from autodistill.models.inspection import inspect
from autodistill.models.outputs import read_outputs, write_outputs
from autodistill.models.pixels import ImageReader, Pixels
from autodistill.models.sources import Fresh, locate
from autodistill.task import Task
from autodistill.testing.tiny import tiny_vit

RNG = np.random.default_rng(0)


def png(mode: str, width: int, height: int) -> bytes:
    out = io.BytesIO()
    pixels = RNG.integers(0, 256, (height, width, 3), dtype=np.uint8)
    Image.fromarray(pixels).convert(mode).save(out, "PNG")
    return out.getvalue()


IMAGES = [png("RGB", 20, 11), png("L", 8, 8), png("RGBA", 5, 9), png("P", 30, 30), png("1", 8, 8)]
SPLIT = Split([], None, np.array([0, 1, 0, 1, 1]), None, IMAGES)
EVERYTHING = np.arange(len(IMAGES))


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_vit(tmp_path_factory.mktemp("vit") / "encoder")


@pytest.fixture
def pixels(encoder: Path) -> Pixels:
    reader = load_reader(encoder)
    assert isinstance(reader, ImageReader)
    return reader.read(SPLIT)


@pytest.mark.parametrize("channels", [1, 3])
def test_images_are_taken_as_transformers_takes_them(channels: int, tmp_path: Path) -> None:
    reader = ImageReader(edge=8, patch_size=4, num_channels=channels)
    reader.save_pretrained(tmp_path)
    auto: Any = transformers.AutoImageProcessor
    mode = "RGB" if channels == 3 else "L"
    decoded = [Image.open(io.BytesIO(content)).convert(mode) for content in IMAGES]
    theirs = auto.from_pretrained(tmp_path)(decoded, return_tensors="pt")["pixel_values"]
    ours = reader.read(SPLIT).batch(EVERYTHING).pixels_BCHH
    torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=0)


def test_they_come_back_from_disk(pixels: Pixels, tmp_path: Path) -> None:
    write_inputs(pixels, tmp_path, "train")
    again = read_inputs(tmp_path, "train")
    assert isinstance(again, Pixels)
    assert isinstance(again.pixels_NCHH, np.memmap)
    assert (len(again), again.num_states) == (5, 5)
    assert again.lengths.tolist() == [5] * 5
    assert again.labels(SPLIT).tolist() == SPLIT.labels.tolist()
    assert torch.equal(again.batch(EVERYTHING).pixels_BCHH, pixels.batch(EVERYTHING).pixels_BCHH)


def test_states_of_patches_are_packed_and_found_again(
    encoder: Path, pixels: Pixels, tmp_path: Path
) -> None:
    model = load_with_fresh_head(encoder, ("a", "b"), Task.IMAGE_CLASSIFICATION).eval()
    wanted = (Activation("hidden", 0), Activation("hidden", 4), Activation("value", 2))
    write_outputs(model, pixels, EVERYTHING, wanted, tmp_path, "train")
    found = read_outputs(tmp_path, "train", pixels, wanted)
    batch = pixels.batch(np.array([4, 1]))
    with torch.no_grad():
        out = model(output_hidden_states=True, **batch.inputs(model))
    np.testing.assert_allclose(found.logits_VC[[4, 1]], out.logits, atol=1e-6)
    for state in wanted[:2]:
        torch.testing.assert_close(
            found.padded(state, batch), out.hidden_states[state.layer], atol=2e-3, rtol=1e-3
        )
    assert found.padded(wanted[2], batch).shape == (2, 5, 32)


def test_a_student_is_cut_and_written_with_how_it_takes_images(
    encoder: Path, tmp_path: Path
) -> None:
    model = load_with_fresh_head(encoder, ("a", "b"), Task.IMAGE_CLASSIFICATION)
    save(cut(model, 2), load_reader(encoder), tmp_path, 128)
    found = inspect(tmp_path)
    assert (found.architecture, found.num_layers, found.head) == ("vit", 2, "ImageClassification")
    assert found.labels == ("a", "b")
    assert found.tokenizer_sha256 == inspect(encoder).tokenizer_sha256
    assert (tmp_path / "preprocessor_config.json").exists()


SIZES = {"image_size": 8, "patch_size": 4, "num_layers": 2, "hidden_size": 16, "num_heads": 2}


def test_fresh_weights_are_all_that_transformers_asks_for(tmp_path: Path) -> None:
    path = locate(Fresh(**SIZES), roots=[tmp_path], hub=False)
    assert path.is_relative_to(tmp_path)
    auto: Any = transformers.ViTModel
    model, report = auto.from_pretrained(path, add_pooling_layer=False, output_loading_info=True)
    assert not report["missing_keys"]
    assert not report["unexpected_keys"]
    weight = model.layers[1].mlp.fc1.weight
    assert float(weight.detach().std()) == pytest.approx(0.02, rel=0.1)
    found = inspect(path)
    assert (found.num_layers, found.hidden_size, found.num_heads) == (2, 16, 2)
    assert found.num_parameters == sum(p.numel() for p in model.parameters())
    assert found.head == ""


def test_fresh_models_are_made_once_and_differ_by_seed(tmp_path: Path) -> None:
    one, same = (locate(Fresh(**SIZES), roots=[tmp_path], hub=False) for _ in range(2))
    other = locate(Fresh(**SIZES, seed=1), roots=[tmp_path], hub=False)
    assert one == same != other
    assert inspect(one).sha256 != inspect(other).sha256
    assert inspect(one).tokenizer_sha256 == inspect(other).tokenizer_sha256


@pytest.mark.parametrize(
    ("changes", "field", "says"),
    [
        (
            {"patch_size": 3},
            "source.patch_size",
            "image_size must be a multiple of it; got patch_size=3",
        ),
        (
            {"num_heads": 3},
            "source.num_heads",
            "hidden_size must be a multiple of it; got num_heads=3",
        ),
        ({"num_channels": 2}, "source.num_channels", "1 or 3 channels; got num_channels=2"),
        ({"image_size": 512}, "source.image_size", "there may be 64 patches a side"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(
    changes: dict[str, int], field: str, says: str, tmp_path: Path
) -> None:
    with pytest.raises(InvalidModel) as refused:
        locate(Fresh(**SIZES | changes), roots=[tmp_path], hub=False)
    (problem,) = refused.value.problems
    assert problem.field == field
    assert says in problem.message


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"model_type": "deit"}, "Of image models only vit is served, not deit"),
        ({"patch_size": 3}, "image_size must be a multiple of patch_size, with 1 or 3 channels"),
        ({"num_channels": 4}, "image_size must be a multiple of patch_size, with 1 or 3 channels"),
        ({"image_size": [8, 8]}, "image_size must be a multiple"),
    ],
)
def test_other_image_models_are_refused(changes: dict[str, Any], says: str, tmp_path: Path) -> None:
    folder = tiny_vit(tmp_path / "vit")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | changes))
    with pytest.raises(InvalidModel, match=says):
        inspect(folder)


def test_other_preprocessing_is_refused(tmp_path: Path) -> None:
    folder = tiny_vit(tmp_path / "vit")
    path = folder / "preprocessor_config.json"
    path.write_text(json.dumps({"image_mean": [0.485, 0.456, 0.406]}))
    with pytest.raises(InvalidModel, match=r"must say image_mean 0.5, got \[0.485"):
        inspect(folder)
