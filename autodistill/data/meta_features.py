"""What datasets are compared by: cheap numbers from train and dev, never from test."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autodistill.data.table import Split
from autodistill.task import Task

MAX_ROWS = 2000
"""Examples that the dearer features look at."""
HASHES = 2**18


def meta_features(train: Split, dev: Split, task: Task) -> dict[str, float]:
    """Return the features by name; none is missing and none is NaN.

    Landmarks are what simple models reach on dev: hashed word n-grams with a linear model, the
    nearest neighbour in the same space, and the majority class (or the mean). Gaps between them say
    more about a dataset than their levels.
    """
    some = np.random.default_rng(0).permutation(len(train))[:MAX_ROWS]
    few, check = train.some(np.sort(some)), dev.some(np.arange(min(len(dev), MAX_ROWS)))
    words = [re.findall(r"\w+", text.lower()) for text in _joined(few)]
    lengths = np.array([len(w) for w in words])
    vocabulary = {w for row in words for w in row}
    found = {
        "log_train": float(np.log(len(train))),
        "classification": float(task.is_classification),
        "pair": float(train.pairs is not None),
        "mean_words": float(lengths.mean()),
        "p95_words": float(np.percentile(lengths, 95)),
        "type_token_ratio": len(vocabulary) / max(1, int(lengths.sum())),
        "duplicate_share": 1 - len(set(train.texts)) / len(train),
    }
    found |= _of_classes(few.labels) if task.is_classification else _of_values(few.labels)
    return found | _landmarks(few, check, task)


def _of_classes(labels: NDArray[Any]) -> dict[str, float]:
    share = np.bincount(labels.astype(int)) / len(labels)
    share = share[share > 0]
    entropy = float(-(share * np.log(share)).sum() / np.log(max(2, len(share))))
    return {
        "log_outputs": float(np.log(len(share))),
        "label_entropy": entropy,
        "minority_share": float(share.min()),
        "skew": 0.0,
    }


def _of_values(labels: NDArray[Any]) -> dict[str, float]:
    centred = (labels - labels.mean()) / max(float(labels.std()), 1e-12)
    skew = float((centred**3).mean())
    return {"log_outputs": 0.0, "label_entropy": 1.0, "minority_share": 0.0, "skew": skew}


def _landmarks(few: Split, check: Split, task: Task) -> dict[str, float]:
    from sklearn.feature_extraction.text import HashingVectorizer  # noqa: PLC0415  # heavy
    from sklearn.linear_model import Ridge, RidgeClassifier  # noqa: PLC0415
    from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor  # noqa: PLC0415

    hashing = HashingVectorizer(n_features=HASHES, ngram_range=(1, 2))
    seen, unseen = hashing.transform(_joined(few)), hashing.transform(_joined(check))
    if task.is_classification:
        models = (RidgeClassifier(), KNeighborsClassifier(1))
        majority = np.bincount(few.labels.astype(int)).argmax()
        floor = float((check.labels == majority).mean())
    else:
        models = (Ridge(), KNeighborsRegressor(1))
        floor = 0.0
    scores = [
        _score(model.fit(seen, few.labels).predict(unseen), check.labels, task) for model in models
    ]
    return {
        "majority": floor,
        "linear_gain": scores[0] - floor,
        "neighbour_gap": scores[1] - scores[0],
    }


def _score(guesses: NDArray[Any], labels: NDArray[Any], task: Task) -> float:
    if task.is_classification:
        return float((guesses == labels).mean())
    spread = guesses.std() * labels.std()
    return (
        float(np.mean((guesses - guesses.mean()) * (labels - labels.mean())) / spread)
        if spread
        else 0.0
    )


def _joined(split: Split) -> list[str]:
    if split.pairs is None:
        return split.texts
    return [f"{a} {b}" for a, b in zip(split.texts, split.pairs, strict=True)]
