from __future__ import annotations

import threading
import time
from typing import Any

from api.lending import Desk
from tests.api.lending.asker import QUICK, refused


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
