from __future__ import annotations

from typing import Any

from tests.api.lending.asker import refused


def test_an_epoch_counts_once_and_epochs_come_one_by_one(world: Any, job: Any, asker: Any) -> None:
    lent = asker.ask(job())["trial"]
    for accuracy in (0.5, 0.9):
        assert asker.report(lent, 1, accuracy).json()["stop"] is False
    trial = world.get(f"/v1/jobs/{lent['job_id']}/trials/{lent['number']}").json()
    assert trial["curve"] == [{"epoch": 1, "values": {"dev/accuracy": 0.5, "seconds": 2.0}}]
    assert refused(asker.report(lent, 3), 422).endswith("the next is 2, not 3.")
    assert "has 10 epochs" in refused(asker.report(lent, 11), 422)
    with world.store.read() as tx:
        said = [e.data["epoch"] for e in tx.events.all(lent["job_id"]) if e.kind == "measurement"]
    assert said == [1]


def test_epochs_are_data_and_leave_the_audit_trail_alone(world: Any, job: Any, asker: Any) -> None:
    lent = asker.ask(job())["trial"]
    for epoch in range(1, 4):
        assert asker.report(lent, epoch).status_code == 200
    asker.tell(lent)
    target = f"{lent['job_id']}/{lent['number']}"
    told = [e["action"] for e in world.get("/v1/audit").json()["items"] if e["target"] == target]
    assert told == ["trial.tell", "trial.ask"]


WRONG: dict[str, tuple[str, dict[str, Any], str]] = {
    "unknown metric": ("report", {"epoch": 1, "dev": {"accuracy": 0.5, "bleu": 1.0}}, "dev.bleu"),
    "name with its split": ("report", {"epoch": 1, "dev": {"dev/accuracy": 0.5}}, "dev.dev/acc"),
    "metric of another task": ("tell", {"dev": {"rmse": 1.0}, "test": {}}, "dev.rmse"),
    "costs on test": ("tell", {"dev": {}, "test": {"latency_ms": 1.0}}, "test.latency_ms"),
    "missing metric": ("report", {"epoch": 1, "dev": {"nll": 0.5}}, "This job needs accuracy"),
    "missing split": ("tell", {"dev": {"accuracy": 0.5}}, "test: This job needs accuracy"),
    "test in a report": ("report", {"epoch": 1, "dev": {}, "test": {}}, "test: Extra inputs"),
    "another split": ("tell", {"train": {"accuracy": 0.5}}, "train: Extra inputs"),
    "percents": (
        "tell",
        {"dev": {"accuracy": 93.0}, "test": {}},
        "accuracy is a share, from 0 to 1 (0.9 is 90 %), got 93.0",
    ),
    "a negative cost": (
        "report",
        {"epoch": 1, "dev": {"accuracy": 0.5, "nll": -1}},
        "nll is never below 0, got -1.0",
    ),
    "a huge score": (
        "report",
        {"epoch": 1, "dev": {"accuracy": 0.5, "nll": 1e300}},
        "at most 1e+15",
    ),
    "a huge time": (
        "report",
        {"epoch": 1, "dev": {"accuracy": 0.5}, "seconds": 1e300},
        "less than or equal to 1000000000",
    ),
    "both ends": ("tell", {"dev": {"accuracy": 0.5}, "failure": "diverged"}, "not both"),
    "no failure": ("tell", {"failure": "laziness"}, "failure: Input should be"),
    "no attempt yet": ("report", {"attempt": 7, "epoch": 1, "dev": {}}, "handed out 1 times"),
    "text": ("report", {"epoch": 1, "dev": {"accuracy": "0.5"}}, "A number is needed"),
}


def test_what_cannot_be_understood_is_refused(job: Any, asker: Any) -> None:
    lent = asker.ask(job())["trial"]
    for verb, body, said in WRONG.values():
        assert said in refused(asker.say(verb, lent, **body), 422)
    assert asker.report(lent, 1).status_code == 200


def test_rounding_is_forgiven(job: Any, asker: Any) -> None:
    lent = asker.ask(job())["trial"]
    dev = {"accuracy": 1.0000001, "reverse_kl": -3e-8, "latency_ms": 0.0}
    assert asker.say("report", lent, epoch=1, dev=dev).status_code == 200


def test_no_number_is_no_score(world: Any, job: Any, asker: Any) -> None:
    lent = asker.ask(job())["trial"]
    path = f"/v1/jobs/{lent['job_id']}/trials/{lent['number']}"
    for verb, body in (("report", '"epoch": 1'), ("tell", '"test": {"accuracy": 0.5}')):
        text = f'{{"attempt": 1, {body}, "dev": {{"accuracy": NaN}}}}'
        headers = {"Content-Type": "application/json"}
        answer = world.http.post(f"{path}/{verb}", content=text, headers=headers)
        assert "tell a trial that diverged as failed" in refused(answer, 422)


def test_after_the_end_nothing_is_heard(world: Any, job: Any, asker: Any) -> None:
    lent = asker.ask(job())["trial"]
    assert asker.tell(lent).json()["state"] == "complete"
    for again in (asker.tell(lent), asker.report(lent, 1)):
        assert "is complete; nothing can be added" in refused(again, 409)
    failed = asker.ask(lent["job_id"])["trial"]
    assert asker.say("tell", failed, failure="diverged", reason="nan").json()["state"] == "failed"
    assert "is failed" in refused(asker.report(failed, 1), 409)
    found = world.get(f"/v1/jobs/{lent['job_id']}").json()
    assert (found["state"], found["result"]) == ("failed", None)
    assert "No trial that distils ran to its end" in found["message"]
    assert "diverged: nan" in found["message"]


def test_what_is_not_there_is_not_found(world: Any, job: Any, asker: Any) -> None:
    lent = asker.ask(job())["trial"]
    refused(asker.tell({**lent, "number": 77}), 404)
    refused(asker.tell({**lent, "job_id": "nope"}), 404)
    refused(world.post("/v1/jobs/nope/ask", {}), 404)
    here = world.submit()
    assert "workers" in refused(world.post(f"/v1/jobs/{here}/ask", {}), 409)
    probing = world.post("/v1/jobs", world.request(runs="elsewhere", probes=["sharpness"]))
    assert "cannot be probed" in refused(probing, 422)
