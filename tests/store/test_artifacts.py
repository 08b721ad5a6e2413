from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from autodistill.store import ArtifactFolder


@pytest.fixture
def folder(tmp_path: Path) -> ArtifactFolder:
    return ArtifactFolder(tmp_path / "artifacts")


def test_a_file_lies_under_its_hash(folder: ArtifactFolder, tmp_path: Path) -> None:
    source = tmp_path / "student.zip"
    source.write_bytes(b"weights")
    sha256 = folder.put(source)
    assert sha256 == hashlib.sha256(b"weights").hexdigest()
    assert folder.path(sha256) == tmp_path / "artifacts" / sha256[:2] / sha256
    assert folder.path(sha256).read_bytes() == source.read_bytes() == b"weights"


def test_the_same_content_is_kept_once(folder: ArtifactFolder, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).write_bytes(b"same")
    assert folder.put(tmp_path / "one") == folder.put(tmp_path / "two")
    assert len([p for p in (tmp_path / "artifacts").rglob("*") if p.is_file()]) == 1


def test_a_copy_that_fails_leaves_nothing(
    folder: ArtifactFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr("os.fsync", full)
    (tmp_path / "file").write_bytes(b"content")
    with pytest.raises(OSError, match="No space left"):
        folder.put(tmp_path / "file")
    assert not [p for p in (tmp_path / "artifacts").rglob("*") if p.is_file()]


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "0" * 63, "G" * 64])
def test_a_path_is_asked_for_by_a_hash(folder: ArtifactFolder, name: str) -> None:
    with pytest.raises(ValueError, match="64 hexadecimal digits"):
        folder.path(name)
