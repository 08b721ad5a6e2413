"""Tasks beside whole texts, at the door of the API."""

from __future__ import annotations

import json
from typing import Any

import pytest


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
