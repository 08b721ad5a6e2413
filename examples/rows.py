"""How files of packages become rows: columns, and what keeps rows together.

Rows whose second parts are equal fall into one split.
"""

from __future__ import annotations

import csv
import email
import html
import io
import json
import random
import re
from collections.abc import Iterator, Sequence
from email.message import Message
from typing import Any

from examples.commands import commands
from examples.splitting import SHARES, split_of

Row = tuple[dict[str, Any], str]
PAIRS = 4000
"""Pairs of commands."""
TAGS = re.compile(r"(?s)<(?:script|style).*?</(?:script|style)>|<[^>]*>")


def questions(lines: io.TextIOBase) -> Iterator[Row]:
    """Yield questions with the coarse kind of their answer."""
    for line in lines:
        fine, _, question = line.strip().partition(" ")
        if question:
            yield {"text": question, "label": fine.partition(":")[0]}, question.lower()


def fine_questions(lines: io.TextIOBase) -> Iterator[Row]:
    """Yield questions with the fine kind of their answer."""
    for line in lines:
        fine, _, question = line.strip().partition(" ")
        if question:
            yield {"text": question, "label": fine}, question.lower()


def messages(lines: io.TextIOBase) -> Iterator[Row]:
    """Yield short messages: spam or ham."""
    for row in csv.DictReader(lines):
        label = "spam" if row["spam"] == "1" else "ham"
        yield {"text": row["text"], "label": label}, row["text"].lower()


def quotes(lines: io.TextIOBase) -> Iterator[Row]:
    """Yield critics' quotes, those of a film together."""
    for row in csv.DictReader(lines):
        if row["category"] in ("fresh", "rotten"):  # the rest are plots
            yield {"text": row["text"], "label": row["category"]}, row["movie_name"]


def ratings(lines: io.TextIOBase) -> Iterator[Row]:
    """Yield sentences with the mean of their ratings, those of one source together."""
    next(lines)
    for line in lines:
        name, mean, text = line.rstrip("\n").split("\t", 2)
        source, part, _ = name.partition("_")
        key = source if part else text.lower()
        yield {"text": html.unescape(text), "label": round(float(mean), 4)}, key


def levels(lines: io.TextIOBase) -> Iterator[Row]:
    """Yield the same with whole ratings."""
    for cells, key in ratings(lines):
        yield cells | {"label": float(round(cells["label"]))}, key


def slots(lines: io.TextIOBase) -> Iterator[Row]:
    """Yield commands as words, with the slot of each."""
    for _, words, tags in commands(lines.read()):
        yield {"text": words, "label": tags}, " ".join(words).lower()


def intents(lines: io.TextIOBase) -> Iterator[Row]:
    """Yield commands with what they ask for."""
    for intent, words, _ in commands(lines.read()):
        text = " ".join(words)
        yield {"text": text, "label": intent}, text.lower()


def same_intent(lines: io.TextIOBase) -> Iterator[Row]:
    """Yield pairs of commands, both of one split; about half of them ask for the same."""
    rng = random.Random(0)
    sides: dict[str, dict[str, list[str]]] = {}
    for intent, words, _ in commands(lines.read()):
        text = " ".join(words)
        sides.setdefault(split_of(text.lower()), {}).setdefault(intent, []).append(text)
    for side, texts in sorted(sides.items()):
        known = sorted(intent for intent, own in texts.items() if len(own) > 1)
        for _ in range(round(PAIRS * SHARES[side])):
            mine, other = rng.sample(known, 2)
            same = rng.random() < 0.5
            one, two = (
                rng.sample(texts[mine], 2)
                if same
                else (rng.choice(texts[mine]), rng.choice(texts[other]))
            )
            label = "same" if same else "different"
            yield {"text": one, "text_pair": two, "label": label, "split": side}, ""


def categories(lines: io.TextIOBase) -> Iterator[Row]:
    """Yield documents of an Orange table with their category."""
    reader = csv.reader(lines, delimiter="\t")
    for _ in range(3):  # names, types, roles
        next(reader)
    for row in reader:
        if len(row) == 2:
            label, text = row
            yield {"text": text, "label": label}, text


def entities(lines: io.TextIOBase) -> Iterator[Row]:
    """Yield sentences as words with the entity of each, BIO; a blank line ends a sentence."""
    words: list[str] = []
    tags: list[str] = []
    for line in (*lines, ""):
        if line.strip():
            word, tag = line.rstrip("\n").split("\t")[:2]
            words.append(word)
            tags.append(tag.strip())
        elif words:
            yield {"text": words, "label": tags}, " ".join(words).lower()
            words, tags = [], []


def article(lines: io.TextIOBase) -> Iterator[Row]:
    """Yield the whole file."""
    text = lines.read()
    yield {"text": text}, text.lower()


def paragraphs(lines: io.TextIOBase) -> Iterator[Row]:
    """Yield the paragraphs of a page; those of one number, in whatever language, together."""
    found: Sequence[str] = re.findall(r"(?s)<(?:p|li)>(.*?)</(?:p|li)>", lines.read())
    for i, paragraph in enumerate(found):
        text = html.unescape(TAGS.sub(" ", paragraph))
        if len(text.split()) >= 4:
            yield {"text": text}, f"paragraph {i}"


def mail(lines: io.TextIOBase) -> Iterator[Row]:
    """Yield subject and body of a message, without its other headers."""
    message = email.message_from_string(json.load(lines)["text"])
    parts = [p for p in message.walk() if p.get_content_maintype() == "text"] or [message]
    text = " ".join([str(message.get("Subject", "")), *map(_body, parts)])
    yield {"text": text.encode("utf-8", "replace").decode()}, text.lower()


def _body(part: Message) -> str:
    content = part.get_payload(decode=True)
    said = content.decode("latin-1") if isinstance(content, bytes) else str(part.get_payload())
    return html.unescape(TAGS.sub(" ", said))
