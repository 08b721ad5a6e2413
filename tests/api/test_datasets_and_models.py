from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autodistill.testing.shells import reviews, shell_model


def test_an_upload_is_a_dataset_that_is_found_by_id_and_name(world: Any) -> None:
    found = world.get("/v1/datasets/reviews").json()
    assert found["task"] == "text_classification"
    assert found["labels"] == ["bad", "good"]
    assert sum(found["num_examples"].values()) == 60
    assert world.get(f"/v1/datasets/{found['id']}").json() == found


def test_the_same_content_is_the_same_dataset(world: Any) -> None:
    again = world.upload("reviews")
    assert again.status_code == 201
    assert again.json() == world.get("/v1/datasets/reviews").json()


def test_the_names_of_classes_are_content(world: Any) -> None:
    path = world.root / "renamed.csv"
    path.write_text(reviews(world.root / "r.csv").read_text().replace(",good", ",yes"))
    found = world.post("/v1/datasets/by-path", {"path": str(path), "name": "renamed"}).json()
    assert (found["name"], found["labels"]) == ("renamed", ["bad", "yes"])


def test_a_name_cannot_mean_two_datasets(world: Any) -> None:
    path = reviews(world.root / "more.csv", num_rows=80)
    answer = world.post("/v1/datasets/by-path", {"path": str(path), "name": "reviews"})
    assert answer.status_code == 409


def test_the_canonical_table_is_kept_and_the_upload_is_not(world: Any) -> None:
    sha256 = world.get("/v1/datasets/reviews").json()["sha256"]
    assert (world.root / "artifacts" / sha256[:2] / sha256).is_file()
    assert list((world.root / "uploads").iterdir()) == []


def test_a_file_on_the_machine_is_registered_by_path(world: Any) -> None:
    path = reviews(world.root / "more.csv", num_rows=80)
    answer = world.post("/v1/datasets/by-path", {"path": str(path), "name": "more"})
    assert answer.status_code == 201
    assert sum(answer.json()["num_examples"].values()) == 80


@pytest.mark.parametrize("path", ["/etc/passwd", "{root}/../passwd", "{root}/link", "a\\u0000b"])
def test_a_path_outside_the_allowed_folders_is_refused(world: Any, path: str) -> None:
    (world.root / "link").symlink_to("/etc/passwd")
    body = {"path": path.format(root=world.root), "name": "more"}
    (problem,) = world.post("/v1/datasets/by-path", body).json()["problems"]
    assert problem["field"] == "path"
    assert problem["known"] == [str(world.root)]


@pytest.mark.parametrize("name", ["missing.csv", ".", "x" * 300, "x/" * 3000])
def test_a_path_to_no_file_is_refused(world: Any, name: str) -> None:
    body = {"path": str(world.root / name), "name": "more"}
    answer = world.post("/v1/datasets/by-path", body)
    assert answer.status_code == 422
    assert answer.json()["problems"][0]["field"] == "path"


def test_another_folder_can_be_allowed(open_world: Callable[..., Any], tmp_path: Path) -> None:
    world = open_world(tmp_path / "root", allowed_roots=(tmp_path / "shared",))
    (tmp_path / "shared").mkdir()
    path = reviews(tmp_path / "shared" / "r.csv")
    answer = world.post("/v1/datasets/by-path", {"path": str(path), "name": "reviews"})
    assert answer.status_code == 201


def test_an_upload_needs_both_parts(world: Any) -> None:
    files = {"file": ("a.csv", b"text,label")}
    missing = world.http.post("/v1/datasets", files=files)
    assert missing.status_code == 422
    assert missing.json()["problems"][0]["field"] == "request"
    wrong = world.http.post("/v1/datasets", files=files, data={"request": '{"nme": "x"}'})
    assert {p["field"] for p in wrong.json()["problems"]} == {"name", "nme"}


def test_a_column_that_is_missing_is_answered_with_those_there_are(world: Any) -> None:
    answer = world.upload("more", label_column="mood")
    (problem,) = answer.json()["problems"]
    assert problem["field"] == "label_column"
    assert problem["known"] == ["text", "label"]


@pytest.mark.parametrize("content", [b"", b"\x00\xff\xfe", b"PAR1", b'{"text": 1}'])
@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet", ".exe", ""])
def test_a_file_that_is_no_table_is_refused(world: Any, content: bytes, suffix: str) -> None:
    files = {"file": (f"odd{suffix}", content)}
    answer = world.http.post("/v1/datasets", files=files, data={"request": '{"name": "odd"}'})
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:autodistill:InvalidDataset"


@pytest.mark.parametrize("name", ["", "a/b", "..", "?", "x" * 101])
def test_a_name_must_fit_into_an_address(world: Any, name: str) -> None:
    data = {"request": json.dumps({"name": name})}
    answer = world.http.post("/v1/datasets", files={"file": ("a.csv", b"text,label")}, data=data)
    assert answer.json()["problems"][0]["field"] == "name"


def test_a_list_is_paged_by_name(world: Any) -> None:
    for name in ("a", "b", "zz"):
        world.model(name, num_layers=5 + ord(name[0]))
    first = world.get("/v1/models?limit=2").json()
    assert [m["name"] for m in first["items"]] == ["a", "b"]
    rest = world.get("/v1/models", params={"after": first["next"], "limit": 2}).json()
    assert [m["name"] for m in rest["items"]] == ["teacher", "zz"]
    assert rest["next"] is None


def test_a_model_tells_its_shape(world: Any) -> None:
    found = world.get("/v1/models/teacher").json()
    assert (found["architecture"], found["num_layers"], found["hidden_size"]) == ("bert", 4, 32)


def test_a_model_outside_the_allowed_folders_is_refused(world: Any, tmp_path: Path) -> None:
    path = shell_model(tmp_path / "elsewhere")
    source = {"kind": "directory", "path": str(path)}
    answer = world.post("/v1/models", {"name": "far", "source": source})
    assert answer.json()["type"] == "urn:autodistill:InvalidModel"


def test_the_hub_is_off_unless_allowed(world: Any) -> None:
    source = {"kind": "hub", "repo_id": "google-bert/bert-base-uncased"}
    answer = world.post("/v1/models", {"name": "bert", "source": source})
    assert "AUTODISTILL_HUB" in answer.json()["detail"]


def test_a_pickle_is_refused(world: Any) -> None:
    folder = shell_model(world.root / "old")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    source = {"kind": "directory", "path": str(folder)}
    answer = world.post("/v1/models", {"name": "old", "source": source})
    assert answer.status_code == 422
    assert "safetensors" in answer.json()["detail"]
