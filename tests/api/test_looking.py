from __future__ import annotations

from typing import Any

from autodistill.logs import trial_log


def test_a_job_shows_how_far_it_is_and_its_best_trial_that_distils(world: Any) -> None:
    name = world.submit()
    job = world.claim()
    world.trial(job, 0, [0.5, 0.99], plain=True)
    world.trial(job, 1, [0.6, 0.8])
    world.trial(job, 2, [0.9, 0.7])
    world.trial(job, 3, [0.9])
    found = world.get(f"/v1/jobs/{name}").json()
    assert found["best"] == {"number": 2, "dev": {"accuracy": 0.9}}
    assert found["progress"]["complete"] == 4
    (listed,) = world.get("/v1/jobs").json()["items"]
    assert listed == found


def test_less_can_be_better(world: Any) -> None:
    name = world.submit(objectives=[{"metric": "nll"}])
    job = world.claim()
    for number, loss in enumerate((0.5, 0.2, 0.9)):
        world.trial(job, number, [loss], metric="nll")
    assert world.get(f"/v1/jobs/{name}").json()["best"]["number"] == 1


def test_trials_are_listed_by_number_without_curves(world: Any) -> None:
    name = world.submit()
    job = world.claim()
    for number in range(5):
        world.trial(job, number, [0.5, 0.6])
    first = world.get(f"/v1/jobs/{name}/trials?limit=3").json()
    assert [t["number"] for t in first["items"]] == [0, 1, 2]
    assert not any(t["curve"] for t in first["items"])
    rest = world.get(f"/v1/jobs/{name}/trials", params={"after": first["next"]}).json()
    assert [t["number"] for t in rest["items"]] == [3, 4]
    assert rest["next"] is None


def test_a_trial_shows_its_curve(world: Any) -> None:
    name = world.submit()
    world.trial(world.claim(), 0, [0.5, 0.6])
    found = world.get(f"/v1/jobs/{name}/trials/0").json()
    assert [m["values"]["dev/accuracy"] for m in found["curve"]] == [0.5, 0.6]
    assert found["reason"] == "a test"


def test_what_a_trial_said_is_shown(world: Any) -> None:
    name = world.submit()
    world.trial(world.claim(), 0, [0.5])
    assert world.get(f"/v1/jobs/{name}/trials/0/log").json() == {"text": ""}
    path = trial_log(world.root, name, 0)
    path.parent.mkdir(parents=True)
    path.write_text("Epoch 1\n")
    assert world.get(f"/v1/jobs/{name}/trials/0/log").json() == {"text": "Epoch 1\n"}


def test_an_unknown_trial_or_job_is_not_found(world: Any) -> None:
    name = world.submit()
    assert world.get(f"/v1/jobs/{name}/trials/7").status_code == 404
    for path in ("", "/trials", "/trials/0", "/trials/0/log", "/curves", "/events", "/student"):
        assert world.get(f"/v1/jobs/nope{path}").status_code == 404, path


def test_curves_come_by_column(world: Any) -> None:
    name = world.submit()
    job = world.claim()
    world.trial(job, 0, [0.5, 0.6], plain=True)
    world.trial(job, 1, [0.7])
    assert world.get(f"/v1/jobs/{name}/curves").json() == {
        "metric": "accuracy",
        "num_trials": 2,
        "trials": [
            {
                "number": 0,
                "origin": "baseline",
                "state": "complete",
                "epochs": [1, 2],
                "values": [0.5, 0.6],
            },
            {
                "number": 1,
                "origin": "sampler",
                "state": "complete",
                "epochs": [1],
                "values": [0.7],
            },
        ],
    }


def test_components_tell_title_prose_and_schema(world: Any) -> None:
    found = world.get("/v1/components").json()
    assert set(found) >= {"loss", "intermediate", "augmentation", "selection", "targets"}
    loss = found["loss"]["softened_kl"]
    assert loss["title"] == "Softened KL"
    assert "Hinton" in loss["doc"]
    assert loss["schema"]["properties"]["temperature"]["x-search"]["log"] is True


def test_metrics_tell_their_label_and_which_way_is_better(world: Any) -> None:
    found = world.get("/v1/components/metrics").json()
    assert found["nll"]["lower_is_better"] is True
    assert found["agreement_wrong"]["label"] == "copied mistakes"
    assert {"accuracy", "cka", "rmse_to_teacher", "latency_ms"} <= set(found)


def test_recommendations_come_with_reasons(world: Any) -> None:
    asked = {
        "dataset": "reviews",
        "teacher": "teacher",
        "student": {"kind": "cut", "num_layers": 2},
        "k": 3,
    }
    found = world.post("/v1/recommendations", asked).json()
    assert len(found["advice"]) == 3
    assert all(advice["reason"] for advice in found["advice"])
    assert found["basis"] == "expert"
    wrong = world.post("/v1/recommendations", asked | {"student": {"kind": "cut", "num_layers": 9}})
    assert wrong.json()["problems"][0]["field"] == "student.num_layers"


def test_the_service_says_that_it_is_up_and_ready(world: Any) -> None:
    assert world.get("/healthz").json() == {"status": "ok"}
    assert world.get("/readyz").json() == {"status": "ready"}


def test_large_answers_are_compressed(world: Any) -> None:
    assert world.get("/v1/components").headers["content-encoding"] == "gzip"


def test_the_dashboard_is_there(world: Any) -> None:
    assert world.get("/").headers["content-type"].startswith("text/html")
