"""Which split a row belongs to: by the hash of what keeps it together with others."""

from __future__ import annotations

import hashlib

SHARES = {"train": 0.8, "dev": 0.1, "test": 0.1}


def share_of(key: str) -> float:
    """Return a number in [0, 1) that depends on the key alone."""
    return int(hashlib.sha256(key.encode()).hexdigest()[:8], 16) / 2**32


def split_of(key: str) -> str:
    """Return the split of a key."""
    share = share_of(key)
    return "test" if share < SHARES["test"] else "dev" if share < 0.2 else "train"
