"""Tasks beside whole texts, at the door of the API."""

from __future__ import annotations

import json
from typing import Any

import pytest

from autodistill.task import Task
from autodistill.testing.tiny import tiny_dataset


def tagged(world: Any) -> dict[str, Any]:
    """Register twelve sentences of tagged words as `places`."""
    lines = [
        {"text": ["in", f"town{i}"], "label": ["O", "B-place"], "split": split}
        for i, split in enumerate(["train"] * 8 + ["dev", "dev", "test", "test"])
    ]
    answer = world.http.post(
        "/v1/datasets",
        files={"file": ("places.jsonl", "\n".join(map(json.dumps, lines)).encode())},
        data={"request": json.dumps({"name": "places", "split_column": "split"})},
    )
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def images(world: Any) -> dict[str, Any]:
    """Register twelve images as `thirds`."""
    folder = world.root / "images"
    tiny_dataset(folder, Task.IMAGE_CLASSIFICATION, num_train=24, num_held_out=12)
    how = {"name": "thirds", "image_column": "image", "split_column": "split"}
    answer = world.http.post(
        "/v1/datasets",
        files={"file": ("thirds.parquet", (folder / "examples.parquet").read_bytes())},
        data={"request": json.dumps(how)},
    )
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


FRESH = {"kind": "fresh", "image_size": 8, "num_layers": 4, "hidden_size": 32}


def fresh(world: Any, name: str = "fresh", **sizes: int) -> Any:
    return world.post("/v1/models", {"name": name, "source": {**FRESH, **sizes}})


def refused(answer: Any) -> dict[str, str]:
    assert answer.status_code == 422, answer.text
    return {p["field"]: p["message"] for p in answer.json()["problems"]}


def test_lists_make_a_token_task_and_its_space_and_metrics(world: Any) -> None:
    dataset = tagged(world)
    assert dataset["task"] == "token_classification"
    assert dataset["labels"] == ["B-place", "O"]
    answer = world.post("/v1/jobs/validate", world.request(dataset="places"))
    assert answer.status_code == 200, answer.text
    spec = answer.json()
    assert spec["objectives"] == [{"metric": "entity_f1"}]
    assert not {"mixup", "random_edits"} & set(spec["space"]["augmentation"]["options"])
    assert "class_balanced" not in spec["space"]["selection"]["options"]


@pytest.mark.parametrize("path", ["/v1/jobs/validate", "/v1/jobs"])
def test_tagged_words_ask_for_one_tokenizer(world: Any, path: str) -> None:
    tagged(world)
    world.model("foreign", num_layers=2, vocabulary="other words")
    students = [{"kind": "registered", "model": "foreign"}]
    found = refused(world.post(path, world.request(dataset="places", students=students)))
    assert found == {
        "students.0.model": "Where words are tagged, teacher and student must share a tokenizer; "
        "foreign cuts otherwise than teacher. Choose another one."
    }


def test_a_head_for_whole_texts_does_not_tag_words(world: Any) -> None:
    tagged(world)
    world.model("headed", labels=("B-place", "O"))
    teacher = {"model": "headed", "preparation": {"kind": "as_is"}}
    (message,) = refused(
        world.post("/v1/jobs", world.request(dataset="places", teacher=teacher))
    ).values()
    assert "this one has a head for SequenceClassification" in message


def test_advice_is_given_for_tagged_words(world: Any) -> None:
    tagged(world)
    asked = {
        "dataset": "places",
        "teacher": "teacher",
        "student": {"kind": "cut", "num_layers": 2},
        "k": 10,
    }
    advice = world.post("/v1/recommendations", asked).json()["advice"]
    assert advice
    assert all(a["pipeline"]["augmentation"]["kind"] == "none" for a in advice)


def test_images_and_a_fresh_transformer_make_a_job(world: Any) -> None:
    assert images(world)["task"] == "image_classification"
    made = fresh(world)
    assert made.status_code == 201, made.text
    assert (made.json()["architecture"], made.json()["num_layers"]) == ("vit", 4)
    asked = world.request(
        dataset="thirds", teacher={"model": "fresh", "preparation": {"kind": "fine_tuned"}}
    )
    answer = world.post("/v1/jobs/validate", asked)
    assert answer.status_code == 200, answer.text
    space = answer.json()["space"]
    assert "mixup" in space["augmentation"]["options"]
    assert not {"random_edits", "policy_aug"} & set(space["augmentation"]["options"])
    assert answer.json()["objectives"] == [{"metric": "accuracy"}]


def test_the_same_fresh_model_is_one_model(world: Any) -> None:
    first = fresh(world).json()
    assert fresh(world, "other", seed=1).json()["id"] != first["id"]


def test_sizes_of_a_fresh_model_are_checked(world: Any) -> None:
    assert "multiple" in refused(fresh(world, patch_size=3))["source.patch_size"]


def test_models_of_texts_do_not_read_images(world: Any) -> None:
    images(world)
    fresh(world)
    found = refused(world.post("/v1/jobs", world.request(dataset="thirds")))
    assert found["teacher.model"].startswith("teacher reads texts, but thirds has images;")
    teacher = {"model": "fresh", "preparation": {"kind": "fine_tuned"}}
    found = refused(world.post("/v1/jobs", world.request(teacher=teacher)))
    assert found == {
        "teacher.model": "fresh reads images, but reviews has texts; choose another model."
    }
    students = [{"kind": "registered", "model": "teacher"}]
    asked = world.request(dataset="thirds", teacher=teacher, students=students)
    assert "students.0.model" in refused(world.post("/v1/jobs", asked))


def test_words_are_not_rewritten(world: Any) -> None:
    tagged(world)
    asked = world.request(dataset="places", augmenters={"masked_lm": "teacher"})
    assert refused(world.post("/v1/jobs", asked)) == {
        "augmenters": "Augmenters rewrite whole texts; token_classification has none. "
        "Leave them out."
    }
