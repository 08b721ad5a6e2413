from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from unittest.mock import Mock

import pytest

from api.lending import Desk
from tests.api.lending.asker import QUICK, refused


def test_who_is_behind_is_told_to_stop(world: Any, job: Any, asker: Any) -> None:
    name = job(8, parallelism=8, search={**QUICK, "early_stopping": True}, confirmation_seeds=0)
    found = []
    while (lent := asker.ask(name)["trial"]) is not None:
        accuracy = 0.9 - lent["number"] / 100
        answers = []
        epochs = lent["spec"]["pipeline"]["training"]["num_epochs"]
        for epoch in range(1, epochs + 1):
            answers.append(asker.report(lent, epoch, accuracy + epoch / 1000).json())
            if answers[-1]["stop"]:
                break
        else:
            assert asker.tell(lent, accuracy).status_code == 200
        found.append(answers[-1]["state"])
        if answers[-1]["stop"]:
            assert asker.report(lent, len(answers)).json() == answers[-1]
            assert "there is nothing to tell" in refused(asker.tell(lent), 409)
    assert found[0] == "running"
    assert found.count("pruned") >= 3
    trials = world.get(f"/v1/jobs/{name}/trials").json()["items"]
    stopped = next(t for t in trials if t["state"] == "pruned")
    best = 0.9 - stopped["number"] / 100 + stopped["epochs_done"] / 1000
    assert stopped["dev"] == pytest.approx({"accuracy": best})
    assert world.get(f"/v1/jobs/{name}").json()["state"] == "succeeded"


def test_several_objectives_and_limits_judge_as_at_home(world: Any, job: Any, asker: Any) -> None:
    objectives = [{"metric": "accuracy"}, {"metric": "latency_ms"}]
    limits = [{"metric": "latency_ms", "bound": 5.0}]
    name = job(4, objectives=objectives, limits=limits)
    while (lent := asker.ask(name)["trial"]) is not None:
        number = lent["number"]
        if number == 0:
            body = {"dev": {"accuracy": 0.5}, "test": {"accuracy": 0.5}}
            assert "needs latency_ms" in refused(asker.say("tell", lent, **body), 422)
        dev = {"accuracy": 0.5 + number / 10, "latency_ms": 2.0 + number * 2}
        asker.say("tell", lent, dev=dev, test={"accuracy": 0.5})
    result = world.get(f"/v1/jobs/{name}").json()["result"]
    assert result["best"]["trial"] == 1
    assert (result["front"], result["broken"]) == ([1], [])
    assert result["student"]["latency_ms"] == 4.0


def test_patience_ends_the_search(world: Any, job: Any, asker: Any) -> None:
    budget = {"num_trials": 50, "max_epochs": 3, "patience": 3}
    name = job(budget=budget)
    done = asker.run(name, lambda number: 0.9 if number == 1 else 0.5)
    assert len(done) < 10
    assert world.get(f"/v1/jobs/{name}").json()["result"]["best"]["trial"] == 1
    with world.store.read() as tx:
        said = [e.data["message"] for e in tx.events.all(name) if e.kind == "log"]
    assert said == ["The last 3 trials found nothing better."]


def test_a_search_ends_where_as_many_trials_again_would_bring_little(
    world: Any, job: Any, asker: Any
) -> None:
    name = job(budget={"num_trials": 50, "max_epochs": 3, "min_gain": 0.01})
    done = asker.run(name, lambda number: 0.7 + 0.001 * (number % 10))
    assert 10 <= len(done) < 20
    with world.store.read() as tx:
        (said,) = [e.data["message"] for e in tx.events.all(name) if e.kind == "log"]
    assert said == "As many trials again are expected to gain less than 0.01 of accuracy."


def test_a_paused_job_lends_nothing_and_hears_all(world: Any, job: Any, asker: Any) -> None:
    name = job(3)
    lent = asker.ask(name)["trial"]
    world.post(f"/v1/jobs/{name}/pause")
    assert asker.ask(name) == {"trial": None, "job": "paused", "message": "The job is paused."}
    assert asker.report(lent, 1).json()["stop"] is False
    assert asker.tell(lent).json() == {"state": "complete", "stop": True, "job": "paused"}
    world.post(f"/v1/jobs/{name}/resume")
    assert asker.ask(name)["trial"]["number"] == 1


def test_who_trains_for_a_cancelled_job_or_a_stopped_trial_is_told(
    world: Any, job: Any, asker: Any
) -> None:
    name = job(3, parallelism=3)
    asker.tell(asker.ask(name)["trial"])
    lent, other = asker.ask(name)["trial"], asker.ask(name)["trial"]
    world.post(f"/v1/jobs/{name}/trials/{lent['number']}/stop")
    assert asker.report(lent, 1).json()["state"] == "cancelled"
    world.post(f"/v1/jobs/{name}/cancel")
    said = {"state": "cancelled", "stop": True, "job": "cancelled"}
    assert asker.report(other, 1).json() == said
    assert asker.ask(name)["job"] == "cancelled"


def test_a_time_limit_outlives_the_process(
    world: Any, job: Any, asker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = job(50, budget={"num_trials": 50, "max_epochs": 3, "timeout_s": 60})
    for _ in range(2):
        asker.tell(asker.ask(name)["trial"])
    later = Mock(now=lambda zone: datetime.now(zone) + timedelta(seconds=60))
    monkeypatch.setattr("api.planners.datetime", later)
    assert Desk(world.store).ask(name, 60.0, lambda _: None, lambda *_: None).trial is None
    assert world.get(f"/v1/jobs/{name}").json()["state"] == "succeeded"


def test_a_retried_trial_is_lent_anew(world: Any, job: Any, asker: Any) -> None:
    """What the service keeps of trials that ended is not what runs now."""
    name = job(3)
    asker.say("tell", asker.ask(name)["trial"], failure="diverged")
    asker.run(name)
    assert world.post(f"/v1/jobs/{name}/retry").status_code == 200
    assert [(t["number"], t["attempt"]) for t in asker.run(name)] == [(0, 2)]
    assert world.get(f"/v1/jobs/{name}").json()["result"]["plain"]["trial"] == 0


def test_a_job_that_ended_is_extended_and_goes_on(world: Any, job: Any, asker: Any) -> None:
    name = job(2)
    asker.run(name)
    assert world.post(f"/v1/jobs/{name}/extend", {"num_trials": 4}).status_code == 200
    assert [t["number"] for t in asker.run(name)] == [2, 3]
    assert world.get(f"/v1/jobs/{name}").json()["state"] == "succeeded"


def test_an_end_that_nobody_judged_is_judged_at_the_next_start(
    world: Any, job: Any, asker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = job(2)
    monkeypatch.setattr(Desk, "settle", lambda *_: "searching")  # killed just before
    for number in range(2):
        asker.tell(asker.ask(name)["trial"], 0.5 + number / 10)
    monkeypatch.undo()
    Desk(world.store).settle_all()
    assert world.get(f"/v1/jobs/{name}").json()["state"] == "succeeded"
