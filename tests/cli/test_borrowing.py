from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from autodistill import borrowing
from autodistill.answers import refuse
from autodistill.cli import app
from autodistill.client import Client
from autodistill.errors import Conflict, InvalidInput
from autodistill.record import FailureClass, JobState
from autodistill.testing.shells import shell_model

PAGE = Path(__file__).parents[2] / "docs" / "elsewhere.md"
JOB: dict[str, Any] = {
    "dataset": "reviews",
    "teacher": {"model": "teacher", "preparation": {"kind": "fine_tuned"}},
    "students": [{"kind": "cut", "num_layers": 2}],
    "runs": "elsewhere",
    "budget": {"num_trials": 2, "max_epochs": 3},
    "search": {"sampler": "random", "recommended": 0},
    "confirmation_seeds": 0,
}


def test_the_page_on_training_elsewhere_runs_as_it_stands(client: Client, service: Any) -> None:
    source = {"kind": "directory", "path": str(shell_model(service.root / "minilm", num_layers=6))}
    client.register_model("minilm", source)
    (program,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    trained: list[Any] = []

    def start(*trial: Any) -> Any:
        trained.append([trial, 0])
        return trained[-1]

    def train_one_epoch(model: Any) -> None:
        model[1] += 1

    def accuracy(model: Any, split: str) -> float:
        assert split in ("dev", "test")
        (_, pipeline, seed), epochs = model
        return float(0.5 + 0.1 * pipeline.distils + 0.01 * epochs + (seed % 7) / 1000)

    theirs: dict[str, Any] = {
        "start": start,
        "train_one_epoch": train_one_epoch,
        "accuracy": accuracy,
    }
    try:
        exec(program.replace("http://127.0.0.1:8000", service.url), theirs)
    finally:
        theirs["client"].close()
    job: Any = theirs["job"]
    assert client.job(job.id).state is JobState.SUCCEEDED
    result = client.result(job.id)
    assert result is not None
    assert 0.08 < result.gain < 0.12
    assert (result.best.test.seeds, result.within_noise) == (2, False)
    assert len(trained) == len(list(client.trials(job.id)))


def test_a_trial_is_an_object_to_train_by(client: Client) -> None:
    job = client.submit(JOB).id
    trial = client.ask(job, key="mine")
    assert trial is not None
    again = client.ask(job, key="mine")
    assert again is not None
    assert again.lent == trial.lent
    assert (trial.number, trial.student) == (0, "cut-2")
    assert trial.seed == trial.lent.spec.seed
    with pytest.raises(InvalidInput, match="tell a trial that diverged as failed"):
        trial.report(1, {"accuracy": float("nan")})
    with pytest.raises(InvalidInput, match='No metric "bleu" on dev'):
        trial.tell({"bleu": 1.0}, {})
    assert not trial.report(1, {"accuracy": 0.5}).stop
    assert client.trial(job, 0).curve[0].values["seconds"] > 0
    trial.tell({"accuracy": 0.5}, {"accuracy": 0.5})
    with pytest.raises(Conflict, match="is complete; nothing can be added"):
        again.fail("too late")
    other = client.ask(job)
    assert other is not None
    other.fail("it went up in smoke", FailureClass.INFRASTRUCTURE)
    assert client.trial(job, 1).reason == "infrastructure: it went up in smoke"
    assert client.ask(job) is None
    assert client.job(job).state is JobState.FAILED


def test_who_need_not_wait_is_told_at_once(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    job = client.submit({**JOB, "parallelism": 1}).id
    trial = client.ask(job)
    assert trial is not None
    assert client.ask(job, wait=False) is None
    naps: list[float] = []

    def nap(seconds: float) -> None:
        naps.append(seconds)
        trial.tell({"accuracy": 0.5}, {"accuracy": 0.5})

    monkeypatch.setattr(time, "sleep", nap)
    other = client.ask(job)
    assert other is not None
    assert (other.number, naps) == (1, [borrowing.COME_AGAIN_S])
    client.cancel(job)


def test_a_service_that_is_away_for_a_while_costs_nothing(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(borrowing, "RETRY_S", 0.01)
    job, ask = client.submit(JOB).id, client._ask
    lost = iter([False, True] * 10)

    def unreliable(*request: Any, **more: Any) -> Any:
        answer = ask(*request, **more)
        if next(lost):
            return answer
        raise httpx.ReadError("the cable")  # it was done, and nobody heard of it

    monkeypatch.setattr(client, "_ask", unreliable)
    trial = client.ask(job)
    assert trial is not None
    assert trial.report(1, {"accuracy": 0.5}).state == "running"
    assert trial.tell({"accuracy": 0.6}, {"accuracy": 0.5}).state == "complete"
    monkeypatch.undo()
    assert [t.dev for t in client.trials(job)] == [{"accuracy": 0.6}]
    client.cancel(job)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_who_is_told_to_come_again_does(
    client: Client, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    """By a proxy while the service starts, by the service while its database does, or its limit."""
    monkeypatch.setattr(borrowing, "RETRY_S", 0.01)
    known = {"type": "urn:autodistill:TooManyRequests", "detail": "Come again.", "problems": []}
    body, asked = known if status == 429 else {}, httpx.Request("POST", "http://here")
    answers = iter([httpx.Response(status, json=body, request=asked)])
    job, ask = client.submit(JOB).id, client._ask

    def at_first(*request: Any, **more: Any) -> Any:
        for answer in answers:
            refuse(answer)
        return ask(*request, **more)

    monkeypatch.setattr(client, "_ask", at_first)
    trial = client.ask(job)
    assert trial is not None
    assert trial.number == 0
    client.cancel(job)


def test_patience_has_an_end(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(borrowing, "PATIENCE_S", 0.05)
    monkeypatch.setattr(borrowing, "RETRY_S", 0.01)

    def gone(*_: Any, **__: Any) -> Any:
        raise httpx.ConnectError("gone")

    monkeypatch.setattr(client, "_ask", gone)
    with pytest.raises(httpx.ConnectError):
        client.ask("job")


def test_a_shell_trains_with_a_file_in_its_hand(service: Any, tmp_path: Path) -> None:
    trial = tmp_path / "trial.json"

    def run(*words: Any) -> Any:
        return CliRunner().invoke(app, list(map(str, words)), env={"AUTODISTILL_URL": service.url})

    flags = "--dataset reviews --teacher teacher --fine-tune --cut 2 --trials 2 --elsewhere"
    body = tmp_path / "job.json"
    body.write_text(json.dumps({"confirmation_seeds": 0, "search": {"sampler": "random"}}))
    job = run("submit", *flags.split(), "--file", body).stdout.strip()
    nowhere = run("trial", "ask", job, "--output", tmp_path / "nowhere" / "trial.json")
    assert (nowhere.exit_code, "There is no folder" in nowhere.stderr) == (2, True)
    assert "trial 0, attempt 1" in run("trial", "ask", job, "--output", trial).stdout
    assert json.loads(trial.read_text())["spec"]["student"] == "cut-2"
    assert run("trial", "report", trial, 1, "--dev", "accuracy=0.5").stdout == "continue\n"
    assert run("trial", "tell", trial, "--dev", "accuracy=high").exit_code == 2
    assert run("trial", "tell", trial).exit_code == 2
    assert run("trial", "tell", body, "--failed", "x").exit_code == 2
    refused = run("trial", "tell", trial, "--dev", "accuracy=0.5")
    assert (refused.exit_code, "This job needs accuracy on test" in refused.stderr) == (2, True)
    scores = ["--dev", "accuracy=0.5", "--test", "accuracy=0.5"]
    assert run("trial", "tell", trial, *scores).stdout == "trial 0 is complete, the job searching\n"
    run("trial", "ask", job, "--output", trial)
    assert run("trial", "tell", trial, *scores).stdout.endswith("the job succeeded\n")
    over = run("trial", "ask", job, "--output", trial)
    assert (over.exit_code, "nothing more to train" in over.stderr) == (1, True)
    watched = run("watch", job)
    assert watched.exit_code == 0, watched.output
    assert "student, best distilled" in watched.stdout


def test_a_failure_is_told_from_a_shell(client: Client, service: Any, tmp_path: Path) -> None:
    job, trial = client.submit(JOB).id, tmp_path / "trial.json"
    for words in (("ask", job, "--output", trial), ("tell", trial, "--failed", "no memory")):
        arguments = ["trial", *map(str, words), "--url", service.url]
        assert CliRunner().invoke(app, arguments).exit_code == 0
    assert client.trial(job, 0).reason == "user_error: no memory"
    client.cancel(job)
