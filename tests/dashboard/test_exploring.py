"""Looking into a job: sorting, filtering, comparing, explaining, downloading."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect
from pyarrow import csv, parquet

from autodistill.augmentations.mixup import Mixup
from autodistill.augmentations.none import NoAugmentation
from autodistill.facts import task_facts
from autodistill.history import chronicle
from autodistill.intermediate.mi_alpha import MIAlpha
from autodistill.intermediate.mse import MSE
from autodistill.optimisation import Training
from autodistill.spec import CutStudent, PipelineSpec
from autodistill.testing.records import dataset_of, past_of, trial_of

pytestmark = pytest.mark.e2e

DATASET = "ds_0123456789abcdef"
TRIALS = "/jobs/job_succeeded/trials"
REFUSED = "the server responded with a status of"


def test_trials_are_sorted_by_any_column_and_the_address_keeps_it(visitor: Any) -> None:
    page = visitor.open(TRIALS)
    page.get_by_role("button", name="Sort by Dev accuracy").click()
    first = page.locator("#trials tbody tr").first
    expect(first).to_contain_text("Trial 13")
    expect(page.locator("th[aria-sort=descending]")).to_contain_text("Dev accuracy")
    page.reload()
    expect(first).to_contain_text("Trial 13")
    page.get_by_role("button", name="Sort by Dev accuracy").click()
    expect(first).not_to_contain_text("Trial 13")


def test_trials_are_filtered_by_what_their_columns_hold(visitor: Any) -> None:
    page = visitor.open(TRIALS)
    page.get_by_label("Add a filter").select_option("state")
    page.get_by_label("stopped early").check()
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("#count")).to_have_text("4 of 20 trials")
    expect(page.locator("#trials tbody tr")).to_have_count(4)
    page.get_by_label("Add a filter").select_option("epochs_done")
    page.get_by_label("At least").fill("90")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("#trials")).to_contain_text("No trial matches")
    page.get_by_role("button", name="Take all filters away").click()
    expect(page.locator("#count")).to_have_text("20 trials")


def test_columns_are_chosen(visitor: Any) -> None:
    page = visitor.open(TRIALS)
    page.get_by_text("Choose columns").click()
    page.get_by_label("Training · learning rate").check()
    expect(page.locator("#trials thead")).to_contain_text("Training · learning rate")
    assert "column=training.learning_rate" in page.url


@pytest.mark.parametrize("kind", ["CSV", "Parquet"])
def test_what_is_shown_is_exported(visitor: Any, kind: str, tmp_path: Path) -> None:
    page = visitor.open(f"{TRIALS}?where=state%3Dpruned&sort=-number")
    with page.expect_download() as started:
        page.get_by_role("link", name=kind).click()
    path = tmp_path / "trials"
    started.value.save_as(path)
    table = csv.read_csv(path) if kind == "CSV" else parquet.read_table(path)
    assert table["number"].to_pylist() == [16, 12, 11, 7]


def test_trials_are_compared(visitor: Any) -> None:
    page = visitor.open(TRIALS)
    for number in (4, 13):
        page.get_by_label(f"Compare trial {number}", exact=True).check()
    page.get_by_role("link", name="Compare them").click()
    expect(page.locator("#legend a")).to_have_count(2)
    expect(page.locator("#differences tbody tr").first).to_be_visible()
    page.get_by_label("Measured").select_option("loss/total")
    expect(page.locator("#curves figure")).to_have_attribute("aria-label", re.compile("Loss/total"))
    assert "measured=loss" in page.url


def test_too_few_trials_to_compare_are_said_so(visitor: Any) -> None:
    page = visitor.open("/jobs/job_succeeded/compare?trial=4")
    expect(page.locator("#legend")).to_contain_text("Choose two to six trials")


def test_why_shows_importance_path_slices_and_savings(visitor: Any) -> None:
    page = visitor.open("/jobs/job_succeeded/why")
    shares = page.locator("table[aria-label='Importance of each slot'] .num")
    told = [float(t.removesuffix(" %")) for t in shares.all_inner_texts()]
    assert told == sorted(told, reverse=True)
    assert abs(sum(told) - 100) < 3
    expect(page.locator("#path")).to_contain_text("Default pipeline")
    expect(page.locator("#saved")).to_contain_text("4 of 20 trials were stopped early")
    page.locator("#setting").select_option("training.learning_rate")
    label = page.locator("#slice figure")
    expect(label).to_have_attribute("aria-label", re.compile("learning rate"))
    assert "setting=training.learning_rate" in page.url


def test_lines_are_brushed_with_pointer_and_keyboard(visitor: Any) -> None:
    page = visitor.open("/jobs/job_succeeded/why")
    said = page.locator("#parallel [role=status]")
    expect(said).to_contain_text("15 trials")
    handle = page.locator("#parallel .handle").last
    handle.focus()
    page.keyboard.press("ArrowDown")
    expect(said).to_contain_text("pass through what is chosen")
    page.keyboard.press("Escape")
    expect(said).to_contain_text("15 trials. Drag")
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 12, box["y"] + 10)
    page.mouse.down()
    page.mouse.move(box["x"] + 12, box["y"] + 90)
    page.mouse.up()
    expect(said).to_contain_text("pass through what is chosen")


def test_a_part_of_the_history_is_looked_at_closely(visitor: Any) -> None:
    page = visitor.open("/jobs/job_succeeded")
    figure = page.locator("#history figure")
    figure.scroll_into_view_if_needed()
    box = figure.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 80)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + 90)
    page.mouse.up()
    expect(page.get_by_role("button", name="Show all trials")).to_be_visible()
    assert "trials=" in page.url
    page.get_by_role("button", name="Show all trials").click()
    expect(figure).to_have_attribute("aria-label", re.compile("of 20 trials"))


def test_several_objectives_have_a_front_and_what_it_covers(visitor: Any, service: Any) -> None:
    page = visitor.open("/jobs/job_front")
    with service.store.read() as tx:
        ahead = tx.jobs.get(service.front).result.front
    assert len(ahead) > 1
    expect(page.locator("#front-title")).to_contain_text("Front of accuracy and latency")
    expect(page.locator("#history .legend")).to_contain_text("Best distilled so far, by latency")
    expect(page.locator("#curves figure")).to_have_attribute("aria-label", re.compile("^accuracy"))
    clone = visitor.open("/jobs/new?from=job_front")
    expect(clone.locator("#verdict")).to_contain_text("latency and accuracy are optimised")
    front = page.locator("#front figure")
    expect(front).to_have_attribute("aria-label", re.compile(f"{len(ahead)} on the front"))
    told = page.request.get(f"{visitor.url}/v1/jobs/job_front/columns?name=number").json()
    assert sorted(told["front"]) == sorted(ahead)
    volume = page.locator("#volume figure")
    expect(volume).to_have_attribute("aria-label", re.compile("Hypervolume of the front by trial"))
    volume.focus()
    page.keyboard.press("ArrowRight")
    grew, covered = told["hypervolume"][0]
    expect(page.locator("#volume .tip")).to_contain_text(f"Trial {grew}")
    assert 0 < covered < told["hypervolume"][-1][1] <= 1
    expect(visitor.open("/jobs/job_succeeded").locator("#volume")).to_be_hidden()


def past_tasks(folder: Path, service: Any) -> Path:
    """Return an exported history of four tasks like the service's own, which agree on MSE."""
    student = CutStudent(num_layers=3)
    with service.store.read() as tx:
        data, model = tx.datasets.get(DATASET), tx.models.get("minilm-6")
    facts = task_facts(data, model, student, None)
    tasks = []
    for i, name in enumerate("abcd"):
        trials = [
            trial_of(
                n,
                PipelineSpec(
                    intermediate=MSE() if n % 2 else MIAlpha(),
                    augmentation=Mixup() if n % 4 < 2 else NoAugmentation(),
                    training=Training(num_epochs=3 + n // 2),
                ),
                dev={"accuracy": 0.6 + 0.1 * (n % 2) + 0.004 * n + 0.002 * ((n * i) % 5)},
            )
            for n in range(12)
        ]
        trials = [t.model_copy(update={"test": t.dev}) for t in trials]
        past = past_of(dataset_of(name, facts, data.meta_features), facts, trials)
        tasks.append(past.model_copy(update={"job": name, "student": student.label}))
    path = folder / "theirs.parquet"
    path.write_bytes(b"".join(chronicle.write(tasks)))
    return path


def test_an_imported_history_is_tried_advises_and_is_forgotten(
    visitor: Any, service: Any, tmp_path: Path
) -> None:
    page = visitor.open("/history")
    page.get_by_label("File").set_input_files(past_tasks(tmp_path, service))
    page.get_by_label("Name").fill("theirs")
    page.get_by_role("button", name="Import").click()
    expect(page.locator("#list")).to_contain_text("theirs")
    page.get_by_role("button", name="Try it on the past").click()
    regret = page.locator("#tried figure")
    expect(regret).to_have_attribute(
        "aria-label", "Regret of the first choice by the number of past tasks"
    )
    expect(page.locator("#tried .legend")).to_contain_text("recommender")
    expect(page.locator("#tried .legend")).to_contain_text("nearest dataset")
    assert regret.locator("path.line.bold").get_attribute("d").count("L") >= 2
    regret.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#tried .tip")).to_contain_text(re.compile(r"past tasks \d+: \d"))
    visitor.look(page, "history-tried")
    advice = visitor.open(f"/recommend?dataset={DATASET}&teacher=minilm-6&student=cut-3")
    first = advice.locator("#advice li").first
    first.get_by_text(re.compile("From the default pipeline in")).click()
    asked = {"dataset": DATASET, "teacher": "minilm-6", "k": 1}
    asked["student"] = {"kind": "cut", "num_layers": 3}
    told = page.request.post(f"{visitor.url}/v1/recommendations", data=asked).json()
    steps = told["advice"][0]["path"]
    rows = first.locator("tbody tr").all_inner_texts()
    assert ["No evidence" not in row for row in rows] == [step["evident"] for step in steps]
    exchanged = next(row for row in rows if "Hidden-state MSE" in row)
    assert re.search(r"[a-d] with 3 layers \(similarity 1.00\), accuracy 0.1", exchanged)
    assert re.search(r"\+\d+\.\d %", exchanged)
    expect(advice.get_by_role("heading", name="What would change the answer")).to_be_visible()
    visitor.look(advice, "recommend-path")
    page.get_by_role("button", name="Delete theirs").click()
    page.get_by_role("button", name="Delete import", exact=True).click()
    expect(page.locator("#list")).not_to_contain_text("theirs")


def test_a_point_opens_its_trial(visitor: Any) -> None:
    page = visitor.open("/jobs/job_succeeded")
    page.locator("#front figure").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#front .tip")).to_contain_text("latency in ms: 3.1")
    page.keyboard.press("Enter")
    page.wait_for_url("**/trials/*")


def test_the_timeline_names_failures(visitor: Any) -> None:
    page = visitor.open("/jobs/job_succeeded/timeline")
    expect(page.locator("#failures")).to_contain_text("The loss is no longer finite.")
    expect(page.locator("#bars rect.attempt")).to_have_count(20)
    expect(page.locator("#changes")).to_contain_text("Job succeeded")


def test_a_report_says_the_same_in_one_file(visitor: Any) -> None:
    page = visitor.open("/v1/jobs/job_succeeded/report")
    for said in ("88.40 ± 0.40 % accuracy", "beyond the noise of seeds", "Download the student"):
        expect(page.get_by_text(said).first).to_be_visible()
    loaded = page.evaluate("() => performance.getEntriesByType('resource').length")
    assert loaded == 0


def test_jobs_are_found_and_sorted(visitor: Any) -> None:
    page = visitor.open("/")
    page.get_by_label("Name").fill("NIGHT")
    expect(page.locator("#jobs tbody tr")).to_have_count(1)
    assert "text=NIGHT" in page.url
    page.get_by_label("Name").fill("")
    page.locator("select[name=state]").select_option("succeeded")
    expect(page.locator("#jobs tbody")).to_contain_text("+3.60 points")
    expect(page.locator("#jobs tbody .spark").first).to_be_visible()
    page.locator("select[name=state]").select_option("")
    page.get_by_role("button", name="Sort by job").click()
    expect(page.locator("th[aria-sort=ascending]")).to_contain_text("Job")


@pytest.mark.parametrize(
    ("button", "part"),
    [("curl", "curl -X POST"), ("Python", "client.submit("), ("CLI", "autodistill submit")],
)
def test_a_request_is_copied_as_a_program(visitor: Any, button: str, part: str) -> None:
    visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = visitor.open(f"/jobs/new?dataset={DATASET}&teacher=minilm-6")
    page.get_by_role("button", name="Add a limit").click()
    page.get_by_label("latency, at most").fill("5")
    expect(page.locator("#verdict")).to_contain_text("Ready to start.")
    page.get_by_role("button", name=button, exact=True).click()
    copied = page.evaluate("() => navigator.clipboard.readText()")
    assert part in copied
    assert re.search(r'"limits": \[\s*{\s*"metric": "latency_ms",\s*"bound": 5,?\s*}', copied)
    if button == "Python":
        compile(copied, "job.py", "exec")


def test_a_new_job_says_how_long_it_takes(visitor: Any) -> None:
    page = visitor.open(f"/jobs/new?dataset={DATASET}&teacher=minilm-6")
    expect(page.locator("#verdict")).to_contain_text("of earlier jobs with the same dataset")


def test_a_spare_model_is_deleted_and_a_used_dataset_is_not(visitor: Any, service: Any) -> None:
    service.spare()
    page = visitor.open("/models")
    page.get_by_role("button", name="Delete spare").click()
    page.get_by_role("button", name="Delete model", exact=True).click()
    expect(page.locator("#list")).not_to_contain_text("spare")
    page = visitor.open(f"/datasets/{DATASET}")
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete dataset", exact=True).click()
    expect(page.locator("#toasts")).to_contain_text("is used by job_")
    visitor.forgive(REFUSED)


def test_the_system_shows_who_works_on_what(visitor: Any) -> None:
    page = visitor.open("/system")
    expect(page.locator("#leases")).to_contain_text("worker")
    expect(page.locator("#queue")).to_contain_text("waiting")
    expect(page.locator("#service")).to_contain_text("sqlite")


def test_a_confusion_matrix_says_which_classes_are_taken_for_which(visitor: Any) -> None:
    matrix = visitor.open("/jobs/job_succeeded/trials/13").locator("#confusion")
    expect(matrix).to_contain_text("Most often: positive taken for negative (43)")
    expect(matrix.locator("td.right")).to_have_text(["520", "507"])


def test_the_log_of_a_trial_shows_its_newest_lines(visitor: Any) -> None:
    log = visitor.open("/jobs/job_succeeded/trials/13").locator("#log pre")
    expect(log).to_contain_text("Epoch 59: dev/accuracy 0.8")
    assert log.evaluate("e => e.scrollTop + e.clientHeight >= e.scrollHeight - 2")
    empty = visitor.open("/jobs/job_succeeded/trials/4").locator("#log")
    expect(empty).to_have_text("Nothing was said yet.")


def test_the_exported_student_is_there_in_each_format(visitor: Any) -> None:
    files = visitor.open("/jobs/job_succeeded/trials/13").locator("#files")
    expect(files.get_by_role("link", name="ONNX graphs")).to_have_attribute(
        "href", "/v1/jobs/job_succeeded/student?format=onnx"
    )
    expect(files).to_contain_text("8-bit weights: 88.60 % accuracy on dev, 1.1 ms, 17 MiB")
    elsewhere = visitor.open("/jobs/job_succeeded/trials/4").locator("#files")
    expect(elsewhere).to_contain_text("The exported student is that of trial 13.")


def test_a_failure_shows_its_message_and_the_tail_of_its_log(visitor: Any) -> None:
    page = visitor.open("/jobs/job_succeeded/timeline")
    failure = page.locator("#failures tbody tr").first
    expect(failure).to_contain_text("Diverged: The loss is no longer finite.")
    failure.get_by_text("Log tail").click()
    expect(failure.locator("pre")).to_contain_text("Traceback")


def test_an_open_trial_is_stopped(visitor: Any, service: Any) -> None:
    page = visitor.open("/jobs/job_running/trials/6")
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    page = visitor.open("/jobs/job_running/trials")
    page.get_by_role("button", name="Stop trial 6", exact=True).click()
    expect(page.locator("#toasts")).to_contain_text("It ends after its epoch.")
    with service.store.read() as tx:
        assert tx.jobs.orders(service.running).stops == {6}


def test_a_failed_trial_is_run_again_alone(visitor: Any, service: Any) -> None:
    page = visitor.open(f"/jobs/{service.rerun}/trials/2")
    expect(page.get_by_role("button", name="Run again")).to_be_visible()
    page = visitor.open(f"/jobs/{service.rerun}/trials")
    page.get_by_role("button", name="Run again trial 1", exact=True).click()
    expect(page.locator("#state")).to_have_text("Queued")
    with service.store.read() as tx:
        assert tx.trials.get(service.rerun, 2).state == "failed"
