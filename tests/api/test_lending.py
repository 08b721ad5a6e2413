from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from api.lending import ATTEMPTS, Desk
from autodistill.record import TrialState

QUICK = {"sampler": "random", "early_stopping": False, "recommended": 0}


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def world(request: pytest.FixtureRequest) -> Any:
    """A service of its own with what is ready, on each engine."""
    if request.param == "SQLite":
        root, url = request.getfixturevalue("tmp_path") / "root", ""
        shutil.copytree(request.getfixturevalue("ready"), root)
    else:  # opened after its copy is made, and so closed before it is dropped
        root, url = request.getfixturevalue("postgres_copy")
    return request.getfixturevalue("open_world")(root, database_url=url)


@pytest.fixture
def job(world: Any) -> Callable[..., str]:
    """Submit a job that runs elsewhere, of two trials and no confirmation."""

    def submit(trials: int = 2, **changes: Any) -> str:
        budget = {"num_trials": trials, "max_epochs": 10}
        usual = {"budget": budget, "search": QUICK, "confirmation_seeds": 0}
        return str(world.submit(runs="elsewhere", **(usual | changes)))

    return submit


@pytest.fixture
def asker(world: Any) -> Asker:
    return Asker(world)


class Asker:
    """Somebody who trains elsewhere."""

    def __init__(self, world: Any) -> None:
        self.world = world

    def ask(self, job: str, *, key: str | None = None, **body: Any) -> Any:
        headers = {"Idempotency-Key": key} if key else {}
        answer = self.world.post(f"/v1/jobs/{job}/ask", body, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def say(self, verb: str, lent: Any, **body: Any) -> Any:
        path = f"/v1/jobs/{lent['job_id']}/trials/{lent['number']}/{verb}"
        headers = {"Idempotency-Key": body.pop("key")} if "key" in body else {}
        return self.world.post(path, {"attempt": lent["attempt"], **body}, headers=headers)

    def report(self, lent: Any, epoch: int, accuracy: float = 0.5, **more: Any) -> Any:
        body = {"epoch": epoch, "dev": {"accuracy": accuracy}, "seconds": 2.0, **more}
        return self.say("report", lent, **body)

    def tell(self, lent: Any, accuracy: float = 0.5, **more: Any) -> Any:
        scores = {"accuracy": accuracy}
        return self.say("tell", lent, **{"dev": scores, "test": scores, **more})

    def run(self, job: str, score: Callable[[int], float] = lambda n: 0.5 + n / 100) -> list[Any]:
        """Train whatever there is to the end of the job."""
        done = []
        while (lent := self.ask(job)["trial"]) is not None:
            assert self.tell(lent, score(lent["number"])).status_code == 200
            done.append(lent)
        return done


def refused(answer: Any, status: int) -> str:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return str(answer.json()["detail"])


def test_a_job_is_asked_for_trained_and_judged(world: Any, job: Any, asker: Any) -> None:
    name = job(4, confirmation_seeds=2, search={**QUICK, "recommended": 1})
    assert world.get(f"/v1/jobs/{name}").json()["state"] == "queued"
    done = asker.run(name)
    assert [t["number"] for t in done] == list(range(len(done)))
    assert [t["origin"] for t in done[:4]] == ["baseline", "recommended", "sampler", "sampler"]
    assert {t["origin"] for t in done[4:]} == {"confirmation"}
    found = world.get(f"/v1/jobs/{name}").json()
    assert found["state"] == "succeeded"
    result = found["result"]
    assert result["best"]["trial"] == max(t["number"] for t in done[:4] if _distils(t))
    assert result["best"]["test"]["seeds"] == result["plain"]["test"]["seeds"] == 2
    assert (result["teacher"], result["artifact"]) == ({}, None)
    assert refused(world.get(f"/v1/jobs/{name}/student"), 409).endswith("never came here.")
    assert world.get(f"/v1/jobs/{name}/story").json()["answers"][0]["headline"] == "Finished"
    assert world.get(f"/v1/jobs/{name}/report").status_code == 200
    assert [t["state"] for t in world.get(f"/v1/jobs/{name}/trials").json()["items"]] == [
        "complete"
    ] * len(done)
    told = [e["action"] for e in world.get("/v1/audit?limit=500").json()["items"]]
    assert told.count("trial.ask") == told.count("trial.tell") == len(done)


def _distils(lent: Any) -> bool:
    pipeline = lent["spec"]["pipeline"]
    return any(pipeline[slot]["kind"] != "none" for slot in ("loss", "intermediate"))


def test_without_confirmations_one_seed_cannot_tell(world: Any, job: Any, asker: Any) -> None:
    name = job(2)
    assert len(asker.run(name)) == 2
    result = world.get(f"/v1/jobs/{name}").json()["result"]
    assert (result["within_noise"], result["best"]["test"]["seeds"]) == (None, 1)


def test_askers_at_once_get_other_numbers_and_other_pipelines(job: Any, asker: Any) -> None:
    name, found = job(12, parallelism=12), list[Any]()

    def take() -> None:
        for _ in range(3):
            while (lent := asker.ask(name)["trial"]) is None:  # others ask just then
                time.sleep(0.05)
            found.append(lent)

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(t["number"] for t in found) == list(range(12))
    assert len({str(t["spec"]["pipeline"]) for t in found}) == 12


def test_two_replicas_never_share_a_number(world: Any, job: Any) -> None:
    """Their planners do not know of each other; only the rows decide."""
    name = job(10, parallelism=10)
    desks, found = [Desk(world.store), Desk(world.store)], []

    def take(desk: Desk) -> None:
        for _ in range(5):
            asked = desk.ask(name, 60.0, lambda _: None, lambda _, lent: found.append(lent))
            assert asked.trial is not None, asked.message

    threads = [threading.Thread(target=take, args=(desk,)) for desk in desks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(lent.number for lent in found) == list(range(10))
    assert len({lent.spec.pipeline for lent in found}) == 10


def test_the_same_key_gets_the_same_trial(world: Any, job: Any, asker: Any) -> None:
    name = job(3, parallelism=3)
    first = asker.ask(name, key="a")
    assert asker.ask(name, key="a") == first
    assert asker.ask(name, key="b")["trial"]["number"] == 1
    other = world.post(f"/v1/jobs/{name}/ask", {"lease_s": 5}, headers={"Idempotency-Key": "a"})
    assert "used for another request" in refused(other, 422)
    for _ in range(2):
        answer = asker.tell(first["trial"], key="end")
        assert answer.json() == {"state": "complete", "stop": True, "job": "searching"}


def test_an_end_that_is_told_twice_at_once_is_told_once(world: Any, job: Any, asker: Any) -> None:
    """As by a client that gave up waiting for the first answer."""
    name, answers = job(9), list[Any]()
    for number in range(8):
        lent = asker.ask(name)["trial"]

        def tell(lent: Any = lent, key: str = f"end-{number}") -> None:
            answers.append(asker.tell(lent, key=key))

        threads = [threading.Thread(target=tell) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [a.json() for a in answers] == [
        {"state": "complete", "stop": True, "job": "searching"}
    ] * len(answers)
    told = [e["action"] for e in world.get("/v1/audit").json()["items"]]
    assert told.count("trial.tell") == 8


def test_no_more_are_lent_than_run_at_once(world: Any, job: Any, asker: Any) -> None:
    name = job(4, parallelism=1)
    lent = asker.ask(name)["trial"]
    answer = world.post(f"/v1/jobs/{name}/ask", {})
    assert answer.json()["trial"] is None
    assert "as many as its parallelism allows" in answer.json()["message"]
    assert int(answer.headers["Retry-After"]) > 0
    asker.tell(lent)
    assert asker.ask(name)["trial"]["number"] == 1


def test_confirmations_wait_for_the_search(job: Any, asker: Any) -> None:
    name = job(2, confirmation_seeds=1)
    first, second = asker.ask(name)["trial"], asker.ask(name)["trial"]
    asker.tell(first)
    assert "others may follow" in asker.ask(name)["message"]
    asker.tell(second, 0.6)
    assert asker.ask(name)["trial"]["origin"] == "confirmation"


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
    "percents": ("tell", {"dev": {"accuracy": 93.0}, "test": {}}, "divide percents by 100"),
    "a negative cost": ("report", {"epoch": 1, "dev": {"accuracy": 0.5, "nll": -1}}, "0 or more"),
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


def test_who_falls_silent_loses_the_trial_to_others(world: Any, job: Any, asker: Any) -> None:
    name = job(2)
    lent = asker.ask(name, lease_s=1)["trial"]
    asker.report(lent, 1, 0.9)
    world.http.app.state.desk._since -= 3600  # it has been up for long
    time.sleep(1.1)
    again = asker.ask(name)["trial"]
    assert (again["number"], again["attempt"]) == (lent["number"], 2)
    for answer in (asker.report(lent, 2), asker.tell(lent)):
        assert "Attempt 1 of trial 0 is over" in refused(answer, 409)
    assert world.get(f"/v1/jobs/{name}/trials/0").json()["curve"] == []
    assert asker.report(again, 1, 0.4).json()["stop"] is False
    assert asker.tell(again, 0.4).json()["state"] == "complete"


def test_the_budget_outlives_vanished_askers(world: Any, job: Any) -> None:
    """Every asker of the last trial vanishes; the job ends all the same, without being asked."""
    name, desk = job(2), Desk(world.store)
    desk._since -= 3600

    def ask(lease_s: float) -> Any:
        return desk.ask(name, lease_s, lambda _: None, lambda *_: None).trial

    first = ask(60)
    Asker(world).tell(first.model_dump(mode="json"))
    for attempt in range(1, ATTEMPTS + 1):
        lent = ask(-1.0)
        assert (lent.number, lent.attempt) == (1, attempt)
        desk.reclaim()
    with world.store.read() as tx:
        trial = tx.trials.get(name, 1)
        assert trial.state is TrialState.FAILED
        assert "said nothing for longer than the lease" in trial.reason
        assert tx.jobs.get(name).state == "failed"


def test_a_lease_is_not_judged_before_it_could_be_renewed(world: Any, job: Any) -> None:
    name, desk = job(2), Desk(world.store)
    lent = desk.ask(name, 60.0, lambda _: None, lambda *_: None).trial
    assert lent is not None
    with world.store.write() as tx:  # as if it had been down meanwhile
        tx.driving(name, 0).start(lent.number, 0.01)
    time.sleep(0.05)
    fresh = Desk(world.store)
    fresh._since = time.monotonic() + 1
    fresh.reclaim()
    with world.store.read() as tx:
        assert tx.trials.get(name, lent.number).state is TrialState.RUNNING
    desk.reclaim()
    with world.store.read() as tx:
        assert tx.trials.get(name, lent.number).state is TrialState.QUEUED


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


def test_a_stopped_trial_that_nobody_trains_is_not_lent_again(
    world: Any, job: Any, asker: Any
) -> None:
    name = job(3, parallelism=3)
    asker.tell(asker.ask(name)["trial"])
    silent = asker.ask(name, lease_s=1)["trial"]
    world.post(f"/v1/jobs/{name}/trials/{silent['number']}/stop")
    world.http.app.state.desk._since -= 3600  # it has been up for long
    time.sleep(1.1)
    assert asker.ask(name)["trial"]["number"] == 2
    trial = world.get(f"/v1/jobs/{name}/trials/{silent['number']}").json()
    assert (trial["state"], trial["reason"]) == ("cancelled", "Stopped by hand.")


def test_a_time_limit_outlives_the_process(world: Any, job: Any, asker: Any) -> None:
    name = job(50, budget={"num_trials": 50, "max_epochs": 3, "timeout_s": 1})
    for _ in range(2):
        asker.tell(asker.ask(name)["trial"])
    time.sleep(1.1)
    restarted = Desk(world.store)
    assert restarted.ask(name, 60.0, lambda _: None, lambda *_: None).trial is None
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
