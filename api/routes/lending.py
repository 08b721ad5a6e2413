"""Trials for those who train elsewhere: asked for, reported on, told of."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Response

from api.creation import Repeat
from api.deps import PrincipalDep
from api.description import leads
from api.exact import Exact
from api.lending import DeskDep
from api.routes.trials import Number
from autodistill.lending import Asked, Asking, EpochReport, Lent, Standing, TrialReport
from autodistill.store import Transaction

router = APIRouter(prefix="/v1/jobs", tags=["elsewhere"])
COME_AGAIN_S = 2
LENT = leads(
    ["report_epoch", "tell_trial", "get_trial"],
    job="$request.path.job",
    number="$response.body#/trial/number",
)
SCORES = {"accuracy": 0.9}
Reported = Annotated[
    EpochReport, Exact, Body(examples=[{"attempt": 1, "epoch": 1, "dev": SCORES, "seconds": 60.0}])
]
Told = Annotated[TrialReport, Exact, Body(examples=[{"attempt": 1, "dev": SCORES, "test": SCORES}])]


@router.post("/{job}/ask", responses={200: LENT})
def ask_trial(
    job: str,
    asked: Annotated[Asking, Exact, Body(examples=[{"lease_s": 600.0}])],
    desk: DeskDep,
    repeat: Repeat,
    principal: PrincipalDep,
    response: Response,
) -> Asked:
    """Get the next trial of a job that runs elsewhere, to train it.

    Nobody else gets it until the lease ends, which each report renews; after that another may, at
    most twice. The same `Idempotency-Key` gets the same trial. When the search is over, the winner
    and its rivals are handed out with fresh seeds (`confirmation_seeds`); without any the result
    rests on one seed, and says so. Where there is no trial, `Retry-After` says when to come again.
    """
    known = f"/v1/jobs/{job}/ask", asked.model_dump_json()

    def recall(tx: Transaction) -> Lent | None:
        reply = repeat.recall(tx, *known)
        return None if reply is None else Lent.model_validate(reply)

    def remember(tx: Transaction, lent: Lent) -> None:
        repeat.remember(tx, lent.model_dump(mode="json"), *known)
        tx.audit.add(principal.name, "trial.ask", f"{job}/{lent.number}")

    found = desk.ask(job, asked.lease_s, recall, remember)
    if found.trial is not None:
        response.headers["Location"] = f"/v1/jobs/{job}/trials/{found.trial.number}"
    elif not found.job.terminal:
        response.headers["Retry-After"] = str(COME_AGAIN_S)
    return found


@router.post("/{job}/trials/{number}/report")
def report_epoch(job: str, number: Number, report: Reported, desk: DeskDep) -> Standing:
    """Report an epoch of a trial, which renews its lease, and learn whether to stop it.

    Said twice it counts once.
    """
    return desk.report(job, number, report)


@router.post("/{job}/trials/{number}/tell")
def tell_trial(
    job: str,
    number: Number,
    told: Told,
    desk: DeskDep,
    repeat: Repeat,
    principal: PrincipalDep,
) -> Standing:
    """Tell how a trial has ended: its scores on dev and test, or what went wrong.

    The last one ends the job. A trial that was stopped has ended already.
    """
    asked = f"/v1/jobs/{job}/trials/{number}/tell", told.model_dump_json()

    def known(tx: Transaction) -> bool:
        return repeat.recall(tx, *asked) is not None

    def note(tx: Transaction) -> None:
        tx.audit.add(principal.name, "trial.tell", f"{job}/{number}")
        repeat.remember(tx, {}, *asked)

    return desk.tell(job, number, told, known, note)
