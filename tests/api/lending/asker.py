"""Who trains elsewhere, in tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

QUICK = {"sampler": "random", "early_stopping": False, "recommended": 0}


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
