"""What every store promises, whatever database is below it: `store.StoreContract`."""

from __future__ import annotations

import pkgutil

import pytest

for _module in pkgutil.iter_modules(__path__):
    pytest.register_assert_rewrite(f"{__name__}.{_module.name}")
