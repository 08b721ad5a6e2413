"""What datasets are compared by: cheap numbers from train and dev, never from test."""

from __future__ import annotations

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
RIDGE = 1.0
WORD = re.compile(r"[^\W\u3040-\u30ff\u3400-\u9fff]+|[\u3040-\u30ff\u3400-\u9fff]")
"""A run of letters and digits, or one sign of a script that puts no spaces between words."""


def meta_features(train: Split, dev: Split, task: Task) -> dict[str, float]:
    """Return the features by name; none is missing and none is NaN.

    Landmarks are what simple models reach on dev: a linear model of hashed word n-grams, the
    nearest neighbour in the same space, and the majority class (or the mean). Gaps between them say
    more about a dataset than their levels.
    """
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
    return found | _landmarks(few, check, task)


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
    texts = _joined(train)
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


def _landmarks(few: Split, check: Split, task: Task) -> dict[str, float]:
    """Fit ridge and nearest neighbour from inner products alone: two small dense matrices."""
    from sklearn.feature_extraction.text import HashingVectorizer  # noqa: PLC0415  # heavy

    hashing = HashingVectorizer(
        n_features=HASHES, ngram_range=(1, 2), tokenizer=_cut, token_pattern=None, lowercase=False
    )
    few_NH, check_MH = hashing.transform(_joined(few)), hashing.transform(_joined(check))
    alike_NN = (few_NH @ few_NH.T).toarray()
    alike_MN = (check_MH @ few_NH.T).toarray()
    nearest = few.labels[alike_MN.argmax(axis=1)]
    classes = np.unique(few.labels)
    # Values are scaled, so that huge ones do not overflow.
    target_NC = (
        (few.labels[:, None] == classes).astype(float)
        if task.is_classification
        else few.labels[:, None] / max(1.0, float(np.abs(few.labels).max()))
    )
    mean_C = target_NC.mean(axis=0)
    alike_NN[np.diag_indices_from(alike_NN)] += RIDGE
    guess_MC = alike_MN @ np.linalg.solve(alike_NN, target_NC - mean_C) + mean_C
    if task.is_classification:
        majority = float((check.labels == classes[mean_C.argmax()]).mean())
        linear = float((check.labels == classes[guess_MC.argmax(axis=1)]).mean())
        neighbour = float((check.labels == nearest).mean())
    else:
        majority = 0.0
        linear = _correlation(guess_MC[:, 0], check.labels)
        neighbour = _correlation(nearest, check.labels)
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
