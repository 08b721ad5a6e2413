from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from autodistill.testing.rewriters import tiny_translator


def _problems(answer: Any) -> dict[str, str]:
    assert answer.status_code == 422, answer.text
    return {p["field"]: p["message"] for p in answer.json()["problems"]}


def test_a_job_is_accepted_and_queued(world: Any) -> None:
    answer = world.post("/v1/jobs", world.request(name="first"))
    job = answer.json()
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/v1/jobs/{job['id']}"
    assert (job["state"], job["version"], job["best"]) == ("queued", 1, None)
    assert job["progress"]["of"] == 20
    stored = world.get(answer.headers["location"])
    assert stored.json() == job
    assert stored.headers["etag"] == answer.headers["etag"] == '"1"'


def test_a_job_belongs_to_a_project(world: Any) -> None:
    mine, other = world.submit(project="mine"), world.submit()
    listed = {p: world.get(f"/v1/jobs?project={p}").json()["items"] for p in ("mine", "default")}
    assert {p: [j["id"] for j in jobs] for p, jobs in listed.items()} == {
        "mine": [mine],
        "default": [other],
    }
    assert listed["mine"][0]["spec"]["project"] == "mine"


def test_names_become_ids(world: Any) -> None:
    world.model("small", num_layers=2)
    students = [{"kind": "registered", "model": "small"}, {"kind": "cut", "num_layers": 3}]
    spec = world.post("/v1/jobs", world.request(students=students)).json()["spec"]
    assert spec["dataset"] == world.get("/v1/datasets/reviews").json()["id"]
    assert spec["teacher"]["model"] == world.get("/v1/models/teacher").json()["id"]
    assert spec["students"][0]["model"] == world.get("/v1/models/small").json()["id"]


def test_models_that_rewrite_texts_open_their_operations(world: Any) -> None:
    for name, seed in (("to-french", 0), ("from-french", 1)):
        path = tiny_translator(world.root / "models" / name, seed)
        source = {"kind": "directory", "path": str(path)}
        answer = world.post("/v1/models", {"name": name, "source": source})
        assert answer.status_code == 201, answer.text
    order = "augmentation.text_chain.order"
    translation = {"there": "to-french", "back": "from-french", "prefix": ">>fr<<"}
    augmenters = {"masked_lm": "teacher", "translation": translation}
    wish = {"augmentation": "text_chain", order: "back_translation+contextual"}
    spec = world.post("/v1/jobs", world.request(augmenters=augmenters, space=wish)).json()["spec"]
    ids = {name: world.get(f"/v1/models/{name}").json()["id"] for name in ("teacher", "to-french")}
    assert spec["augmenters"]["masked_lm"] == ids["teacher"]
    assert spec["augmenters"]["translation"]["there"] == ids["to-french"]
    assert spec["augmenters"]["translation"]["prefix"] == ">>fr<<"
    assert spec["space"][order]["options"] == ["back_translation+contextual"]
    problems = _problems(world.post("/v1/jobs", world.request(space=wish)))
    assert problems == {
        f"space.{order}": "'back_translation+contextual' is not available for this job."
    }
    wrong = {"masked_lm": "to-french", "translation": {"there": "teacher", "back": "nobody"}}
    problems = _problems(world.post("/v1/jobs", world.request(augmenters=wrong)))
    assert problems["augmenters.masked_lm"] == (
        "to-french translates, which serves augmenters.translation; name an encoder."
    )
    assert problems["augmenters.translation.there"] == (
        "teacher is no translation model (Marian) but bert; name one."
    )
    assert "nobody" in problems["augmenters.translation.back"]
    taught = world.request(teacher={"model": "to-french", "preparation": {"kind": "fine_tuned"}})
    assert "name an encoder" in _problems(world.post("/v1/jobs", taught))["teacher.model"]
    student = world.request(students=[{"kind": "registered", "model": "to-french"}])
    assert "name an encoder" in _problems(world.post("/v1/jobs", student))["students.0.model"]


def test_space_objectives_and_advice_are_frozen(world: Any) -> None:
    space = {"loss": ["softened_kl", "none"], "training.num_epochs": 4}
    spec = world.post("/v1/jobs", world.request(space=space)).json()["spec"]
    assert spec["space"]["loss"]["options"] == ["softened_kl", "none"]
    assert spec["space"]["training.num_epochs"]["options"] == [4]
    assert spec["space"]["training.learning_rate"]["type"] == "uniform"
    assert spec["objectives"] == [{"metric": "accuracy"}]
    assert len(spec["recommended"]) == 5
    assert all(advised["reason"] for advised in spec["recommended"])


def test_advice_can_be_declined(world: Any) -> None:
    request = world.request(search={"recommended": 0})
    assert world.post("/v1/jobs", request).json()["spec"]["recommended"] == []


def test_validation_says_what_would_be_stored_and_stores_nothing(world: Any) -> None:
    answer = world.post("/v1/jobs/validate", world.request())
    assert answer.status_code == 200
    assert world.get("/v1/jobs").json()["items"] == []
    stored = world.post("/v1/jobs", world.request()).json()["spec"]
    assert stored["recommended"]
    assert answer.json() == stored | {"recommended": []}


def test_every_wrong_field_is_named_at_once(world: Any) -> None:
    found = _problems(
        world.post(
            "/v1/jobs/validate",
            world.request(
                space={"loss": "magic", "colour": 1},
                objectives=[{"metric": "pearson"}],
                limits=[{"metric": "size", "bound": 3}, {"metric": "ece", "bound": 0.1}],
                start=[{"selection": {"kind": "none"}, "loss": {"kind": "none"}}],
            ),
        )
    )
    assert set(found) >= {"space.loss", "space.colour", "objectives.0.metric", "limits.0.metric"}
    assert "limits.1.metric" not in found


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"dataset": "nope"}, "dataset"),
        ({"teacher": {"model": "nope"}}, "teacher.model"),
        ({"students": [{"kind": "registered", "model": "nope"}]}, "students.0.model"),
    ],
)
def test_what_is_unknown_is_answered_with_the_known(
    world: Any, changes: dict[str, Any], field: str
) -> None:
    answer = world.post("/v1/jobs", world.request(**changes))
    assert field in _problems(answer)
    assert answer.json()["problems"][0]["known"] in (["reviews"], ["teacher"])


def test_a_cut_cannot_be_deeper_than_its_teacher(world: Any) -> None:
    students = [{"kind": "cut", "num_layers": 4}, {"kind": "cut", "num_layers": 5}]
    found = _problems(world.post("/v1/jobs", world.request(students=students)))
    assert set(found) == {"students.1.num_layers"}
    assert "1 to 4, not 5" in found["students.1.num_layers"]


def test_a_student_is_listed_once_under_whatever_name(world: Any) -> None:
    small = world.model("small", num_layers=2).json()
    students = [{"kind": "registered", "model": m} for m in ("small", small["id"])]
    assert "students" in _problems(world.post("/v1/jobs", world.request(students=students)))


def test_a_student_with_other_tokens_is_not_compared_token_by_token(world: Any) -> None:
    world.model("foreign", num_layers=2, vocabulary="other words")
    students = [{"kind": "registered", "model": "foreign"}]
    spec = world.post("/v1/jobs", world.request(students=students)).json()["spec"]
    assert set(spec["space"]["intermediate"]["options"]) & {"mse", "mi_alpha"} == {"mi_alpha"}


@pytest.mark.parametrize(
    ("labels", "status"),
    [((), 422), (("bad", "good"), 202), (("good", "bad"), 422), (("only",), 422)],
)
def test_a_teacher_as_it_is_needs_the_labels_of_the_dataset(
    world: Any, labels: tuple[str, ...], status: int
) -> None:
    world.model("judge", labels=labels, num_layers=6)
    teacher = {"model": "judge", "preparation": {"kind": "as_is"}}
    answer = world.post("/v1/jobs", world.request(teacher=teacher))
    assert answer.status_code == status
    if status == 422:
        assert "fine_tuned" in _problems(answer)["teacher.preparation"]


@pytest.mark.parametrize(("labels", "status"), [((), 422), (("score",), 202)])
def test_a_regression_needs_a_teacher_with_one_output(
    world: Any, labels: tuple[str, ...], status: int
) -> None:
    rows = "\n".join(f"text number {i},{i / 7}" for i in range(60))
    path = world.root / "values.csv"
    path.write_text(f"text,label\n{rows}")
    named = {"path": str(path), "name": "values", "task": "text_regression"}
    assert world.post("/v1/datasets/by-path", named).status_code == 201
    world.model("judge", labels=labels, num_layers=6)
    teacher = {"model": "judge", "preparation": {"kind": "as_is"}}
    answer = world.post("/v1/jobs", world.request(dataset="values", teacher=teacher))
    assert answer.status_code == status, answer.text


def test_a_key_makes_one_job_however_often_it_is_sent(world: Any) -> None:
    def send(_: int) -> str:
        headers = {"Idempotency-Key": "k1"}
        return str(world.post("/v1/jobs", world.request(), headers=headers).json()["id"])

    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(send, range(24)))
    assert len(ids) == 1
    assert [job["id"] for job in world.get("/v1/jobs").json()["items"]] == list(ids)


def test_a_key_stands_for_one_body(world: Any) -> None:
    headers = {"Idempotency-Key": "k1"}
    world.post("/v1/jobs", world.request(), headers=headers)
    again = world.post("/v1/jobs", world.request(seed=1), headers=headers)
    assert set(_problems(again)) == {"Idempotency-Key"}


def test_a_refused_body_does_not_use_its_key_up(world: Any) -> None:
    headers = {"Idempotency-Key": "k1"}
    assert world.post("/v1/jobs", world.request(dataset="x"), headers=headers).status_code == 422
    assert world.post("/v1/jobs", world.request(), headers=headers).status_code == 202


def test_without_a_key_every_post_is_a_job(world: Any) -> None:
    assert world.submit() != world.submit()
