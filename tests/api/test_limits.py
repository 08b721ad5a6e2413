from __future__ import annotations

import time

import pytest

from api import limits
from api.limits import BURST_S, Limits
from autodistill.errors import TooManyRequests


def test_a_bucket_refills_with_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    found, granted = Limits(2.0), 0
    for tick in range(400):  # 40 s of ten requests a second
        now = 100.0 + tick / 10
        try:
            found.take("a")
        except TooManyRequests:
            continue
        granted += 1
    assert granted == pytest.approx(2 * BURST_S + 2 * 40, abs=2)
    found.take("b")


def test_full_buckets_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    monkeypatch.setattr(limits, "MAX_BUCKETS", 10)
    found = Limits(1.0)
    for i in range(100):
        now = i * 2.0
        found.take(f"{i}")
    assert len(found._full_at) <= 11


def test_no_rate_is_no_limit() -> None:
    found = Limits(0.0)
    for _ in range(1000):
        found.take("a")
