from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from autodistill.component import Choice
from autodistill.record import JobState
from autodistill.spec import Limit

pytestmark = pytest.mark.e2e

DATASET = "ds_0123456789abcdef"
PAGES = {
    "jobs": "/",
    "new": f"/jobs/new?dataset={DATASET}",
    "running": "/jobs/job_running",
    "succeeded": "/jobs/job_succeeded",
    "trials": "/jobs/job_succeeded/trials",
    "why": "/jobs/job_succeeded/why",
    "trial": "/jobs/job_succeeded/trials/13",
    "recommend": f"/recommend?dataset={DATASET}",
}
REFUSED = "the server responded with a status of"


def test_what_users_typed_stays_text(visitor: Any) -> None:
    for path in ("/", "/datasets", "/jobs/job_failed", "/jobs/new"):
        page = visitor.open(path)
        expect(page.locator("img[src=x]")).to_have_count(0)
        expect(page.get_by_text("<img src=x").first).to_be_attached()


def test_a_long_name_stays_on_a_phone(visitor: Any) -> None:
    def with_another(route: Any) -> None:
        models = route.fetch().json()
        another = models["items"][0] | {"id": "md_long", "name": "\U0001f40d" + "x" * 99}
        models["items"].append(another)
        route.fulfill(body=json.dumps(models), content_type="application/json")

    visitor.context.route("**/v1/models*", with_another)
    page = visitor.open(f"{PAGES['new']}&teacher=minilm-6")
    page.set_viewport_size({"width": 400, "height": 800})
    expect(page.locator("#students")).to_contain_text("xxx")
    assert page.locator("html").evaluate("e => e.scrollWidth") <= 400


def test_a_running_job_is_followed_without_reloading(visitor: Any, service: Any) -> None:
    page = visitor.open(PAGES["running"])
    expect(page.locator("#live")).to_have_text("● live")
    expect(page.locator(".tile", has_text="of 20")).to_contain_text("6 of 20")
    page.locator("#history figure").focus()
    service.run_trial(7)
    expect(page.locator("#activity")).to_contain_text("Trial 7 finished")
    expect(page.locator(".tile", has_text="of 20")).to_contain_text("7 of 20")
    expect(page.locator("#history figure")).to_be_focused()


def test_a_finished_job_says_whether_the_gain_is_noise(visitor: Any) -> None:
    tiles = visitor.open(PAGES["succeeded"]).locator("#tiles")
    expect(tiles).to_contain_text("88.40 ± 0.40 %")
    expect(tiles).to_contain_text("+3.60 points")
    expect(tiles).to_contain_text("beyond the noise of seeds")


def test_a_chart_can_be_read_with_the_keyboard(visitor: Any) -> None:
    page = visitor.open(PAGES["succeeded"])
    page.locator("#history figure").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#history .tip")).to_contain_text("Trial 0")


def test_trials_come_in_pages(visitor: Any) -> None:
    page = visitor.open("/jobs/job_failed/trials")
    expect(page.locator("#trials tbody tr")).to_have_count(100)
    page.get_by_role("link", name="Next trials").click()
    expect(page.locator("#trials tbody tr")).to_have_count(20)
    expect(page.get_by_role("link", name="First trials")).to_be_visible()


def test_test_scores_are_marked_as_report_only(visitor: Any) -> None:
    expect(visitor.open(PAGES["trial"]).locator("#scores")).to_contain_text("Test (report only)")


def test_a_job_is_narrowed_and_submitted(visitor: Any, service: Any) -> None:
    page = visitor.open(PAGES["new"])
    expect(page.locator("#verdict")).to_contain_text("Ready to start.")
    expect(page.locator("#advice ol > li")).to_have_count(5)
    page.get_by_label("Reverse KL").uncheck()
    page.get_by_label("Number of trials").fill("12")
    page.get_by_role("group", name="Measured besides").get_by_label("sharpness").check()
    page.get_by_role("button", name="Add a limit").click()
    page.get_by_label("latency, at most").fill("4.5")
    expect(page.locator("#verdict")).to_contain_text("12 trials")
    expect(page.locator("#verdict")).to_contain_text("the winner keeps latency at most 4.5 ms")
    page.get_by_role("button", name="Start job").click()
    page.wait_for_url("**/jobs/job_*")
    job_id = page.url.rpartition("/")[2]
    with service.store.read() as tx:
        spec = tx.jobs.get(job_id).spec
    assert spec.budget.num_trials == 12
    assert spec.probes == ("sharpness",)
    assert spec.limits == (Limit(metric="latency_ms", bound=4.5),)
    expect(page.locator("#asked")).to_contain_text("latency at most 4.5 ms")
    clone = visitor.open(f"/jobs/new?from={job_id}")
    expect(clone.get_by_label("latency, at most")).to_have_value("4.5")
    clone.get_by_role("button", name="Add a limit").click()
    clone.get_by_role("button", name="Leave out limit 1").click()
    expect(clone.get_by_role("button", name="Leave out limit 1")).to_have_count(1)
    expect(clone.locator("#request")).not_to_contain_text("limits")
    losses = spec.space["loss"]
    assert isinstance(losses, Choice)
    assert "reverse_kl" not in losses.options
    assert "softened_kl" in losses.options


def test_a_problem_is_shown_beside_its_field(visitor: Any) -> None:
    page = visitor.open(PAGES["new"])
    page.get_by_label("Number of trials").fill("0")
    problem = page.locator("[data-field='budget.num_trials'] .problem")
    expect(problem).to_contain_text("greater than or equal to 1")
    expect(page.get_by_label("Number of trials")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Number of trials").fill("9")
    expect(problem).to_have_count(0)
    page.get_by_label("Number of trials").fill("")
    page.get_by_label("Number of trials").press_sequentially("1e")
    expect(problem).to_contain_text("unable to parse")
    page.get_by_label("Number of trials").fill("9")
    for bound in ("4", "5"):
        page.get_by_role("button", name="Add a limit").click()
        page.get_by_label("What is limited").last.select_option("latency_ms")
        page.get_by_label("latency, at most").last.fill(bound)
    twice = page.locator("[data-field=limits] > .problem")
    expect(twice).to_have_text("Each metric may appear once.")
    page.get_by_label("What is limited").last.select_option("accuracy")
    bound = page.get_by_label("accuracy, at least")
    bound.fill("80")
    beside = page.locator("[data-field='limits.1'] .problem")
    expect(beside).to_have_text("accuracy is a share, from 0 to 1 (0.9 is 90 %), got 80.")
    expect(bound).to_have_attribute("aria-describedby", re.compile("^problem-"))
    visitor.look(page, "new-with-problems")
    bound.fill("")
    bound.press_sequentially("1e")
    expect(beside).to_contain_text("unable to parse")
    bound.fill("0.8")
    expect(page.locator("#verdict")).to_contain_text("and accuracy at least 80.00 %")
    expect(twice).to_have_count(0)
    visitor.forgive(REFUSED)


def test_advice_is_carried_into_a_new_job(visitor: Any) -> None:
    page = visitor.open(PAGES["recommend"])
    page.get_by_label("Take pipeline 2").uncheck()
    page.get_by_role("link", name="Start a job with them").click()
    chosen = page.locator("[data-field=start] li")
    expect(chosen).to_have_count(4)
    expect(page.locator("#verdict")).to_contain_text("Ready to start.")


def test_another_job_is_cloned(visitor: Any) -> None:
    page = visitor.open("/jobs/new?from=job_failed")
    expect(page.get_by_label("Number of trials")).to_have_value("120")
    expect(page.locator("#verdict")).to_contain_text("Ready to start.")


def test_a_job_is_paused_resumed_and_cancelled(visitor: Any, service: Any) -> None:
    service.submit("job_steered")
    page = visitor.open("/jobs/job_steered")
    why = visitor.open("/jobs/job_steered/why")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#state")).to_have_text("Paused")
    page.get_by_role("button", name="Resume").click()
    expect(page.locator("#state")).to_have_text("Queued")
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Cancel job", exact=True).click()
    expect(page.locator("#state")).to_have_text("Cancelled")
    expect(page.locator("#live")).to_have_text("")
    expect(why.locator("#state")).to_have_text("Cancelled")
    with service.store.read() as tx:
        assert tx.jobs.get("job_steered").state is JobState.CANCELLED


def test_a_job_that_has_ended_is_taken_up_again(visitor: Any, service: Any) -> None:
    page = visitor.open(f"/jobs/{service.broken}")
    page.get_by_role("button", name="Retry failed").click()
    expect(page.locator("#state")).to_have_text("Queued")
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("button", name="Extend").click()
    page.get_by_label("Trials in all").fill("30")
    page.get_by_role("dialog").get_by_role("button", name="Extend").click()
    expect(page.locator("#state")).to_have_text("Queued")
    expect(page.locator(".tile", has_text="of 30")).to_be_visible()
    with service.store.read() as tx:
        assert tx.jobs.get(service.broken).spec.budget.num_trials == 30


def test_what_rewrites_texts_is_picked_from_the_models(visitor: Any) -> None:
    page = visitor.open(PAGES["new"])
    page.get_by_text("Models that rewrite training texts").click()
    page.get_by_label("Masked lm").select_option(label="minilm-6 · 6 layers · 22.7 M parameters")
    expect(page.locator("#request")).to_contain_text('"masked_lm": "md_0123456789abcdef"')
    expect(page.locator("#verdict")).to_contain_text("Ready to start.")


def test_a_dataset_is_uploaded(visitor: Any, tmp_path: Path) -> None:
    words = ("good", "fine", "bad", "poor")
    rows = [f"{words[i % 4]} film number {i},{'yes' if i % 4 < 2 else 'no'}" for i in range(80)]
    path = tmp_path / "tiny.csv"
    path.write_text("\n".join(["text,label", *rows]))
    page = visitor.open("/datasets")
    page.get_by_label("Name").fill("tiny films")
    page.get_by_label("File").set_input_files(path)
    page.get_by_role("button", name="Upload").click()
    expect(page.locator("#list")).to_contain_text("tiny films")


def test_a_refused_model_says_why(visitor: Any) -> None:
    page = visitor.open("/models")
    page.get_by_label("Name").fill("mine")
    page.get_by_label("Path").fill("/etc")
    page.get_by_role("button", name="Register").click()
    problem = page.locator("[data-field='source.path'] .problem")
    expect(problem).to_contain_text("outside the folders")
    visitor.forgive(REFUSED)


def test_a_new_loss_shows_its_label_without_an_edit(visitor: Any) -> None:
    def with_another(route: Any) -> None:
        slots = route.fetch().json()
        slots["loss"]["invented"] = {**slots["loss"]["softened_kl"], "title": "Invented loss"}
        route.fulfill(body=json.dumps(slots), content_type="application/json")

    visitor.context.route("**/v1/components", with_another)
    page = visitor.open("/jobs/new")
    expect(page.get_by_label("Invented loss")).to_be_checked()


def test_an_empty_service_says_how_to_begin(visitor: Any) -> None:
    nothing = json.dumps({"items": [], "next": None})
    for noun in ("jobs", "datasets", "models"):
        visitor.context.route(f"**/v1/{noun}*", lambda route: route.fulfill(body=nothing))
    expect(visitor.open("/").locator("#jobs")).to_contain_text("No jobs yet")
    expect(visitor.open("/datasets").locator("#list")).to_contain_text("No datasets yet")
    expect(visitor.open("/models").locator("#list")).to_contain_text("No models yet")
    expect(visitor.open("/recommend").locator("#advice")).to_contain_text("come first")


def test_a_service_that_does_not_answer_is_said_so(visitor: Any) -> None:
    visitor.context.route("**/v1/jobs?*", lambda route: route.abort())
    expect(visitor.open("/").locator("#jobs")).to_contain_text("cannot be reached")
    visitor.forgive("net::ERR_FAILED")


def test_a_job_that_does_not_exist_is_said_so(visitor: Any) -> None:
    expect(visitor.open("/jobs/nothing").locator("#message")).to_contain_text('No job "nothing"')
    visitor.forgive(REFUSED)
