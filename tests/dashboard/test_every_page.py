"""Each page on real data, by day and on a phone at night: no fault, accessible, nothing moves."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.e2e

DATASET = "ds_0123456789abcdef"
PAGES = {
    "jobs": "/",
    "new": f"/jobs/new?dataset={DATASET}",
    "running": "/jobs/job_running",
    "succeeded": "/jobs/job_succeeded",
    "front": "/jobs/job_front",
    "failed": "/jobs/job_failed",
    "paused": "/jobs/job_paused",
    "waiting": "/jobs/job_waiting",
    "trials": "/jobs/job_succeeded/trials",
    "no-trials": "/jobs/job_waiting/trials",
    "compare": "/jobs/job_succeeded/compare?trial=4&trial=13&trial=9",
    "why": "/jobs/job_succeeded/why",
    "why-early": "/jobs/job_running/why",
    "timeline": "/jobs/job_succeeded/timeline",
    "timeline-waiting": "/jobs/job_waiting/timeline",
    "trial": "/jobs/job_succeeded/trials/13",
    "failed-trial": "/jobs/job_succeeded/trials/14",
    "recommend": f"/recommend?dataset={DATASET}",
    "datasets": "/datasets",
    "dataset": f"/datasets/{DATASET}",
    "models": "/models",
    "history": "/history",
    "system": "/system",
    "report": "/v1/jobs/job_succeeded/report",
}
FIRST_VIEW_BYTES = 500_000
SHIFT = """() => new Promise((resolve) => {
  let sum = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) sum += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
  requestAnimationFrame(() => requestAnimationFrame(() => resolve(sum)));
})"""


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_without_fault_by_day_and_on_a_phone_at_night(name: str, visitor: Any) -> None:
    page = visitor.open(PAGES[name])
    expect(page.locator("[role=alert]")).to_have_count(1 if name.startswith("failed") else 0)
    assert page.evaluate(SHIFT) == 0
    visitor.look(page, name)
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 400, "height": 800})
    visitor.look(page, f"{name}-phone")
    assert page.locator("html").evaluate("e => e.scrollWidth") <= 400


def test_the_five_questions_are_answered_without_scrolling(visitor: Any) -> None:
    page = visitor.open(PAGES["succeeded"])
    page.set_viewport_size({"width": 1440, "height": 900})
    answers = page.locator(".answer")
    expect(answers).to_have_count(5)
    for i, said in enumerate(("Finished", "88.40", "matters most", "of training", "Download")):
        expect(answers.nth(i)).to_contain_text(said)
        expect(answers.nth(i)).to_be_in_viewport(ratio=0.999)
    visitor.look(page, "five-answers")


@pytest.mark.parametrize("name", ["succeeded", "running", "failed"])
@pytest.mark.parametrize("size", [(1440, 900), (400, 800)], ids=["laptop", "phone"])
def test_the_first_view_is_small_and_does_not_shift(
    name: str, size: tuple[int, int], visitor: Any
) -> None:
    page = visitor.context.new_page()
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(visitor.url + PAGES[name])
    expect(page.locator("[aria-busy], .loading")).to_have_count(0)
    sizes = page.locator("html").evaluate(
        "() => performance.getEntries().map((entry) => entry.transferSize ?? 0)"
    )
    assert 0 < sum(sizes) < FIRST_VIEW_BYTES
    assert page.evaluate(SHIFT) == 0
