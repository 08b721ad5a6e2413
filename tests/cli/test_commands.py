from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from autodistill.cli import app
from autodistill.cli.show import describe
from autodistill.client import Client
from autodistill.history import chronicle
from autodistill.intermediate.cosine import Cosine
from autodistill.intermediate.mi_alpha import MIAlpha
from autodistill.optimisation import Training
from autodistill.record import Event
from autodistill.spec import PipelineSpec
from autodistill.task import Task
from autodistill.testing.records import dataset_of, facts_of, past_of, trial_of
from autodistill.testing.shells import reviews, shell_model
from autodistill.testing.tiny import tiny_dataset

Run = Callable[..., Result]
JOB: dict[str, Any] = {
    "dataset": "reviews",
    "teacher": {"model": "teacher", "preparation": {"kind": "fine_tuned"}},
    "students": [{"kind": "cut", "num_layers": 2}],
}
FLAGS = ["--dataset", "reviews", "--teacher", "teacher", "--fine-tune", "--cut", "2"]


@pytest.fixture
def run(service: Any) -> Run:
    def invoke(*words: Any, stdin: str | None = None, url: str = service.url) -> Result:
        arguments = list(map(str, words))
        return CliRunner().invoke(app, arguments, input=stdin, env={"AUTODISTILL_URL": url})

    return invoke


def test_a_dataset_is_added_and_listed(run: Run, tmp_path: Path) -> None:
    path = reviews(tmp_path / "mine.csv", num_rows=100)
    added = run("dataset", "add", path, "--name", "mine", "--licence", "CC0")
    assert added.exit_code == 0, added.output
    assert "mine (ds_" in added.output
    assert "2 classes" in added.output
    assert "mine" in run("dataset", "list").output


def test_a_model_is_added_and_listed(run: Run, service: Any) -> None:
    path = shell_model(service.root / "deep", num_layers=9)
    added = run("model", "add", "deep", "--directory", path)
    assert "deep (md_" in added.output
    assert "9 layers" in added.output
    assert "deep" in run("model", "list").output


def test_images_are_added_by_the_column_that_holds_them(run: Run, tmp_path: Path) -> None:
    tiny_dataset(tmp_path, Task.IMAGE_CLASSIFICATION)
    flags = "--name thirds --image-column image --split-column split"
    added = run("dataset", "add", tmp_path / "examples.parquet", *flags.split())
    assert added.exit_code == 0, added.output
    assert "image_classification" in added.output


def test_a_fresh_vision_transformer_is_added_by_its_sizes(run: Run) -> None:
    sizes = {"image_size": 8, "patch_size": 4, "num_layers": 3, "hidden_size": 8, "num_heads": 2}
    added = run("model", "add", "fresh", "--fresh", json.dumps(sizes))
    assert added.exit_code == 0, added.output
    assert "vit, 3 layers" in added.output


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        ("{", "--fresh must be a JSON object"),
        ("[8]", "--fresh must be a JSON object, such as"),
        ('{"hidden_size": 9, "num_heads": 2}', "hidden_size"),
        ('{"depth": 2}', "depth"),
    ],
)
def test_sizes_that_cannot_be_are_refused(run: Run, sizes: str, said: str) -> None:
    answer = run("model", "add", "fresh", "--fresh", sizes)
    assert answer.exit_code != 0
    assert said in answer.output
    assert "Traceback" not in answer.output


def test_a_model_has_one_source(run: Run) -> None:
    assert run("model", "add", "deep").exit_code == 2
    assert run("model", "add", "deep", "--hub", "a/b", "--packaged", "c").exit_code == 2


def test_a_job_is_submitted_from_flags(run: Run, client: Client) -> None:
    more = "--cut 3 --objective accuracy --objective latency_ms --trials 7 --epochs 2 --seed 5"
    probes = "--probe klom --probe sharpness"
    answer = run("submit", *FLAGS, *more.split(), *probes.split(), "--name", "mine")
    assert answer.exit_code == 0, answer.output
    spec = client.job(answer.output.strip()).spec
    assert (spec.name, spec.seed, spec.budget.num_trials, spec.budget.max_epochs) == (
        "mine",
        5,
        7,
        2,
    )
    assert [s.label for s in spec.students] == ["cut-2", "cut-3"]
    assert [o.metric for o in spec.objectives] == ["accuracy", "latency_ms"]
    assert spec.teacher.preparation.kind == "fine_tuned"
    assert spec.probes == ("klom", "sharpness")
    run("cancel", answer.output.strip())


@pytest.mark.parametrize("from_stdin", ["yes", "no"])
def test_a_job_is_submitted_from_a_file_and_flags_win(
    run: Run, client: Client, tmp_path: Path, from_stdin: str
) -> None:
    text = json.dumps({**JOB, "seed": 3, "budget": {"num_trials": 9, "max_epochs": 3}})
    path = tmp_path / "job.json"
    path.write_text(text)
    source = "-" if from_stdin == "yes" else path
    answer = run("submit", "--file", source, "--trials", 4, stdin=text)
    assert answer.exit_code == 0, answer.output
    spec = client.job(answer.output.strip()).spec
    assert (spec.seed, spec.budget.num_trials, spec.budget.max_epochs) == (3, 4, 3)
    run("cancel", answer.output.strip())


@pytest.mark.parametrize("text", ["", "{", "[]", '"x"'])
def test_a_file_that_is_no_job_is_refused(run: Run, text: str) -> None:
    answer = run("submit", "--file", "-", stdin=text)
    assert answer.exit_code == 2
    assert "is no job" in answer.output


def test_a_file_that_is_missing_is_refused(run: Run, tmp_path: Path) -> None:
    assert run("submit", "--file", tmp_path / "none.json").exit_code == 2


def test_a_wrong_job_names_field_law_and_known_values(run: Run) -> None:
    missing = run("submit", "--dataset", "reviews")
    assert missing.exit_code == 2
    assert "teacher: Field required" in missing.output
    refused = run("submit", *FLAGS, "--objective", "[/beauty]")
    assert refused.exit_code == 2
    assert 'objectives.0.metric: No metric "[/beauty]"' in refused.output
    assert "Known: accuracy, " in refused.output


def test_what_is_unknown_ends_with_2(run: Run) -> None:
    for words in (
        ("watch", "nope"),
        ("trials", "nope"),
        ("pause", "nope"),
        ("export", "no", "x"),
        ("report", "no"),
    ):
        answer = run(*words)
        assert answer.exit_code == 2, answer.output
        assert "No job" in answer.output


def test_no_service_ends_with_1_and_the_way_out(run: Run) -> None:
    answer = run("jobs", url="http://127.0.0.1:1")
    assert answer.exit_code == 1
    assert "autodistill up" in answer.output


def test_a_job_is_steered_and_listed(run: Run) -> None:
    job = run("submit", *FLAGS).output.strip()
    assert run("pause", job).output.strip() == "paused"
    assert run("resume", job).output.strip() == "queued"
    assert f"{job}  queued" in run("jobs").output
    assert run("cancel", job).output.strip() == "cancelled"
    assert run("cancel", job).exit_code == 2


def test_a_job_is_watched_to_its_result(run: Run, service: Any, tmp_path: Path) -> None:
    later = threading.Thread(target=service.run_next)
    later.start()
    answer = run("submit", *FLAGS, "--watch")
    later.join()
    assert answer.exit_code == 0, answer.output
    job, *lines = answer.output.splitlines()
    assert any("trial 1 complete: dev accuracy 0.875, [/because] of markup" in x for x in lines)
    assert any("job succeeded" in line for line in lines)
    assert "gain +0.1250, beyond noise" in answer.output
    listing = run("trials", job).output
    assert "0.8750" in listing
    assert "softened_kl" in listing
    exported = run("export", job, tmp_path / "student")
    assert exported.output.strip() == str(tmp_path / "student")
    assert run("export", job, tmp_path / "graphs", "--format", "onnx").exit_code == 0
    assert (tmp_path / "graphs" / "config.json").is_file()
    page = tmp_path / "report.html"
    assert run("report", job, "--output", page).output.strip() == str(page)
    assert "87.50 ± 1.00 % accuracy" in page.read_text()
    assert (tmp_path / "student" / "config.json").is_file()
    file = tmp_path / "job.log"
    assert run("journal", job, file).output.strip() == f"{file}: 2 trials of study {job}"
    assert run("journal", job, file).exit_code == 2


def test_a_result_names_the_limits_that_it_breaks(run: Run, service: Any) -> None:
    limited = JOB | {"limits": [{"metric": "latency_ms", "bound": 1}]}
    later = threading.Thread(target=service.run_next)
    later.start()
    answer = run("submit", "--file", "-", "--watch", stdin=json.dumps(limited))
    later.join()
    assert "beyond noise; breaks the limit on latency_ms" in answer.output


def test_a_job_that_failed_ends_with_1_and_its_reason(run: Run, service: Any) -> None:
    job = run("submit", *FLAGS).output.strip()
    service.run_next(message="Out of [luck].")
    answer = run("watch", job)
    assert answer.exit_code == 1
    assert "is failed. Out of [luck]." in answer.output


def test_advice_is_printed_with_reasons(run: Run) -> None:
    words = "recommend --dataset reviews --teacher teacher --cut 2 -k 2"
    answer = run(*words.split())
    assert answer.exit_code == 0, answer.output
    assert "1. " in answer.output
    assert "2. " in answer.output
    assert "3. " not in answer.output
    said = " ".join(answer.output.split())
    assert "With a student of 4 layers another would be first: " in said
    assert run("recommend", "--dataset", "reviews", "--teacher", "teacher").exit_code == 2


def test_advice_from_the_past_shows_the_way_from_the_default(run: Run, tmp_path: Path) -> None:
    facts = facts_of()
    tasks = [
        past_of(
            dataset_of(name, facts, {}),
            facts,
            [
                trial_of(
                    n,
                    PipelineSpec(
                        intermediate=Cosine() if n % 2 else MIAlpha(),
                        training=Training(num_epochs=3 + n),
                    ),
                    dev={"accuracy": 0.5 + 0.2 * (n % 2) + 0.01 * n},
                )
                for n in range(10)
            ],
        ).model_copy(update={"job": name})
        for name in "abcde"
    ]
    path = tmp_path / "past.parquet"
    path.write_bytes(b"".join(chronicle.write(tasks)))
    assert run("history", "import", path).exit_code == 0
    answer = run(
        *("recommend", "--dataset", "reviews", "--teacher", "teacher", "--cut", 2, "-k", 1)
    )
    run("history", "forget", "past")
    assert answer.exit_code == 0, answer.output
    said = " ".join(answer.output.split())
    assert re.search(r"intermediate → cosine: \+\d+\.\d% of the gap \(\+\d+% to \+\d+% at", said)
    assert re.search(r"augmentation → none: .* no evidence: too few past datasets tried both", said)


@pytest.mark.parametrize(
    ("kind", "data", "line"),
    [
        ("job.failed", {"message": "[red]"}, "job failed: [red]"),
        ("prepare", {"step": "teacher", "score": 0.91234}, "teacher: score 0.9123"),
        ("prepare", {}, "prepare"),
        ("job.queued", {}, "job queued"),
        ("trial.running", {"number": 3, "attempt": 1}, "trial 3 running"),
        (
            "measurement",
            {"number": 3, "epoch": 2, "values": {"dev/accuracy": 0.5}},
            "trial 3 epoch 2: dev accuracy 0.5",
        ),
        ("trial.failed", {"number": 3, "reason": "[/x]"}, "trial 3 failed: [/x]"),
        ("trial.queued", {"number": 3}, None),
        ("log", {"anything": 1}, None),
    ],
)
def test_an_event_is_a_line(kind: str, data: dict[str, Any], line: str | None) -> None:
    event = Event(
        job_id="j", seq=1, kind=kind, data=data, created_at=datetime(2026, 1, 1, tzinfo=UTC)
    )
    described = describe(event, "accuracy")
    assert (described and described.plain) == line


def test_histories_are_exported_imported_listed_and_forgotten(run: Run, tmp_path: Path) -> None:
    facts = facts_of()
    task = past_of(dataset_of("theirs", facts, {}), facts, [trial_of(0, PipelineSpec())])
    path = tmp_path / "theirs.parquet"
    path.write_bytes(b"".join(chronicle.write([task.model_copy(update={"job": "theirs"})])))
    for _ in range(2):
        done = run("history", "import", path)
        assert "theirs: 1 trials of 1 tasks" in done.stdout
    assert "theirs" in run("history", "list").stdout
    assert "forgotten" in run("history", "forget", "theirs").stdout
    assert "tasks. " in run("history", "evaluate").stdout
    refused = run("history", "import", reviews(tmp_path / "reviews.csv"))
    assert refused.exit_code == 2
    assert "not Distiller's table" in refused.stderr
    path.write_bytes(b"PAR1 and no more")
    refused = run("history", "import", path)
    assert refused.exit_code == 2
    assert "no history" in refused.stderr
    mine = tmp_path / "mine.parquet"
    assert run("history", "export", mine).exit_code == 0
    assert all(known.trials for known in chronicle.read(mine))


def test_tokens_are_made_listed_and_revoked(run: Run) -> None:
    made = run("token", "create", "ci", "--scope", "submitter", "--project", "p")
    assert made.stdout.startswith("adt_")
    assert "not shown again" in made.stderr
    listed = run("token", "list").stdout
    assert made.stdout.strip() not in listed
    assert all(word in listed for word in ("ci", "submitter", "local"))
    assert run("token", "revoke", "ci").stdout == "ci is revoked\n"
    told = run("audit", "--last", "2").stdout.splitlines()
    assert [line.split("  ")[2] for line in told] == ["token.revoke", "token.create"]


def test_webhooks_are_added_listed_and_removed(run: Run) -> None:
    made = run("webhook", "add", "https://8.8.8.8/hooks")
    assert made.stdout.startswith("whsec_")
    name = made.stderr.split()[0]
    assert (
        f"{name}  https://8.8.8.8/hooks  all projects  nothing yet" in run("webhook", "list").stdout
    )
    assert "not told any more" in run("webhook", "remove", name).stdout
    refused = run("webhook", "add", "http://10.0.0.1/")
    assert refused.exit_code == 2
    assert "no public address" in refused.stderr


def test_a_job_is_cloned_extended_and_its_failures_are_run_again(
    run: Run, client: Client, tmp_path: Path
) -> None:
    job = run("submit", *FLAGS, "--priority", "30").output.strip()
    changes = tmp_path / "changes.json"
    changes.write_text(json.dumps({"budget": {"num_trials": 4}}))
    clone = run("clone", job, "--changes", changes, "--seed", 9).output.strip()
    spec = client.job(clone).spec
    assert (spec.priority, spec.seed, spec.budget.num_trials) == (30, 9, 4)
    client.pause(clone)
    assert run("extend", clone, "--trials", 6).output.strip() == "queued"
    assert client.job(clone).spec.budget.num_trials == 6
    refused = run("retry", job)
    assert refused.exit_code == 2
    assert "pause it first" in refused.output


def test_projects_are_set_and_listed(run: Run) -> None:
    said = run("project", "set", "mine", "--weight", 3, "--quota", 2).output
    assert said.strip() == "mine: weight 3, at most 2 slots"
    assert "mine" in run("project", "list").output
