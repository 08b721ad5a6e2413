"""What datasets are compared by: cheap numbers from train and dev, never from test."""

from __future__ import annotations

import io
import re
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autodistill.data.table import Split
from autodistill.task import Task

MAX_ROWS = 2000
"""Examples that the dearer features look at."""
MAX_CHARACTERS = 5000
"""Of a text that they read; more than a student reads."""
HASHES = 2**18
THUMBNAIL = 8
"""Rows and columns of an image that they look at."""
RIDGE = 1.0
WORD = re.compile(r"[^\W\u3040-\u30ff\u3400-\u9fff]+|[\u3040-\u30ff\u3400-\u9fff]")
"""A run of letters and digits, or one sign of a script that puts no spaces between words."""


def meta_features(train: Split, dev: Split, task: Task) -> dict[str, float]:
    """Return the features by name; none is missing and none is NaN.

    Landmarks are what simple models reach on dev: a linear model of hashed word n-grams, the
    nearest neighbour in the same space, and the majority class (or the mean). Gaps between them say
    more about a dataset than their levels.
    """
    if train.images is not None:
        return _of_images(train, dev)
    few, check = _sample(train), _sample(dev)
    lengths, seen = _words(few)
    _, unseen = _words(check)
    if task.tags_words:
        few, check = _in_context(few), _in_context(check)
    found = {
        "log_train": float(np.log(len(train))),
        "classification": float(task.is_classification),
        "pair": float(train.pairs is not None),
        "mean_words": float(lengths.mean()),
        "p95_words": float(np.percentile(lengths, 95)),
        "type_token_ratio": len(seen) / max(1, seen.total()),
        "unseen_words": sum(n for word, n in unseen.items() if word not in seen)
        / max(1, unseen.total()),
        **_of_repeats(train),
    }
    found |= _of_classes(train.labels) if task.is_classification else _of_values(train.labels)
    return found | _landmarks(few.labels, check.labels, *_alike_texts(few, check), task)


def _of_images(train: Split, dev: Split) -> dict[str, float]:
    """Return the same features of images; those of words are 0."""
    chosen = [np.random.default_rng(0).permutation(len(x))[:MAX_ROWS] for x in (train, dev)]
    few, check = train.some(chosen[0]), dev.some(chosen[1])
    few_NH, check_MH = _thumbnails(few), _thumbnails(check)
    mean_H = few_NH.mean(axis=0)
    few_NH, check_MH = _unit(few_NH - mean_H), _unit(check_MH - mean_H)
    words = ("pair", "mean_words", "p95_words", "type_token_ratio", "unseen_words")
    task = Task.IMAGE_CLASSIFICATION
    return {
        "log_train": float(np.log(len(train))),
        "classification": 1.0,
        **dict.fromkeys(words, 0.0),
        **_of_repeats(train),
        **_of_classes(train.labels),
        **_landmarks(few.labels, check.labels, few_NH @ few_NH.T, check_MH @ few_NH.T, task),
    }


def _thumbnails(split: Split) -> NDArray[np.float64]:
    """Return each image as 64 grey values."""
    from PIL import Image  # noqa: PLC0415  # with images only

    found = np.empty((len(split), THUMBNAIL**2))
    for i, content in enumerate(split.images or ()):
        with Image.open(io.BytesIO(content)) as image:
            found[i] = np.asarray(image.convert("L").resize((THUMBNAIL, THUMBNAIL))).ravel()
    return found


def _unit(rows_NH: NDArray[np.float64]) -> NDArray[np.float64]:
    length_N1: NDArray[np.float64] = np.linalg.norm(rows_NH, axis=1, keepdims=True)
    scaled: NDArray[np.float64] = rows_NH / length_N1.clip(1e-12)
    return scaled


def _sample(split: Split) -> Split:
    """Return a fixed random choice of examples, their texts cut; files are often sorted."""
    chosen = np.sort(np.random.default_rng(0).permutation(len(split))[:MAX_ROWS])
    few = split.some(chosen)
    pairs = None if few.pairs is None else [text[:MAX_CHARACTERS] for text in few.pairs]
    return replace(few, texts=[text[:MAX_CHARACTERS] for text in few.texts], pairs=pairs)


def _in_context(split: Split) -> Split:
    """Return some tagged words as texts: the word, its end and beginning, and its neighbours."""
    texts = []
    for words in split.words:
        around = ["", *words, ""]
        texts += [
            f"{word} start_{word[:1]} end_{word[-2:]} before_{before} after_{after}"
            for before, word, after in zip(around, words, around[2:], strict=False)
        ]
    return _sample(Split(texts, None, split.labels))


def _words(split: Split) -> tuple[NDArray[np.int64], Counter[str]]:
    """Return the number of words of each example, and how often each word occurs."""
    lengths, counts = [], Counter[str]()
    for text in _joined(split):
        words = _cut(text)
        lengths.append(len(words))
        counts.update(words)
    return np.array(lengths), counts


def _cut(text: str) -> list[str]:
    return WORD.findall(text.lower())


def _of_repeats(train: Split) -> dict[str, float]:
    """Return how many examples repeat another, and how many of all contradict one."""
    texts: list[Any] = train.images or _joined(train)
    labels: dict[str, set[Any]] = {}
    of_example: list[Any] = train.labels.tolist()
    if train.offsets is not None:
        of_example = [tuple(of_example[a:b]) for a, b in pairwise(train.offsets.tolist())]
    for text, label in zip(texts, of_example, strict=True):
        labels.setdefault(text, set()).add(label)
    conflicting = sum(len(labels[text]) > 1 for text in texts)
    return {
        "duplicate_share": 1 - len(labels) / len(texts),
        "conflict_share": conflicting / len(texts),
    }


def _of_classes(labels: NDArray[np.int64]) -> dict[str, float]:
    share = np.bincount(labels) / len(labels)
    share = share[share > 0]
    entropy = float(-(share * np.log(share)).sum() / np.log(max(2, len(share))))
    return {
        "log_outputs": float(np.log(len(share))),
        "label_entropy": entropy,
        "minority_share": float(share.min()),
        "skew": 0.0,
        "num_levels": float(len(share)),
    }


def _of_values(labels: NDArray[np.float64]) -> dict[str, float]:
    spread = float(labels.std())
    skew = float((((labels - labels.mean()) / spread) ** 3).mean()) if spread else 0.0
    levels = float(len(np.unique(labels)))
    found = {"log_outputs": 0.0, "label_entropy": 1.0, "minority_share": 0.0, "skew": skew}
    return found | {"num_levels": levels}


def _alike_texts(few: Split, check: Split) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the inner products of hashed word n-grams: among `few`, and of `check` with them."""
    from sklearn.feature_extraction.text import HashingVectorizer  # noqa: PLC0415  # heavy

    hashing = HashingVectorizer(
        n_features=HASHES, ngram_range=(1, 2), tokenizer=_cut, token_pattern=None, lowercase=False
    )
    few_NH, check_MH = hashing.transform(_joined(few)), hashing.transform(_joined(check))
    return (few_NH @ few_NH.T).toarray(), (check_MH @ few_NH.T).toarray()


def _landmarks(
    few_N: NDArray[Any],
    check_M: NDArray[Any],
    alike_NN: NDArray[np.float64],
    alike_MN: NDArray[np.float64],
    task: Task,
) -> dict[str, float]:
    """Fit ridge and nearest neighbour from inner products alone: two small dense matrices."""
    nearest = few_N[alike_MN.argmax(axis=1)]
    classes = np.unique(few_N)
    # Values are scaled, so that huge ones do not overflow.
    target_NC = (
        (few_N[:, None] == classes).astype(float)
        if task.is_classification
        else few_N[:, None] / max(1.0, float(np.abs(few_N).max()))
    )
    mean_C = target_NC.mean(axis=0)
    alike_NN[np.diag_indices_from(alike_NN)] += RIDGE
    guess_MC = alike_MN @ np.linalg.solve(alike_NN, target_NC - mean_C) + mean_C
    if task.is_classification:
        majority = float((check_M == classes[mean_C.argmax()]).mean())
        linear = float((check_M == classes[guess_MC.argmax(axis=1)]).mean())
        neighbour = float((check_M == nearest).mean())
    else:
        majority = 0.0
        linear = _correlation(guess_MC[:, 0], check_M)
        neighbour = _correlation(nearest, check_M)
    return {
        "majority": majority,
        "linear_gain": linear - majority,
        "neighbour_gap": neighbour - linear,
    }


def _correlation(guesses: NDArray[np.float64], labels: NDArray[np.float64]) -> float:
    """Return Pearson's r, 0 where either side does not vary."""
    a, b = guesses - guesses.mean(), labels - labels.mean()
    spread = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / spread if np.ptp(guesses) and spread else 0.0


def _joined(split: Split) -> list[str]:
    if split.offsets is not None:
        return [" ".join(words) for words in split.words]
    if split.pairs is None:
        return split.texts
    return [f"{a} {b}" for a, b in zip(split.texts, split.pairs, strict=True)]
