"""Heavy modules on first use: `from autodistill.lazy import torch` costs nothing until touched."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import optuna as optuna
    import ot as ot
    import pandas as pandas
    import pyarrow as pyarrow
    import torch as torch
    import transformers as transformers
    from pyarrow import csv as csv
    from pyarrow import parquet as parquet
    from scipy import special as special
else:

    class _Lazy(ModuleType):
        """Stands in for a module and imports it when an attribute is first asked for."""

        def __getattr__(self, name: str) -> Any:
            if name.startswith("__"):  # introspection must not trigger the import
                raise AttributeError(name)
            return getattr(importlib.import_module(self.__name__), name)

    csv = _Lazy("pyarrow.csv")
    optuna = _Lazy("optuna")
    ot = _Lazy("ot")
    pandas = _Lazy("pandas")
    parquet = _Lazy("pyarrow.parquet")
    pyarrow = _Lazy("pyarrow")
    special = _Lazy("scipy.special")
    torch = _Lazy("torch")
    transformers = _Lazy("transformers")
