"""A newcomer's whole way through the dashboard, beside a real job that runs meanwhile.

Teacher and trials are trained for real, in a thread of the test; what Ray does is tested elsewhere.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Page, expect

from api.main import create_app
from api.settings import Settings
from autodistill.store import Store
from autodistill.testing.tiny import tiny_dataset, tiny_encoder
from workers.claim import Driver
from workers.inline import run_inline

pytestmark = pytest.mark.e2e
PATIENT = 120_000
"""Milliseconds: what is waited for is the end of a real job."""


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    """A folder with a dataset that can be learnt, and an encoder."""
    folder = tmp_path / "inputs"
    folder.mkdir()
    tiny_dataset(folder, num_train=64, num_held_out=32)
    tiny_encoder(folder / "encoder")
    return folder


@pytest.fixture
def address(tmp_path: Path, inputs: Path) -> Iterator[str]:
    """Where an empty service is, whose one worker has one slot."""
    settings = Settings(data_root=tmp_path / "data", allowed_roots=(inputs,))
    config = uvicorn.Config(
        create_app(settings), port=0, log_level="error", ws="none", timeout_graceful_shutdown=2
    )
    server, leaving = uvicorn.Server(config), threading.Event()
    serving = threading.Thread(target=server.run)
    working = threading.Thread(target=work, args=(settings, leaving))
    serving.start()
    working.start()
    while not server.started:
        leaving.wait(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    leaving.set()
    working.join()
    server.should_exit = True
    serving.join()


def work(settings: Settings, leaving: threading.Event) -> None:
    """Drive whatever job waits, one after the other."""
    store = Store(settings.database)
    while not leaving.wait(0.1):
        with store.write() as tx:
            if (job := tx.leases.claim("a worker", 3600)) is not None:
                tx.leases.grant(job.id, job.owner_epoch, 1)
        if job is not None:
            driver = Driver(store, settings.root, job, draining=leaving, lost=threading.Event())
            driver.drive(run_inline)
    store.close()


def test_a_newcomer_gets_a_student_through_the_dashboard_alone(
    visiting: Any, address: str, inputs: Path, tmp_path: Path
) -> None:
    visitor = visiting(address)
    expect(visitor.open("/").locator("#jobs")).to_contain_text("No jobs yet")
    _register(visitor, inputs)
    page = visitor.open("/jobs/new")
    _fill(page)
    visitor.look(page, "real-new")
    page.get_by_role("button", name="Start job").click()
    page.wait_for_url("**/jobs/job_*")
    job = page.url.rpartition("/")[2]
    _watch(visitor, page)
    expect(page.locator("#state")).to_have_text("Succeeded", timeout=PATIENT)
    expect(page.locator(".answer", has_text="What next?")).to_contain_text("has learnt")
    visitor.look(page, "real-succeeded")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download student").click()
    download.value.save_as(tmp_path / "student.zip")
    assert (tmp_path / "student.zip").read_bytes()[:2] == b"PK"
    for name in ("trials", "why", "timeline", "trials/0"):
        visitor.look(visitor.open(f"/jobs/{job}/{name}"), f"real-{name.replace('/', '-')}")
    _compare(visitor, job)
    report = visitor.open(f"/v1/jobs/{job}/report")
    expect(report.locator(".answer")).to_have_count(5)
    visitor.look(report, "real-report")
    for name in (
        "recommend?dataset=topics&teacher=tiny",
        "history",
        "system",
        "datasets",
        "models",
        "",
    ):
        visitor.look(visitor.open(f"/{name}"), f"real-{name.partition('?')[0] or 'jobs'}")
    _take_up_again(visitor, job)
    _try_out(visitor)


def _register(visitor: Any, inputs: Path) -> None:
    page = visitor.open("/datasets")
    page.get_by_label("Name").fill("topics")
    page.get_by_label("File").set_input_files(inputs / "examples.parquet")
    page.get_by_label("Split column").fill("split")
    page.get_by_role("button", name="Upload").click()
    expect(page.locator("#list")).to_contain_text("topics")
    page = visitor.open("/models")
    page.get_by_label("Name").fill("tiny")
    page.get_by_label("Path").fill(str(inputs / "encoder"))
    page.get_by_role("button", name="Register").click()
    expect(page.locator("#list")).to_contain_text("tiny")


def _fill(page: Page) -> None:
    """Ask for a job of ten trials."""
    expect(page.get_by_label("Preparation")).to_have_value("fine_tuned")
    page.locator("[name$='training.learning_rate']:visible").fill("0.005")
    page.get_by_label("Number of trials").fill("10")
    page.get_by_label("Max epochs").fill("3")
    page.get_by_text("Search, seeds and limits", exact=True).click()
    page.get_by_label("Confirmation seeds").fill("1")
    expect(page.locator("#verdict")).to_contain_text("10 trials of at most 3 epochs")
    expect(page.locator("#verdict .warn")).to_contain_text("optimiser steps")
    expect(page.locator("#verdict")).to_contain_text("Ready to start.")


def _watch(visitor: Any, page: Page) -> None:
    """See the job live, without reloading; pause and resume it meanwhile."""
    expect(page.locator("#live")).to_have_text("● live")
    expect(page.locator("#state")).to_have_text("Searching", timeout=PATIENT)
    expect(page.locator("#activity")).to_contain_text("Trial 0, epoch 1", timeout=PATIENT)
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#state")).to_have_text("Paused", timeout=PATIENT)
    visitor.look(page, "real-paused")
    page.get_by_role("button", name="Resume").click()
    expect(page.locator("#state")).to_have_text("Searching", timeout=PATIENT)
    expect(page.locator("#curves figure")).to_be_visible()
    visitor.look(page, "real-searching")


def _compare(visitor: Any, job: str) -> None:
    page = visitor.open(f"/jobs/{job}/trials")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert len(Path(download.value.path()).read_text().splitlines()) > 10
    for number in (0, 1):
        page.get_by_label(f"Compare trial {number}", exact=True).check()
    page.get_by_role("link", name="Compare them").click()
    expect(page.locator("#curves figure")).to_be_visible()
    visitor.look(page, "real-compare")


def _take_up_again(visitor: Any, job: str) -> None:
    """Clone the job and cancel the clone; extend the job by a trial, and see it run."""
    page = visitor.open(f"/jobs/{job}")
    page.get_by_role("link", name="Clone").click()
    expect(page.locator("#verdict")).to_contain_text("Ready to start.")
    expect(page.get_by_label("Number of trials")).to_have_value("10")
    page.get_by_role("button", name="Start job").click()
    page.wait_for_url("**/jobs/job_*")
    _cancel(page)
    page = visitor.open(f"/jobs/{job}")
    page.get_by_role("button", name="Extend").click()
    page.get_by_label("Trials in all").fill("11")
    page.get_by_role("dialog").get_by_role("button", name="Extend").click()
    expect(page.locator(".tile", has_text="of 11")).to_contain_text("11 of 11", timeout=PATIENT)


def _try_out(visitor: Any) -> None:
    """Spend short trials for a better answer, and come back to it."""
    page = visitor.open("/recommend?dataset=topics&teacher=tiny&student=cut-1&k=2")
    page.get_by_role("button", name=re.compile(r"Run \d short trials")).click()
    page.wait_for_url("**/jobs/job_*")
    expect(page.locator("#state")).to_have_text("Succeeded", timeout=PATIENT)
    visitor.look(page, "real-tryout")
    expect(page.locator(".answer", has_text="What next?")).to_contain_text("short trials")
    job = page.url
    page.get_by_role("link", name="Clone").click()
    expect(page.locator("#verdict")).to_contain_text("Ready to start.")
    page.get_by_text("Request as JSON", exact=True).click()
    expect(page.locator("#request")).to_contain_text('"tryout": true')
    page.goto(job)
    page.get_by_role("link", name="what is recommended").click()
    expect(page.locator("#advice")).to_contain_text("In a short trial on this dataset it reached")
    visitor.look(page, "real-tried-out")


def _cancel(page: Page) -> None:
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Cancel job", exact=True).click()
    expect(page.locator("#state")).to_have_text("Cancelled", timeout=PATIENT)
