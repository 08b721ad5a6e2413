from __future__ import annotations

import io
from typing import Any

import pytest
from pyarrow import csv, parquet

from autodistill.optimisation import Training
from autodistill.planning.verdict import verdict
from autodistill.record import Measurement, Origin, TrialState
from autodistill.spec import PipelineSpec, TrialSpec, plain_fine_tuning


@pytest.fixture
def job(world: Any) -> tuple[Any, str]:
    """A job with a plain trial, eleven that distil, and one that runs."""
    name = world.submit()
    claimed = world.claim()
    world.trial(claimed, 0, [0.5, 0.6], plain=True)
    for number in range(1, 12):
        world.trial(claimed, number, [0.5, 0.6 + number / 100])
    with world.store.write() as tx:
        driving = tx.driving(claimed.id, claimed.owner_epoch)
        spec = TrialSpec(pipeline=PipelineSpec(), student="cut-2", seed=12)
        driving.suggest(12, spec, Origin.SAMPLER, "open")
        driving.start(12)
    return claimed, name


def test_columns_come_with_leaders_and_are_narrowed(world: Any, job: Any) -> None:
    _, name = job
    ask = {"name": ["number", "score", "state"]}
    found = world.get(f"/v1/jobs/{name}/columns", params=ask).json()
    assert found["num_trials"] == 13
    assert found["columns"]["number"] == list(range(13))
    assert found["columns"]["score"][12] is None
    assert found["leaders"] == list(range(1, 12))
    assert found["hypervolume"] == []
    narrow = ask | {"where": ["score>=0.7", "state=complete"], "most": 10}
    few = world.get(f"/v1/jobs/{name}/columns", params=narrow).json()
    assert few["columns"]["number"] == [10, 11]


def test_several_objectives_have_a_front_in_all_of_them_and_its_hypervolume(world: Any) -> None:
    name = world.submit(objectives=[{"metric": "accuracy"}, {"metric": "nll"}])
    claimed = world.claim()
    told = [(0.9, 0.1), (0.6, 0.5), (0.7, 0.7), (0.6, 0.6), (0.8, 0.9), (0.75, 0.6)]
    for number, (accuracy, nll) in enumerate(told):  # the first distils nothing
        with world.store.write() as tx:
            driving = tx.driving(claimed.id, claimed.owner_epoch)
            pipeline = plain_fine_tuning(Training()) if number == 0 else PipelineSpec()
            spec = TrialSpec(pipeline=pipeline, student="cut-2", seed=number)
            driving.suggest(number, spec, Origin.SAMPLER, "a test")
            driving.start(number)
            scores = {"accuracy": accuracy, "nll": nll}
            costs = {"latency_ms": 9.0 - number, "num_parameters": 5.0}
            driving.finish(
                number, TrialState.COMPLETE, dev=scores | costs, test=scores, seconds=1.0
            )
    ask = {"name": ["number"]}
    found = world.get(f"/v1/jobs/{name}/columns", params=ask).json()
    assert sorted(found["front"]) == [1, 4, 5]
    assert [number for number, _ in found["hypervolume"]] == [1, 2, 4, 5]
    by_hand = [0.11, 0.41, 0.46, 0.11 + 0.75 * 0.85 + 0.25 * 0.1]  # a tenth beyond 0.6 and 0.9
    assert [covered * 1.1**2 for _, covered in found["hypervolume"]] == pytest.approx(by_hand)
    few = world.get(f"/v1/jobs/{name}/columns", params=ask | {"where": ["number>=4"]}).json()
    assert few["hypervolume"] == found["hypervolume"]


def test_a_column_that_is_not_there_is_refused(world: Any, job: Any) -> None:
    answer = world.get(f"/v1/jobs/{job[1]}/columns", params={"name": "los"})
    assert answer.status_code == 422
    assert "loss" in answer.json()["problems"][0]["known"]


def test_the_table_is_sorted_filtered_and_paged(world: Any, job: Any) -> None:
    ask = {"name": ["number", "loss"], "sort": "-dev/accuracy", "limit": 5, "where": "distils=true"}
    pages: list[int] = []
    after: dict[str, Any] = {}
    while True:
        page = world.get(f"/v1/jobs/{job[1]}/table", params=ask | after).json()
        assert (page["num_trials"], page["num_matching"]) == (13, 12)
        pages += page["columns"]["number"]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert pages == [*range(11, 0, -1), 12]


def test_fields_tell_types_values_and_bounds(world: Any, job: Any) -> None:
    fields = {f["name"]: f for f in world.get(f"/v1/jobs/{job[1]}/fields").json()}
    assert fields["state"]["values"] == ["complete", "running"]
    assert fields["loss"]["type"] == "category"
    assert fields["loss.temperature"]["log"] is True
    assert (fields["score"]["low"], fields["score"]["high"]) == (0.6, 0.71)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_every_trial_is_exported_with_every_column(world: Any, job: Any, kind: str) -> None:
    answer = world.get(f"/v1/jobs/{job[1]}/export", params={"format": kind, "sort": "number"})
    assert f"{job[1]}-trials.{kind}" in answer.headers["content-disposition"]
    read = csv.read_csv if kind == "csv" else parquet.read_table
    table = read(io.BytesIO(answer.content))
    assert table["number"].to_pylist() == list(range(13))
    assert table["loss"].to_pylist() == ["none", *["softened_kl"] * 12]
    assert set(table.column_names) == {
        f["name"] for f in world.get(f"/v1/jobs/{job[1]}/fields").json()
    }


def test_curves_of_some_trials_and_another_name(world: Any, job: Any) -> None:
    _, name = job
    found = world.get(f"/v1/jobs/{name}/curves", params={"trial": [2, 5]}).json()
    assert [(t["number"], t["values"]) for t in found["trials"]] == [
        (2, [0.5, 0.62]),
        (5, [0.5, 0.65]),
    ]
    other = world.get(f"/v1/jobs/{name}/curves", params={"name": "dev/nll"}).json()
    assert other["metric"] == "nll"
    assert not any(t["values"] for t in other["trials"])


def test_why_and_story_are_told(world: Any, job: Any) -> None:
    _, name = job
    why = world.get(f"/v1/jobs/{name}/why").json()
    assert (why["best"], why["metric"], why["num_trials"]) == (11, "accuracy", 12)
    assert why["cost"]["trials"] == 12
    story = world.get(f"/v1/jobs/{name}/story").json()["answers"]
    assert len(story) == 5
    assert "71.00 % accuracy" in story[1]["headline"]
    assert "+11.00 points over plain fine-tuning" in " ".join(story[1]["details"])


def test_whoever_is_best_is_so_everywhere_whatever_is_shown(world: Any) -> None:
    name = world.submit(objectives=[{"metric": "latency_ms"}, {"metric": "nll"}])
    claimed = world.claim()
    with world.store.write() as tx:
        driving = tx.driving(claimed.id, claimed.owner_epoch)
        for number in range(10):  # the first distils nothing, the second is quickest
            pipeline = PipelineSpec() if number else plain_fine_tuning(Training())
            spec = TrialSpec(pipeline=pipeline, student="cut-2", seed=number)
            driving.suggest(number, spec, Origin.SAMPLER, "a test")
            driving.start(number)
            scores = {"accuracy": 0.5 + number / 100, "nll": 0.9 - number / 100}
            driving.measure({number: [Measurement(epoch=1, values={"dev/nll": 0.5})]})
            costs = {"latency_ms": 3.0 + number, "num_parameters": 5.0}
            driving.finish(
                number, TrialState.COMPLETE, dev=scores | costs, test=scores, seconds=1.0
            )
    at = f"/v1/jobs/{name}"
    why = world.get(f"{at}/why").json()
    assert (why["best"], why["metric"]) == (1, "nll")
    assert world.get(at).json()["best"]["number"] == 1
    assert world.get(f"{at}/columns?name=number").json()["leaders"] == [1]
    curves = world.get(f"{at}/curves").json()
    assert (curves["metric"], len(curves["trials"])) == ("nll", 10)
    best = world.get(f"{at}/story").json()["answers"][1]
    assert (best["headline"], "trial 1;" in best["details"][0]) == (
        "0.89 nats negative log-likelihood",
        True,
    )
    with world.store.write() as tx:
        rows, spec = tx.trials.all(name), tx.jobs.get(name).spec
        result = verdict(spec, "accuracy", {}, rows)
        tx.driving(claimed.id, claimed.owner_epoch).succeed(result)
    why = world.get(f"{at}/why").json()  # no further trial has finished in between
    assert (result.best.trial, why["best"], why["metric"]) == (1, 1, "accuracy")
    assert "Limits" not in world.get(f"{at}/report").text


def test_what_is_kept_of_trials_follows_them(world: Any, job: Any) -> None:
    claimed, name = job
    before = world.get(f"/v1/jobs/{name}/why").json()
    world.trial(claimed, 13, [0.9])
    after = world.get(f"/v1/jobs/{name}/why").json()
    assert (before["best"], after["best"]) == (11, 13)
    assert world.get(f"/v1/jobs/{name}/columns?name=number").json()["num_trials"] == 14


def test_the_timeline_tells_attempts_and_failures(world: Any, job: Any) -> None:
    found = world.get(f"/v1/jobs/{job[1]}/timeline").json()
    assert [a["number"] for a in found["attempts"]] == list(range(13))
    assert {a["outcome"] for a in found["attempts"]} == {"complete", "running"}
    assert [c["kind"] for c in found["changes"]] == ["job.queued"]
    assert found["before"] is None
    assert world.get(f"/v1/jobs/{job[1]}/timeline?before=4").json()["attempts"][0]["number"] == 0


def test_jobs_are_sought_and_sorted(world: Any) -> None:
    names = [world.submit(name=name) for name in ("Beta", "alpha", "gamma ray")]

    def listed(**asked: Any) -> list[str]:
        return [j["id"] for j in world.get("/v1/jobs", params=asked).json()["items"]]

    beta, alpha, gamma = names
    assert listed() == [gamma, alpha, beta]
    assert listed(sort="name") == [alpha, beta, gamma]
    assert listed(sort="name", after=alpha) == [beta, gamma]
    assert listed(sort="-name", limit=1) == [gamma]
    assert listed(text="RAY") == [gamma]
    assert listed(text="%") == []
    dataset = world.get("/v1/datasets/reviews").json()["id"]
    model = world.get("/v1/models/teacher").json()["id"]
    assert len(listed(uses=dataset)) == len(listed(uses=model)) == 3
    assert listed(uses="ds_other") == []


def test_a_sparkline_is_the_best_so_far(world: Any, job: Any) -> None:
    spark = world.get(f"/v1/jobs/{job[1]}").json()["spark"]
    assert spark == sorted(spark)
    assert spark[-1] == 0.71


def test_what_a_job_uses_is_not_deleted(world: Any) -> None:
    name = world.submit()
    for noun, record in (("datasets", "reviews"), ("models", "teacher")):
        answer = world.http.delete(f"/v1/{noun}/{record}")
        assert answer.status_code == 409
        assert name in answer.json()["detail"]
    world.model("unused", num_layers=2)
    assert world.http.delete("/v1/models/unused").json()["name"] == "unused"
    assert world.get("/v1/models/unused").status_code == 404


def test_datasets_are_placed_on_a_map(world: Any) -> None:
    (place,) = world.get("/v1/datasets-map").json()["places"]
    assert (place["name"], place["x"], place["y"], place["neighbours"]) == ("reviews", 0, 0, [])


def test_the_system_tells_leases_queue_and_versions(world: Any) -> None:
    held, waits = world.submit(name="held"), world.submit()
    world.claim()
    found = world.get("/v1/system").json()
    assert [(lease["job"], lease["worker"]) for lease in found["leases"]] == [(held, "a worker")]
    assert [j["id"] for j in found["queue"]] == [waits]
    assert found["database"]["kind"] == "sqlite"
    assert found["database"]["num_bytes"] > 0
    assert found["versions"]["autodistill-service"]
    assert (found["num_datasets"], found["num_models"]) == (1, 1)


def test_the_history_lists_what_was_learnt(world: Any, job: Any) -> None:
    found = world.get("/v1/history").json()
    assert (found["num_jobs"], found["num_trials"], found["num_datasets"]) == (1, 12, 1)
    (past,) = found["jobs"]
    assert (past["job"], past["num_trials"], past["best"]) == (job[1], 12, 0.71)


@pytest.mark.usefixtures("job")
def test_time_is_told_from_earlier_jobs(world: Any) -> None:
    found = world.post("/v1/jobs/estimate", world.request()).json()
    assert found["basis"] == "From 12 trials of earlier jobs with the same dataset."
    assert 0 < found["low_s"] <= found["high_s"]
    for _ in range(6):
        world.submit(name="waits")
    assert world.post("/v1/jobs/estimate", world.request()).json() == found


def test_a_report_is_one_page_without_scripts_that_tells_the_story(world: Any, job: Any) -> None:
    answer = world.get(f"/v1/jobs/{job[1]}/report")
    assert answer.headers["content-type"].startswith("text/html")
    assert "71.00 % accuracy" in answer.text
    assert answer.text.count("<svg") == 1  # no latency was measured, so there is no front
    assert not [word for word in ("<script", "src=", "href=") if word in answer.text]


def test_a_report_escapes_what_users_typed_and_names_the_limits(world: Any) -> None:
    name = world.submit(name="<b>bold</b>", limits=[{"metric": "latency_ms", "bound": 4.5}])
    told = world.get(f"/v1/jobs/{name}/report").text
    assert "<b>bold" not in told
    assert "latency at most 4.5 ms" in told
