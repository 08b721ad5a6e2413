"""Each page on real data, by day and on a phone at night: no fault, accessible, screenshot taken.

Screenshots go to the folder that `AUTODISTILL_SCREENSHOTS` names, else to a temporary one.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.e2e

DATASET = "ds_0123456789abcdef"
PAGES = {
    "jobs": "/",
    "new": f"/jobs/new?dataset={DATASET}",
    "running": "/jobs/job_running",
    "succeeded": "/jobs/job_succeeded",
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
MOST_SHIFT = 0.1
"""Cumulative layout shift that counts as good (web.dev, Core Web Vitals)."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where screenshots go."""
    chosen = Path(os.environ.get("AUTODISTILL_SCREENSHOTS", tmp_path))
    chosen.mkdir(parents=True, exist_ok=True)
    return chosen


def faults(page: Page) -> list[str]:
    """Return what axe-core finds serious or critical."""
    found = Axe().run(page).response["violations"]
    return [
        f"{v['id']}: {node['html'][:160]}"
        for v in found
        if v["impact"] in ("serious", "critical")
        for node in v["nodes"]
    ]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_without_fault_by_day_and_on_a_phone_at_night(
    name: str, visitor: Any, folder: Path
) -> None:
    page = visitor.open(PAGES[name])
    page.screenshot(path=folder / f"{name}.png", full_page=True)
    expect(page.locator("[role=alert]")).to_have_count(1 if name.startswith("failed") else 0)
    assert faults(page) == []
    page.emulate_media(color_scheme="dark")
    page.screenshot(path=folder / f"{name}-dark.png", full_page=True)
    page.set_viewport_size({"width": 400, "height": 800})
    page.screenshot(path=folder / f"{name}-phone.png", full_page=True)
    assert faults(page) == []
    assert page.locator("html").evaluate("e => e.scrollWidth") <= 400


def test_the_five_questions_are_answered_without_scrolling(visitor: Any, folder: Path) -> None:
    page = visitor.open(PAGES["succeeded"])
    page.set_viewport_size({"width": 1440, "height": 900})
    page.screenshot(path=folder / "five-answers.png")
    answers = page.locator(".answer")
    expect(answers).to_have_count(5)
    for i, said in enumerate(("Finished", "88.40", "matters most", "of training", "Download")):
        expect(answers.nth(i)).to_contain_text(said)
        expect(answers.nth(i)).to_be_in_viewport(ratio=0.999)


def test_the_first_view_is_small_and_does_not_shift(visitor: Any) -> None:
    page = visitor.context.new_page()
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(visitor.url + PAGES["succeeded"])
    expect(page.locator("[aria-busy], .loading")).to_have_count(0)
    sizes = page.locator("html").evaluate(
        "() => performance.getEntries().map((entry) => entry.transferSize ?? 0)"
    )
    assert 0 < sum(sizes) < FIRST_VIEW_BYTES
    assert page.evaluate(SHIFT) < MOST_SHIFT
