"""The first view of a job's overview in headless Chromium: bytes, time to be usable, layout shift.

python -m benchmarks.first_view FOLDER      (a folder of benchmarks.large_store)
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from benchmarks.large_store import JOB
from benchmarks.serving import served

ROUNDS = 7
CHROMIUM = "/usr/bin/chromium-headless-shell"
BYTES = "() => performance.getEntries().reduce((sum, e) => sum + (e.transferSize ?? 0), 0)"
SHIFT = """() => new Promise((resolve) => {
  let sum = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) sum += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
  requestAnimationFrame(() => requestAnimationFrame(() => resolve(sum)));
})"""


def look(browser: Browser, address: str) -> tuple[float, float, float]:
    """Return (seconds until nothing is busy, bytes transferred, layout shift) of a fresh visit."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    began = time.perf_counter()
    page.goto(address)
    page.locator("#tiles:not([aria-busy])").wait_for()
    page.locator("#history figure").wait_for()
    seconds = time.perf_counter() - began
    found = seconds, float(page.evaluate(BYTES)), float(page.evaluate(SHIFT))
    context.close()
    return found


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("folder", type=Path)
    given = asked.parse_args()
    with served(given.folder) as (url, _), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        first, *rest = [look(browser, f"{url}/jobs/{JOB}") for _ in range(ROUNDS)]
        browser.close()
    print(f"after a start of the API: usable after {first[0]:.2f} s")
    usable, size, shift = (statistics.median(column) for column in zip(*rest, strict=True))
    print(f"usable after {usable:.2f} s (bar 2), {size / 1000:.0f} kB (bar 500), shift {shift:.3f}")


if __name__ == "__main__":
    main()
