from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from api.dashboard.pages import STATIC
from api.main import create_app
from api.settings import Settings

PAGES = [
    "/",
    "/jobs/new",
    "/jobs/j1",
    "/jobs/j1/trials",
    "/jobs/j1/trials/3",
    "/jobs/j1/why",
    "/jobs/j1/timeline",
    "/jobs/j1/compare",
    "/datasets/d1",
    "/history",
    "/system",
    "/recommend",
    "/datasets",
    "/models",
]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    settings = Settings(data_root=tmp_path_factory.mktemp("root"))
    with TestClient(create_app(settings), "http://127.0.0.1") as client:
        yield client


@pytest.mark.parametrize("path", PAGES)
def test_a_page_carries_nothing_that_its_policy_forbids(client: TestClient, path: str) -> None:
    page = client.get(path)
    assert page.status_code == 200
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert not re.findall(r"<script(?![^>]* src=)", page.text)
    assert not re.findall(r"\sstyle=|\son\w+=", page.text)
    assert not re.findall(r"(?:src|href)=\"(?:https?:)?//", page.text)


@pytest.mark.parametrize("path", PAGES)
def test_whatever_a_page_loads_is_there(client: TestClient, path: str) -> None:
    for asset in re.findall(r'(?:src|href)="(/static/[^"]+)"', client.get(path).text):
        assert client.get(asset).status_code == 200, asset


def test_modules_import_only_modules_that_exist() -> None:
    for module in STATIC.glob("*.js"):
        for name in re.findall(r'from "\./([^"]+)"', module.read_text()):
            assert (STATIC / name).exists(), f"{module.name} imports {name}"


def test_an_id_in_the_address_is_escaped(client: TestClient) -> None:
    page = client.get("/jobs/%22%3E%3Cimg src=x%3E")
    assert page.status_code == 200
    assert "<img src=x>" not in page.text


def test_static_files_are_revalidated_and_not_sent_twice(client: TestClient) -> None:
    first = client.get("/static/style.css")
    again = client.get("/static/style.css", headers={"If-None-Match": first.headers["ETag"]})
    assert first.headers["Cache-Control"] == "no-cache"
    assert again.status_code == 304


def test_the_pages_are_no_part_of_the_api_document(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    assert not [
        path for path in paths if not path.startswith(("/v1/", "/healthz", "/readyz", "/metrics"))
    ]
