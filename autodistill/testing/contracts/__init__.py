"""What every component promises, as test classes to inherit from: one module for each family.

A new loss is checked like this, in `tests/losses/test_huber.py`::

    class TestHuber(LossContract):
        @pytest.fixture
        def variant(self) -> type[Loss]:
            return Huber

A component in a folder of this package needs no such class: each family's suite runs on every
variant that its folder holds.
"""

from __future__ import annotations

import pkgutil

import pytest

for _module in pkgutil.iter_modules(__path__):
    pytest.register_assert_rewrite(f"{__name__}.{_module.name}")
