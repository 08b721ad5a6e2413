from __future__ import annotations

import time
from typing import Any

from api.lending import ATTEMPTS, Desk
from autodistill.record import TrialState
from tests.api.lending.asker import Asker, refused


def test_who_falls_silent_loses_the_trial_to_others(world: Any, job: Any, asker: Any) -> None:
    name, desk = job(2), world.http.app.state.desk
    desk._since -= 3600  # it has been up for long
    lent = desk.ask(name, -1.0, lambda _: None, lambda *_: None).trial.model_dump(mode="json")
    assert asker.report(lent, 1, 0.9).status_code == 200
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


def test_a_stopped_trial_that_nobody_trains_is_not_lent_again(
    world: Any, job: Any, asker: Any
) -> None:
    name, desk = job(3, parallelism=3), Desk(world.store)
    desk._since -= 3600  # it has been up for long
    asker.tell(asker.ask(name)["trial"])
    silent = desk.ask(name, -1.0, lambda _: None, lambda *_: None).trial
    assert silent is not None
    world.post(f"/v1/jobs/{name}/trials/{silent.number}/stop")
    desk.reclaim()
    assert asker.ask(name)["trial"]["number"] == 2
    trial = world.get(f"/v1/jobs/{name}/trials/{silent.number}").json()
    assert (trial["state"], trial["reason"]) == ("cancelled", "Stopped by hand.")
